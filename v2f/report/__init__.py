"""What an evaluation measured, kept as results.jsonl and written as Markdown, HTML and the README's table."""

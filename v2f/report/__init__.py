"""What an evaluation found, kept as results.jsonl and written as Markdown, HTML and the README's table."""

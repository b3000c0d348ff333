"""What can be trained: a file for each, which the loop knows only as a `Task`."""

"""What can go wrong for a visitor. A problem's key names its words in texts.py, in each language."""


class Problem(Exception):
    """A failure we expect at the booth; `key` stands for its title and sentence."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

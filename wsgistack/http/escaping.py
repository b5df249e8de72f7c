"""Escapes that keep one line of a log one line, and one field one field."""

__all__ = ["escape_quoted", "escape_word"]

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 256))} | {34: '\\"', 92: "\\\\"}


def escape_quoted(text: str) -> str:
    """Escape a text for a field in quotes, like Apache."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return text.translate(_ESCAPES).encode("ascii", "backslashreplace").decode("ascii")


def escape_word(text: str) -> str:
    """Escape a text for a field without quotes: spaces too."""
    return escape_quoted(text).replace(" ", "\\x20")

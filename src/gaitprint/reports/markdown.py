"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable


def markdown_row(texts: Iterable[str]) -> str:
    r"""Return one line of a Markdown table; a bar within a text does not end its cell.

    >>> markdown_row(["a|b", "c"])
    '| a\\|b | c |'
    """
    escaped = (text.replace("|", "\\|") for text in texts)
    return f"| {' | '.join(escaped)} |"

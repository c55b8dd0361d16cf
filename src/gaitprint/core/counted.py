"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return a number and what it counts, in the singular or the plural.

    Args:
        number: how many.
        one: the word for one.
        several: the word for any other number; None for that of one with an s.

    >>> counted(1, "walk"), counted(0, "walk"), counted(1, "person", "people"), counted(16, "person", "people")
    ('1 walk', '0 walks', '1 person', '16 people')
    """
    return f"{number} {one if number == 1 else several or f'{one}s'}"

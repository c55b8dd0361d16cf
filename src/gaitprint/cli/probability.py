"""How probabilities are printed."""

from __future__ import annotations


def percentage(probability: float | None) -> str:
    """Return a probability in per cent to one digit, never as certain as 0 or 100; a dash for None.

    >>> percentage(0.9731), percentage(0.99999), percentage(1e-9), percentage(None)
    ('97.3 %', '> 99.9 %', '< 0.1 %', '-')
    """
    if probability is None:
        return "-"
    if not 0.001 <= probability <= 0.999:
        return "< 0.1 %" if probability < 0.5 else "> 99.9 %"
    return f"{100 * probability:.1f} %"


def same_person(probability: float) -> str:
    """Say how likely two walks are one person's.

    >>> same_person(0.9731)
    'the same person with a probability of 97.3 %, at even odds beforehand'
    """
    return f"the same person with a probability of {percentage(probability)}, at even odds beforehand"

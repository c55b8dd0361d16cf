"""Types of options that several commands take."""

from __future__ import annotations

from typing import Annotated, Literal

from tyro.conf import arg

# --device: where to compute.
Device = Literal["auto", "cpu", "cuda"]
# --subjects, --conditions, --views and the like: any number of names.
Names = Annotated[tuple[str, ...], arg(metavar="NAME ...")]
# --size: height x width of aligned silhouettes.
Size = Literal["64x64", "64x44", "128x88"]


def parse_size(size: Size) -> tuple[int, int]:
    """Turn ``"64x44"`` into (height, width).

    >>> parse_size("64x44")
    (64, 44)
    """
    height, _, width = size.partition("x")
    return int(height), int(width)

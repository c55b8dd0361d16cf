"""Moving pictures as GIF, which a browser, a page and a README show without a player."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PIL import Image

from gaitprint.core.files import atomic_path


def write_animation(
    pictures: Sequence[Image.Image], path: str | os.PathLike[str], milliseconds: int | list[int]
) -> None:
    """Write pictures as an endless GIF, atomically.

    Args:
        pictures: at least one, all of one size, in colours of a palette (`Image.quantize`).
        path: of the file.
        milliseconds: how long each of them, or every one, is shown; below 20 most browsers show it longer.
    """
    with atomic_path(path) as temporary:
        pictures[0].save(
            temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0
        )

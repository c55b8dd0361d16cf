"""Walks of people who are patterns of blocks: a network that learnt nothing tells them apart."""

import numpy as np

from gaitprint.core.sequence import GaitSequence


def block_walks(
    people: int = 4,
    conditions: tuple[str, ...] = ("nm-01", "nm-02", "nm-03"),
    view: str = "090",
    frames: int = 5,
) -> list[GaitSequence]:
    """A walk of each person in each condition, 64 x 64; each frame turns a twentieth of the person's blocks over."""
    rng = np.random.default_rng(0)
    walks = []
    for person, pattern in enumerate(rng.random((people, 8, 8)) > 0.5):
        for condition in conditions:
            blocks = pattern ^ (rng.random((frames, 8, 8)) < 0.05)
            images = (255 * blocks).astype(np.uint8).repeat(8, axis=1).repeat(8, axis=2)
            walks.append(GaitSequence(f"00{person}", condition, view, 25.0, silhouettes=images))
    return walks

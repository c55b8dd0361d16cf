"""CASIA-B: 124 subjects, 10 walks, 11 views (Yu, Tan, Tan, ICPR 2006)."""

from __future__ import annotations

from typing import ClassVar

from gaitprint.data.datasets.tree import TreeReader


class CasiaBReader(TreeReader):
    """CASIA-B silhouettes, subject/condition/view/*.png, with the field's split: train 001-074, test 075-124.

    Conditions are nm-01..06, bg-01..02, cl-01..02; views 000..180 are the angle in degrees. What is left out, and
    when, is as in the reader `tree`.
    """

    splits: ClassVar[dict[str, tuple[str, ...]]] = {
        "train": tuple(f"{subject:03d}" for subject in range(1, 75)),
        "test": tuple(f"{subject:03d}" for subject in range(75, 125)),
    }

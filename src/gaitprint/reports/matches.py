"""Single probes beside their nearest gallery walks: which to show, and how to picture them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.evaluation.results import Evaluation, Match
from gaitprint.reports.style import INK, MUTED, PAPER, RIGHT, WRONG, wrapped_text

Preview = Callable[[int], NDArray[np.uint8]]


@dataclass(frozen=True)
class Tile:
    """One walk in a strip.

    Args:
        walk: index into the `EmbeddingSet`.
        subject: who walks.
        detail: condition and view.
        score: the distance (or cosine) to the probe; empty for the probe itself.
        correct: whether it is the probe's subject; None for the probe itself.
    """

    walk: int
    subject: str
    detail: str
    score: str = ""
    correct: bool | None = None


def random_matches(evaluation: Evaluation, count: int, seed: int) -> list[Match]:
    """Return up to `count` probes whose nearest walk is of the right subject, drawn from a seed."""
    correct = [match for match in evaluation.matches if match.correct and match.gallery]
    order = np.random.default_rng(seed).permutation(len(correct))[: max(count, 0)]
    return [correct[number] for number in order]


def confident_failures(evaluation: Evaluation, count: int) -> list[Match]:
    """Return up to `count` probes whose nearest walk is of a wrong subject, the smallest distance first."""
    wrong = [match for match in evaluation.matches if not match.correct and match.gallery]
    return sorted(wrong, key=lambda match: (match.distances[0], match.probe))[: max(count, 0)]


def score_text(distance: float, metric: str) -> str:
    """Return a distance as a reader expects it: the cosine itself for the cosine distance.

    >>> score_text(0.07, "cosine"), score_text(12.5, "euclidean"), score_text(-5.25, "normalised-cosine")
    ('cosine 0.930', 'distance 12.50', '+5.2 deviations above strangers')
    """
    if metric == "normalised-cosine":
        return f"{-distance:+.1f} deviations above strangers"
    if metric == "cosine":
        return f"cosine {1 - distance:.3f}"
    return f"distance {distance:.3f}" if distance < 10 else f"distance {distance:.2f}"


def tiles(match: Match, embeddings: EmbeddingSet, metric: str) -> list[Tile]:
    """Return the probe and then its nearest walks, nearest first."""
    subject = str(embeddings.subjects[match.probe])
    row = [_tile(match.probe, embeddings)]
    for walk, distance in zip(match.gallery, match.distances, strict=True):
        same = str(embeddings.subjects[walk]) == subject
        row.append(_tile(walk, embeddings, score_text(distance, metric), same))
    return row


def _tile(walk: int, embeddings: EmbeddingSet, score: str = "", correct: bool | None = None) -> Tile:
    detail = f"{embeddings.conditions[walk]} · {embeddings.views[walk]}"
    return Tile(walk, str(embeddings.subjects[walk]), detail, score, correct)


def match_strip(match: Match, embeddings: EmbeddingSet, previews: Preview, metric: str = "euclidean") -> Figure:
    """Draw a probe and its nearest walks with their distances, right ones framed green, wrong ones red.

    Args:
        match: which walks.
        embeddings: their labels.
        previews: index of a walk -> picture, uint8 [h, w] or RGB [h, w, 3].
        metric: the distance, for the wording of scores.
    """
    row = tiles(match, embeddings, metric)
    pictures = [previews(tile.walk) for tile in row]
    widths = [picture.shape[1] / picture.shape[0] for picture in pictures]
    width = max(1.7 * sum(widths), 1.3 * len(row))
    letters = int(10 * width / len(row))
    titles = [wrapped_text(f"{_sign(tile)} {tile.subject}", letters) for tile in row]
    below = ["\n".join(wrapped_text(text, letters + 4) for text in (tile.detail, tile.score)) for tile in row]
    # Inches for the pictures, and for each line above and below them.
    height = 2.2 + sum(0.17 * (1 + max(text.count("\n") for text in texts)) for texts in (titles, below))
    figure = Figure(figsize=(width, height), layout="constrained", facecolor=PAPER, dpi=120)
    for number, (tile, picture) in enumerate(zip(row, pictures, strict=True), start=1):
        axes = figure.add_subplot(1, len(row), number)
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[])
        colour = MUTED if tile.correct is None else RIGHT if tile.correct else WRONG
        for spine in axes.spines.values():
            spine.set(color=colour, linewidth=2.5)
        axes.set_title(titles[number - 1], fontsize=10, fontweight="bold", color=colour)
        axes.set_xlabel(below[number - 1], fontsize=8, color=INK)
    return figure


def _sign(tile: Tile) -> str:
    return "probe" if tile.correct is None else "✓" if tile.correct else "✗"

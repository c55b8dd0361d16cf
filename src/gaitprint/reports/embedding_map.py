"""A plane map of embeddings (t-SNE), coloured by subject, with a marker for each condition."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.reports.style import INK, MARKERS, MUTED, PAPER, SERIES, add_legend, new_figure, plain_text

_FEWEST_WALKS = 5
# What t-SNE sees of an embedding; more changes the picture little and costs time (van der Maaten & Hinton, 2008).
_PRINCIPAL_COMPONENTS = 50


def choose_walks(embeddings: EmbeddingSet, max_subjects: int, max_walks: int, seed: int) -> NDArray[np.int64]:
    """Return sorted positions of walks of at most `max_subjects` subjects, at most `max_walks`, drawn from a seed.

    Few subjects with many walks each say more than one walk of everybody.
    """
    random = np.random.default_rng(seed)
    subjects = np.unique(embeddings.subjects)
    chosen = random.permutation(subjects)[:max_subjects]
    walks = np.flatnonzero(np.isin(embeddings.subjects, chosen))
    return np.sort(random.permutation(walks)[:max_walks])


def tsne(embeddings: NDArray[np.float32], metric: str, seed: int) -> NDArray[np.float32] | None:
    """Lay embeddings out in the plane by t-SNE (van der Maaten & Hinton, JMLR 2008).

    Args:
        embeddings: float32 [N, P, D]; the parts are laid side by side, so that distances approximate those of the
            evaluation.
        metric: ``cosine`` scales each part to length 1 first, ``standardised-euclidean`` each dimension to standard
            deviation 1; ``normalised-cosine`` leaves out what is known of strangers; everything else stays as it is.
        seed: of the layout.

    Returns:
        float32 [N, 2], or None where there are fewer than five walks or all are the same point.
    """
    if len(embeddings) < _FEWEST_WALKS:
        return None
    # Imported here: scikit-learn takes a second, and most reports do without this picture.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if metric == "normalised-cosine":
        embeddings = embeddings[..., :-2]
    if metric in ("cosine", "standardised-euclidean"):
        along_parts = metric == "cosine"
        sizes = np.linalg.norm(embeddings, axis=-1, keepdims=True) if along_parts else embeddings.std(axis=0)
        embeddings = (embeddings / np.where(sizes == 0, 1, sizes)).astype(np.float32)
    points = embeddings.reshape(len(embeddings), -1)
    if not np.ptp(points, axis=0).any():
        return None
    components = min(_PRINCIPAL_COMPONENTS, len(points), points.shape[1])
    if components < points.shape[1]:
        points = PCA(components, random_state=seed).fit_transform(points)
    perplexity = min(30.0, (len(points) - 1) / 3)
    start = "pca" if points.shape[1] > 1 else "random"
    layout = TSNE(2, perplexity=perplexity, init=start, max_iter=500, random_state=seed)
    plane: NDArray[np.float32] = layout.fit_transform(points).astype(np.float32)
    return plane


def embedding_map(
    embeddings: EmbeddingSet,
    *,
    metric: str = "euclidean",
    max_subjects: int = 20,
    max_walks: int = 800,
    seed: int = 0,
) -> Figure | None:
    """Draw embeddings in the plane; every subject is also named above its walks.

    Args:
        embeddings: the walks.
        metric: the distance that compares them, as `tsne` takes it.
        max_subjects: how many subjects to draw, chosen by `seed`.
        max_walks: how many of their walks to draw.
        seed: of choice and layout.

    Returns:
        the figure, or None where there is too little to lay out.
    """
    drawn = embeddings.select(choose_walks(embeddings, max_subjects, max_walks, seed))
    plane = tsne(drawn.embeddings, metric, seed)
    if plane is None:
        return None
    subjects, subject_of = np.unique(drawn.subjects, return_inverse=True)
    # "nm-01" and "nm-02" are one condition, walked twice.
    groups, group_of = np.unique([name.partition("-")[0] for name in drawn.conditions], return_inverse=True)
    if len(groups) > len(MARKERS):
        groups, group_of = np.array(["walk"]), np.zeros(len(drawn), np.int64)
    figure, axes = new_figure(4.8)
    colours = np.array(SERIES)[subject_of % len(SERIES)]
    for number in range(len(groups)):
        members = group_of == number
        x, y = plane[members].T
        axes.scatter(x, y, s=14, c=colours[members], marker=MARKERS[number], linewidths=0, alpha=0.75, zorder=2)
    for number, subject in enumerate(subjects):
        x, y = plane[subject_of == number].T
        place = (float(np.median(x)), float(np.quantile(y, 0.9)))
        box = {"boxstyle": "round,pad=0.1", "facecolor": PAPER, "alpha": 0.65, "linewidth": 0}
        style: dict[str, Any] = {
            "ha": "center",
            "va": "bottom",
            "fontsize": 7.5,
            "color": INK,
            "zorder": 3,
            "bbox": box,
        }
        axes.annotate(plain_text(subject), place, (0, 4), textcoords="offset points", **style)
    if len(groups) > 1:
        handles = [
            Line2D([], [], marker=MARKERS[n], color=MUTED, linestyle="none", markersize=5, label=plain_text(name))
            for n, name in enumerate(groups)
        ]
        add_legend(axes, handles)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.margins(0.03)
    return figure

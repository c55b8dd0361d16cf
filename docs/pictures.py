"""Draw the pictures of the concepts: `python docs/pictures.py` writes docs/images/concepts/*.svg.

Everything is drawn from synthetic walkers and one seed, so that the same code gives the same files. What recognises
people here is the linear method of `benchmarks/walker_difficulty.py` on gait energy images: principal components, then
linear discriminants, learnt from other people than those who are shown.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from gaitprint.core.files import atomic_path
from gaitprint.core.progress import track
from gaitprint.data.gei import gait_energy_image
from gaitprint.data.silhouettes import align_silhouettes
from gaitprint.evaluation.calibration import Calibration
from gaitprint.synth.camera import VIEWS
from gaitprint.synth.walkers import WalkSpec, render_walk, render_walk_views

_FOLDER = Path(__file__).parent / "images" / "concepts"
_GROUND, _INK = "#fbfbf9", "#1d2b33"
_SAME, _OTHER, _LINE = "#2a8f84", "#c0683a", "#5b4aa0"
_CONDITIONS = {"nm": "normal", "bg": "bag", "cl": "coat"}
# People to learn from, and people to recognise.
_LEARNT, _SHOWN = 24, 24
_GALLERY, _PROBE = "nm-01", "nm-05"
_COMPONENTS = 100
# Share of strangers that may be taken for somebody.
_FPIR = 0.1


@dataclass(frozen=True)
class Embedded:
    """Walks of people whom the linear method did not learn from.

    Args:
        gallery: [people, views, D], one walk each.
        probes: [people, views, D], another walk of the same people.
    """

    gallery: NDArray[np.float32]
    probes: NDArray[np.float32]

    def distances(self) -> NDArray[np.float32]:
        """Euclidean distances [people, views, people, views], probes first."""
        shape = self.probes.shape[:2]
        flat = [values.reshape(-1, values.shape[-1]) for values in (self.probes, self.gallery)]
        squares = ((flat[0][:, None] - flat[1][None]) ** 2).sum(axis=-1)
        distances: NDArray[np.float32] = np.sqrt(squares).reshape(*shape, *shape)
        return distances


def aligned_walk(subject: str, condition: str, view: str) -> NDArray[np.uint8]:
    """Silhouettes of a synthetic walk, uint8 [T, 128, 88]."""
    raw = render_walk(WalkSpec(subject, condition), view).silhouettes
    assert raw is not None
    return align_silhouettes(raw, (128, 88))[0]


def gait_energy_images() -> Figure:
    """A gait cycle and its mean; the means of two people in three conditions."""
    figure = _figure(7.2, 4.4)
    walk = aligned_walk("001", "nm-01", "090")
    for column, frame in enumerate(walk[20:44:3]):
        _image(figure.add_subplot(2, 9, column + 1), frame, "silhouettes of one walk" if column == 0 else "")
    _image(figure.add_subplot(2, 9, 9), gait_energy_image(walk), "their mean")
    for column, (subject, condition) in enumerate((s, c) for s in ("001", "002") for c in ("nm-01", "bg-01", "cl-01")):
        energy = gait_energy_image(aligned_walk(subject, condition, "090"))
        _image(figure.add_subplot(2, 6, column + 7), energy, f"person {subject}\n{_CONDITIONS[condition[:2]]}", 8)
    return figure


def alignment() -> Figure:
    """Raw frames of one walk, far and near, and what alignment makes of them."""
    figure = _figure(7.2, 3.0)
    raw = render_walk(WalkSpec("001", "nm-01"), "018").silhouettes
    assert raw is not None
    for column, index in enumerate((5, len(raw) - 6)):
        frame = raw[index]
        rows = np.flatnonzero(frame.any(axis=1))
        axes = figure.add_subplot(1, 4, 2 * column + 1)
        _image(axes, frame, f"frame {index}: {rows[-1] - rows[0] + 1} rows of {len(frame)}")
        for row in (rows[0], rows[-1]):
            axes.axhline(float(row), color=_OTHER, linewidth=0.8)
        axes = figure.add_subplot(1, 4, 2 * column + 2)
        _image(axes, align_silhouettes(frame[None], (64, 64))[0][0], "aligned: 64 x 64")
        axes.axvline(32, color=_OTHER, linewidth=0.8)
    return figure


def embed_walkers() -> Embedded:
    """Render walkers, learn from some, and embed the others."""
    specs = [WalkSpec(f"{n:03d}", c) for n in range(1, _LEARNT + _SHOWN + 1) for c in (_GALLERY, _PROBE)]
    with ProcessPoolExecutor() as pool:
        images = np.array(
            list(track(pool.map(_view_images, specs), "rendering", total=len(specs)))
        )  # [walks, views, pixels]
    split, views = 2 * _LEARNT, images.shape[1]
    people = np.repeat([spec.subject for spec in specs[:split]], views)
    learnt = images[:split].reshape(split * views, -1)
    principal = PCA(_COMPONENTS, random_state=0).fit(learnt)
    linear = LinearDiscriminantAnalysis().fit(principal.transform(learnt), people)
    flat = images[split:].reshape(-1, images.shape[-1])
    values = linear.transform(principal.transform(flat)).astype(np.float32).reshape(_SHOWN, 2, views, -1)
    return Embedded(values[:, 0], values[:, 1])


def identical_views(embedded: Embedded) -> Figure:
    """Rank-1 of each view of the probe in each view of the gallery."""
    distances = embedded.distances()  # [people, probe views, people, gallery views]
    right = distances.argmin(axis=2) == np.arange(_SHOWN)[:, None, None]  # [people, probe views, gallery views]
    rank1 = 100 * right.mean(axis=0)
    same = np.eye(len(rank1), dtype=bool)
    figure = _figure(6.4, 5.6)
    axes = figure.add_subplot()
    axes.imshow(rank1, cmap="YlGnBu", vmin=0, vmax=200)  # the light half of the colours, under dark figures
    for place in range(len(rank1)):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, fill=False, edgecolor=_OTHER, linewidth=1.5))
    for (row, column), value in np.ndenumerate(rank1):
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8, color=_INK)
    axes.set_xticks(range(len(rank1)), VIEWS, fontsize=8)
    axes.set_yticks(range(len(rank1)), VIEWS, fontsize=8)
    axes.set_xlabel("view of the gallery, degrees")
    axes.set_ylabel("view of the probe, degrees")
    axes.set_title(
        f"rank-1 in %, {_SHOWN} people: {rank1[same].mean():.0f} on the diagonal, {rank1[~same].mean():.0f} off it",
        fontsize=10,
        color=_INK,
    )
    return figure


def open_set(embedded: Embedded) -> Figure:
    """Nearest distances of people who are enrolled and of strangers, and the threshold between them."""
    distances = _neighbouring_views(embedded.distances())  # [people, views, people]
    enrolled = np.arange(_SHOWN // 2)
    nearest = distances[:, :, enrolled].min(axis=2)
    known, strangers = nearest[enrolled].ravel(), nearest[len(enrolled) :].ravel()
    right = (distances[enrolled][:, :, enrolled].argmin(axis=2) == enrolled[:, None]).ravel()
    threshold = float(np.quantile(strangers, _FPIR, method="lower"))
    figure = _figure(7.2, 3.2)
    axes = figure.add_subplot(1, 2, 1)
    _histograms(axes, known, strangers, ("people who are enrolled", "strangers"))
    axes.axvline(threshold, color=_LINE)
    axes.set_xlabel("distance to the nearest person of the gallery")
    axes.set_title(f"threshold of FPIR {_FPIR:.0%}", fontsize=10, color=_LINE)
    axes = figure.add_subplot(1, 2, 2)
    rates = np.linspace(0.01, 1, 100)
    thresholds = np.quantile(strangers, rates, method="lower")
    found = [100 * float((right & (known <= limit)).mean()) for limit in thresholds]
    axes.plot(100 * rates, found, color=_SAME)
    axes.plot(100 * _FPIR, 100 * float((right & (known <= threshold)).mean()), "o", color=_LINE)
    axes.set_xlabel("strangers taken for somebody, % (FPIR)")
    axes.set_ylabel("enrolled people found, % (DIR)")
    axes.set_ylim(0, 102)
    return figure


def calibration(embedded: Embedded) -> Figure:
    """Distances of pairs, the curve through them, and what its probabilities are worth on other people."""
    distances = _neighbouring_views(embedded.distances())
    half = _SHOWN // 2
    (genuine, impostor), (genuine_other, impostor_other) = (
        _pairs(distances[people][:, :, people]) for people in (np.arange(half), np.arange(half, _SHOWN))
    )
    curve = Calibration.fit(genuine, impostor)
    figure = _figure(7.2, 3.2)
    axes = figure.add_subplot(1, 2, 1)
    _histograms(axes, genuine, impostor, ("pairs of one person", "pairs of two"))
    axes.set_xlabel("distance of two walks")
    grid = np.linspace(0, float(impostor.max()), 200)
    twin = axes.twinx()
    twin.plot(grid, curve.probability(grid), color=_LINE)
    twin.set_ylim(0, 1.02)
    twin.set_ylabel("probability", color=_LINE)
    axes = figure.add_subplot(1, 2, 2)
    stated = np.concatenate([curve.probability(genuine_other), curve.probability(impostor_other)])
    is_same = np.r_[np.ones(len(genuine_other)), np.zeros(len(impostor_other))]
    # Both kinds count the same in all, as the curve assumes.
    weights = np.where(is_same == 1, 0.5 / len(genuine_other), 0.5 / len(impostor_other))
    bins = np.minimum((stated * 8).astype(int), 7)
    filled = [b for b in range(8) if weights[bins == b].sum() > 0]
    said = [np.average(stated[bins == b], weights=weights[bins == b]) for b in filled]
    true = [np.average(is_same[bins == b], weights=weights[bins == b]) for b in filled]
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
    axes.plot(said, true, "o-", color=_SAME)
    axes.set_xlabel("probability that was stated")
    axes.set_ylabel("share that was one person")
    axes.set_title("on other people", fontsize=10, color=_INK)
    return figure


def _view_images(spec: WalkSpec) -> NDArray[np.float32]:
    """Gait energy images [views, pixels] of one walk."""
    silhouettes = [walk.silhouettes for walk in render_walk_views(spec)]
    return np.array([gait_energy_image(align_silhouettes(raw)[0]).ravel() for raw in silhouettes if raw is not None])


def _neighbouring_views(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pair each view of a probe with the next of the gallery: [people, views, people, views] -> [.., views - 1, ..]."""
    views = np.arange(distances.shape[1] - 1)
    return distances[:, views, :, views + 1].transpose(1, 0, 2)


def _pairs(distances: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Distances of pairs of one person and of two, from [people, views, people]."""
    same = np.broadcast_to(np.eye(len(distances), dtype=bool)[:, None], distances.shape)
    return distances[same], distances[~same]


def _histograms(axes: Axes, same: NDArray[np.float32], other: NDArray[np.float32], names: tuple[str, str]) -> None:
    edges = np.linspace(0, float(max(same.max(), other.max())), 30).tolist()
    for values, colour, name in ((same, _SAME, names[0]), (other, _OTHER, names[1])):
        axes.hist(values, edges, weights=np.full(len(values), 100 / len(values)), color=colour, alpha=0.6, label=name)
    axes.set_ylabel("%")
    axes.legend(fontsize=8, frameon=False)


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), facecolor=_GROUND, layout="constrained")


def _image(axes: Axes, image: NDArray[np.uint8] | NDArray[np.float32], title: str, size: float = 9) -> None:
    axes.imshow(image, cmap="gray", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=size, color=_INK, loc="left")


def main() -> None:
    """Draw all of them."""
    mpl.rcParams["svg.hashsalt"] = "gaitprint"  # the same names of the same parts each time
    mpl.rcParams["svg.fonttype"] = "none"
    embedded = embed_walkers()
    figures = {
        "gait-energy-image": gait_energy_images(),
        "alignment": alignment(),
        "identical-views": identical_views(embedded),
        "open-set": open_set(embedded),
        "calibration": calibration(embedded),
    }
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        with atomic_path(_FOLDER / f"{name}.svg") as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main()

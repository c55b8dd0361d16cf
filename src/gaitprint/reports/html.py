"""One self-contained HTML page for an evaluation: opens offline, asks no server for anything."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.evaluation.results import ConditionResult, Evaluation, Match
from gaitprint.reports import figures
from gaitprint.reports.attention import describe_joints, joints_figure
from gaitprint.reports.attention_frames import describe_frames, frames_figure
from gaitprint.reports.embedding_map import embedding_map
from gaitprint.reports.matches import Preview, Tile, confident_failures, random_matches, tiles
from gaitprint.reports.style import inline_svg
from gaitprint.reports.summary import (
    TextTable,
    condition_table,
    conditions_with_view_pairs,
    conditions_with_views,
    error_rates,
    facts,
    headline,
    headline_caption,
    notes,
    percent,
    rate_name,
    view_table,
)

if TYPE_CHECKING:
    from gaitprint.evaluation.attention import WalkAttention

# Longest side of a picture in the page; previews above it are shrunk, so that the page stays a few megabytes.
_MAX_PICTURE_PIXELS = 320
# As many subjects and walks as the map of embeddings can show apart, and t-SNE lays out in seconds.
_MAP_SUBJECTS, _MAP_WALKS = 20, 800


@dataclass(frozen=True)
class _Drawing:
    """A figure in the page: its heading, the element, and the words that stand for it."""

    title: str
    svg: Markup
    description: str
    numbers: TextTable | None = None


def render_report(
    evaluation: Evaluation,
    embeddings: EmbeddingSet,
    *,
    card: Mapping[str, object],
    previews: Preview | None = None,
    show_matches: int = 5,
    show_fails: int = 5,
    tsne: bool = False,
    seed: int = 0,
    attention: WalkAttention | None = None,
) -> str:
    """Return the report as one HTML page, usually to be written to ``report.html``.

    Args:
        evaluation: the results.
        embeddings: what was evaluated; `Match` points into it.
        card: what is known of model and data; see `summary.facts` for the keys.
        previews: index of a walk -> picture of it, uint8 [h, w] or RGB [h, w, 3]; None leaves pictures out.
        show_matches: how many correctly identified probes to show, drawn from `seed`.
        show_fails: how many of the most confident failures to show.
        tsne: whether to lay out the embeddings in the plane.
        seed: of everything drawn by chance.
        attention: where the model looked in one of the walks; None leaves the section out.
    """
    pictures = _Pictures(previews)
    matches = pictures.strips(random_matches(evaluation, show_matches, seed), embeddings, evaluation.metric)
    fails = pictures.strips(confident_failures(evaluation, show_fails), embeddings, evaluation.metric)
    map_drawing = _embedding_drawing(embeddings, evaluation.metric, seed) if tsne else None
    environment = Environment(
        loader=PackageLoader("gaitprint.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        evaluation=evaluation,
        model=str(card.get("model", "")),
        headline=headline(evaluation),
        caption=headline_caption(evaluation),
        facts=facts(evaluation, card),
        notes=notes(evaluation),
        conditions=condition_table(evaluation),
        views=view_table(evaluation),
        rates=error_rates(evaluation),
        view_drawings=_view_drawings(evaluation),
        heat_maps=[_heat_map(*numbered) for numbered in enumerate(conditions_with_view_pairs(evaluation))],
        cmc=_cmc_drawing(evaluation),
        error_drawings=_error_drawings(evaluation),
        matches=matches,
        fails=fails,
        failures=sum(not match.correct for match in evaluation.matches),
        asked_for_fails=show_fails > 0 and bool(evaluation.matches),
        wide_pictures=pictures.wide,
        asked_for_map=tsne,
        embedding_map=map_drawing,
        attention_drawings=[] if attention is None else _attention_drawings(attention),
        one_subject=percent(1 / evaluation.subjects) if evaluation.subjects else "",
        attention_walk="" if attention is None else attention.walk,
        has_ranks=any(condition.rank1 is not None for condition in evaluation.conditions),
    )


class _Pictures:
    """Previews as ``data:`` URIs, each asked for once."""

    def __init__(self, previews: Preview | None) -> None:
        self._previews = previews
        self._uris: dict[int, str] = {}
        self.wide = False
        """Whether any picture is much wider than high, as skeleton strips are."""

    def strips(self, chosen: list[Match], embeddings: EmbeddingSet, metric: str) -> list[list[tuple[Tile, str]]]:
        """Return each match as tiles with their pictures; an empty string where there are no pictures."""
        return [[(tile, self._uri(tile.walk)) for tile in tiles(match, embeddings, metric)] for match in chosen]

    def _uri(self, walk: int) -> str:
        if self._previews is None:
            return ""
        if walk not in self._uris:
            picture = self._previews(walk)
            self.wide |= picture.shape[1] > 1.5 * picture.shape[0]
            self._uris[walk] = png_uri(picture)
        return self._uris[walk]


def png_uri(picture: NDArray[np.uint8]) -> str:
    """Return a picture, uint8 [h, w] or RGB [h, w, 3], as a PNG ``data:`` URI, shrunk where it is large."""
    shrink = _MAX_PICTURE_PIXELS / max(picture.shape[:2])
    if shrink < 1:
        size = (max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    pixels = picture[..., ::-1] if picture.ndim == 3 else picture
    _, encoded = cv2.imencode(".png", np.ascontiguousarray(pixels), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return f"data:image/png;base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"


def _drawing(figure: Figure, prefix: str, title: str, description: str, numbers: TextTable | None = None) -> _Drawing:
    # The SVG comes from our own figures, with every label escaped by the XML writer.
    return _Drawing(title, Markup(inline_svg(figure, prefix)), description, numbers)


def _heat_map(number: int, condition: ConditionResult) -> _Drawing:
    table: Any = condition.rank1_by_view_pair
    numbers = TextTable(
        headers=("Probe \\ gallery", *condition.gallery_views),
        rows=tuple(
            (view, *(percent(value) for value in row))
            for view, row in zip(condition.views, table.tolist(), strict=True)
        ),
    )
    description = f"Rank-1 of {condition.name} by probe view and gallery view."
    if np.isfinite(table).any():
        low, high = (np.unravel_index(find(table), table.shape) for find in (np.nanargmin, np.nanargmax))
        description += "".join(
            f" {word} {percent(table[cell])} (probe {condition.views[cell[0]]}, "
            f"gallery {condition.gallery_views[cell[1]]})."
            for word, cell in (("Lowest", low), ("Highest", high))
        )
    return _drawing(figures.rank1_heat_map(condition), f"heat{number}", condition.name, description, numbers)


def _view_drawings(evaluation: Evaluation) -> list[_Drawing]:
    conditions = conditions_with_views(evaluation)
    if not conditions:
        return []
    description = "One bar for each condition; the table of probe views has the numbers."
    return [_drawing(figures.view_bars(conditions), "bars", "Rank-1 by probe view", description)]


def _cmc_drawing(evaluation: Evaluation) -> _Drawing | None:
    curves = [c for c in evaluation.conditions if c.cmc is not None and len(c.cmc)]
    if not curves:
        return None
    ends = [
        f"{c.name} from {percent(float(c.cmc[0]))} at rank 1 to {percent(float(c.cmc[:20][-1]))} at rank "
        f"{len(c.cmc[:20])}"
        for c in curves
        if c.cmc is not None
    ]
    title = "Cumulative match characteristic (CMC)"
    description = f"Share of probes whose subject is among the k nearest: {'; '.join(ends)}."
    return _drawing(figures.cmc_curve(curves), "cmc", title, description)


def _error_drawings(evaluation: Evaluation) -> list[_Drawing]:
    drawings: list[_Drawing] = []
    if (verification := evaluation.verification) is not None:
        equal = f"Equal error rate {percent(verification.eer, 2)}"
        drawings += [
            _drawing(
                figures.roc_curve(verification),
                "roc",
                "ROC: true matches over false matches",
                f"{equal}; area under the curve {verification.auc:.4f}.",
            ),
            _drawing(
                figures.det_curve(verification),
                "det",
                "DET: both errors on normal-deviate axes",
                f"{equal}, where the curve crosses the dotted diagonal.",
            ),
        ]
        if (histogram := figures.distance_histogram(verification)) is not None:
            description = "The less the two overlap, the better one threshold separates them."
            drawings.append(_drawing(histogram, "hist", "Distances of one person and of two people", description))
    if (open_set := evaluation.open_set) is not None:
        points = "; ".join(
            f"{percent(value)} found at FPIR {rate_name(key)}" for key, value in open_set.dir_at_fpir.items()
        )
        title = "Open set: people missed over false alarms"
        drawings.append(_drawing(figures.open_set_curve(open_set), "open", title, f"{points}."))
    return drawings


def _attention_drawings(attention: WalkAttention) -> list[_Drawing]:
    joints, frames = "Attention among joints", "Attention over time"
    return [
        _drawing(joints_figure(attention.joints), "looks", joints, describe_joints(attention.joints)),
        _drawing(frames_figure(attention), "when", frames, describe_frames(attention)),
    ]


def _embedding_drawing(embeddings: EmbeddingSet, metric: str, seed: int) -> _Drawing | None:
    figure = embedding_map(embeddings, metric=metric, max_subjects=_MAP_SUBJECTS, max_walks=_MAP_WALKS, seed=seed)
    if figure is None:
        return None
    subjects = len(np.unique(embeddings.subjects))
    description = (
        f"Up to {_MAP_WALKS} walks of {min(subjects, _MAP_SUBJECTS)} of {subjects} subjects, drawn by chance. Colours "
        "repeat: the label names the subject. Neighbourhoods mean something; distances between groups and their sizes "
        "do not."
    )
    return _drawing(figure, "tsne", "Map of the embeddings (t-SNE)", description)

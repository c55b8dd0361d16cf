"""The figures of an `Evaluation` as words: one wording for the terminal, the page and whoever else prints them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.evaluation.results import ConditionResult, Evaluation

MISSING = "–"

# Attribute of `ConditionResult` -> its column heading, in the order in which columns appear.
_FIGURES = {
    "rank1": "Rank-1",
    "rank5": "Rank-5",
    "rank10": "Rank-10",
    "map": "mAP",
    "minp": "mINP",
    "svm_accuracy": "Linear SVM",
    "rank1_including_identical": "Rank-1 incl. identical view",
}
# Above this many conditions the headline gives their mean instead of one figure each.
_MOST_HEADLINE_CONDITIONS = 5
# Above this many views they are recordings rather than directions (Gait3D and GREW name one for nearly every walk).
_MOST_VIEWS = 30


@dataclass(frozen=True)
class TextTable:
    """A table of ready text: `headers` of every column, the first one naming the rows, and the `rows`."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def percent(fraction: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage, or a dash where there is none.

    >>> percent(0.8214), percent(float("nan"))
    ('82.1 %', '–')
    """
    return MISSING if fraction is None or math.isnan(fraction) else f"{100 * fraction:.{digits}f} %"


def rate_name(key: str) -> str:
    """Return a rate such as ``"1e-2"`` as ``"1 %"``."""
    return f"{100 * float(key):g} %"


def headline(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    """Return (label, figure) pairs that answer "how good is it?" first.

    Rank-1 of each condition where there are several; rank-1, 5, 10 and mAP where there is one; the error rates of
    verification or open-set identification where nothing was ranked.
    """
    ranked = [condition for condition in evaluation.conditions if condition.rank1 is not None]
    if 1 < len(ranked) <= _MOST_HEADLINE_CONDITIONS:
        return tuple((condition.name, percent(condition.rank1)) for condition in ranked)
    if ranked:
        names = ("rank1", "rank5", "rank10", "map")
        found = [(_FIGURES[name], getattr(evaluation, name)) for name in names]
        return tuple((label, percent(value)) for label, value in found if value is not None)
    if evaluation.open_set is not None:
        rates = evaluation.open_set.dir_at_fpir.items()
        return tuple((f"Found at FPIR {rate_name(key)}", percent(value)) for key, value in rates)
    if evaluation.verification is not None:
        rates = evaluation.verification.fnmr_at_fmr.items()
        at_rates = ((f"FNMR at FMR {rate_name(key)}", percent(value)) for key, value in rates)
        return (("EER", percent(evaluation.verification.eer)), *at_rates)
    return ()


def headline_caption(evaluation: Evaluation) -> str:
    """Return the sentence that says what the figures of `headline` are."""
    ranked = [condition for condition in evaluation.conditions if condition.rank1 is not None]
    if not ranked:
        if evaluation.open_set is not None:
            return "Share of enrolled people who are found and named, at a given rate of false alarms (FPIR)."
        if evaluation.verification is not None:
            return "Error rates of deciding from two walks whether they are of one person."
        return "This protocol gives no figures of its own."
    several = 1 < len(ranked) <= _MOST_HEADLINE_CONDITIONS
    what = "Rank-1 by condition: how often" if several else "Rank-1: how often"
    sentence = f"{what} the nearest walk in the gallery is of the same person."
    subjects = evaluation.subjects
    return f"{sentence} Guessing one of {subjects:,} people: {percent(1 / subjects)}." if subjects else sentence


def condition_table(evaluation: Evaluation) -> TextTable | None:
    """Return one row for each condition with every figure that any of them has; None without conditions."""
    conditions = evaluation.conditions
    if not conditions:
        return None
    used = [name for name in _FIGURES if any(getattr(condition, name) is not None for condition in conditions)]
    return TextTable(
        headers=("Condition", "Probes", *(_FIGURES[name] for name in used)),
        rows=tuple(
            (condition.name, f"{condition.num_probe:,}", *(percent(getattr(condition, name)) for name in used))
            for condition in conditions
        ),
    )


def conditions_with_views(evaluation: Evaluation) -> tuple[ConditionResult, ...]:
    """Return the conditions whose figures are broken down by several probe views, but by no more than can be listed."""
    return tuple(c for c in evaluation.conditions if c.rank1_by_view is not None and 1 < len(c.views) <= _MOST_VIEWS)


def conditions_with_view_pairs(evaluation: Evaluation) -> tuple[ConditionResult, ...]:
    """Return the conditions with several cells of probe and gallery view, but no more than can be drawn."""
    tables = ((condition, condition.rank1_by_view_pair) for condition in evaluation.conditions)
    return tuple(c for c, table in tables if table is not None and table.size > 1 and max(table.shape) <= _MOST_VIEWS)


def notes(evaluation: Evaluation) -> tuple[str, ...]:
    """Return the notes of an evaluation, and one where its views are too many to be listed."""
    most = max((len(c.views) for c in evaluation.conditions if c.rank1_by_view is not None), default=0)
    if most <= _MOST_VIEWS:
        return evaluation.notes
    return (*evaluation.notes, f"rank-1 by view is not listed, as there are {most:,} views; metrics.json has all")


def rank1_by_view(conditions: tuple[ConditionResult, ...]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return all probe views, in order of appearance, and rank-1 as float64 [views, conditions] with NaN for none."""
    views = tuple(dict.fromkeys(view for condition in conditions for view in condition.views))
    table = np.full((len(views), len(conditions)), np.nan)
    for column, condition in enumerate(conditions):
        if condition.rank1_by_view is not None:
            table[[views.index(view) for view in condition.views], column] = condition.rank1_by_view
    return views, table


def view_table(evaluation: Evaluation) -> TextTable | None:
    """Return rank-1 with a row for each probe view, a column for each condition, and one for all; None without views.

    The last row is the headline: the mean of the rows above it under a protocol by view, else the share of all probes,
    of which some views may have more than others.
    """
    conditions = conditions_with_views(evaluation)
    if not conditions:
        return None
    views, table = rank1_by_view(conditions)
    rows = [(view, *(percent(value) for value in row)) for view, row in zip(views, table.tolist(), strict=True)]
    label = "Mean" if any(condition.gallery_views for condition in conditions) else "All"
    total = (label, *(percent(condition.rank1) for condition in conditions))
    return TextTable(("Probe view", *(condition.name for condition in conditions)), (*rows, total))


def error_rates(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    """Return (name, figure) pairs of verification and open-set identification, empty where neither was computed."""
    pairs: list[tuple[str, str]] = []
    if (verification := evaluation.verification) is not None:
        pairs += [("Equal error rate (EER)", percent(verification.eer, 2)), ("ROC area", f"{verification.auc:.4f}")]
        pairs += [
            (f"FNMR at FMR {rate_name(key)}", percent(value, 2)) for key, value in verification.fnmr_at_fmr.items()
        ]
        pairs += [
            ("Genuine pairs", f"{verification.num_genuine:,}"),
            ("Impostor pairs", f"{verification.num_impostor:,}"),
        ]
    if (open_set := evaluation.open_set) is not None:
        pairs += [(f"DIR at FPIR {rate_name(key)}", percent(value, 2)) for key, value in open_set.dir_at_fpir.items()]
        pairs += [
            ("Enrolled subjects", f"{open_set.num_enrolled:,}"),
            ("Searches of enrolled subjects", f"{open_set.num_mated:,}"),
            ("Searches of others", f"{open_set.num_nonmated:,}"),
        ]
    return tuple(pairs)


_CARD_LABELS = {
    "model": "Model",
    "weights_hash": "Weights hash",
    "train_subjects": "Subjects in training",
    "data": "Data",
    "version": "gaitprint version",
}


def facts(evaluation: Evaluation, card: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """Return (name, value) pairs that say what was evaluated.

    Args:
        evaluation: the results.
        card: what the caller knows of model and data: `model`, `weights_hash`, `train_subjects`, `data`, `version`;
            other keys follow under their own name, None values are left out.
    """
    pairs = [("Protocol", evaluation.protocol)]
    pairs += [(label, str(card[key])) for key, label in _CARD_LABELS.items() if card.get(key) is not None]
    pairs += [
        ("Distance", evaluation.metric),
        ("Subjects under test", f"{evaluation.subjects:,}"),
        ("Gallery walks", f"{evaluation.gallery:,}"),
        ("Probe walks", f"{evaluation.probe:,}"),
        ("Probes left out (no counterpart in the gallery)", f"{evaluation.skipped_probes:,}"),
    ]
    known = {*_CARD_LABELS, "metric"} if card.get("metric") == evaluation.metric else {*_CARD_LABELS}
    others = [(key, value) for key, value in card.items() if key not in known and value is not None]
    return (*pairs, *((key.replace("_", " ").capitalize(), str(value)) for key, value in others))


def count_text(number: int) -> str:
    """Return a large number for people to read.

    >>> count_text(0), count_text(92_896), count_text(999_700), count_text(13_200_000_000)
    ('0', '92.9 k', '1 M', '13.2 G')
    """
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= 0.9995 * size:  # what three digits round up to the next unit
            return f"{number / size:.3g}{unit}"
    return str(number)

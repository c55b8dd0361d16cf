"""Measuring one trained system for a leaderboard: figures, embeddings, and what a walk costs; each kept once done."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from gaitprint import __version__
from gaitprint.core.files import write_json
from gaitprint.data.sampling import select_walks
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_embedder
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.leaderboard import Cost
from gaitprint.evaluation.model_cost import measure_cost
from gaitprint.evaluation.protocols import PROTOCOLS, Protocol
from gaitprint.evaluation.unseen import unseen_subjects
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.training.runs import METRICS_FILE

# Where a measured run has its embeddings, of everybody whom it did not learn from.
EMBEDDINGS_FILE = Path("evaluation", "embeddings.npz")
_COST_FILE = "cost.json"
_COST_THREADS = 2
# Walks that are embedded one by one to see how long that takes.
_TIMED_WALKS, _TIMED_WALKS_OF_TRIAL = 15, 3


def measure_run(folder: Path, store: Store, protocol: str, device: str = "auto") -> dict[str, Any]:
    """Measure the best weights of a run on people whom it did not see; a `runs.Evaluate`, result as `measure`."""
    embedder = load_embedder(folder, device)
    return measure(embedder, store, protocol, embedder.card["validation_subjects"], folder)


def measure(
    embedder: WalkEmbedder, store: Store, protocol: str, held_out: Sequence[str], folder: Path
) -> dict[str, Any]:
    """Measure a model and keep its embeddings of everybody whom it did not learn from.

    Args:
        embedder: the model.
        store: the data.
        protocol: a name of `PROTOCOLS`.
        held_out: people by whom it was chosen; measured apart.
        folder: gets `EMBEDDINGS_FILE`.

    Returns:
        `Evaluation.to_json` of the test people; ``pooled``, their mean average precision with all views searched
        together, where the protocol takes views one by one, else None; ``validation``, who was held out and their mean
        average precision, None where nobody was; ``card``; ``data``.

    Raises:
        GaitprintError: nobody is left to measure, or the protocol finds nothing to compare.
    """
    test_people = unseen_subjects(store, sorted(set(embedder.train_subjects) - set(held_out)))
    walks = embedder.embed_store(store, select_walks(store.infos, sorted({*test_people, *held_out})))
    walks.save(folder / EMBEDDINGS_FILE)
    is_held_out = np.isin(walks.subjects, list(held_out))
    test, asked = walks.select(~is_held_out), cast(Protocol, PROTOCOLS[protocol])
    together = dataclasses.replace(asked, by_view=False, exclude_identical_view=False)
    evaluation = evaluate_embeddings(test, asked, metric=embedder.distance, probes=store.splits.get("probe"))
    pooled = validation = None
    if asked.by_view:
        pooled = {"map": evaluate_embeddings(test, together, metric=embedder.distance).map}
    if held_out:
        of_held_out = evaluate_embeddings(walks.select(is_held_out), together, metric=embedder.distance)
        validation = {"subjects": list(held_out), "map": of_held_out.map}
    return {
        "model": str(folder),
        **evaluation.to_json(),
        "pooled": pooled,
        "validation": validation,
        "card": embedder.card,
        "data": store.content_hash(),
    }


def measure_once(
    embedder: WalkEmbedder, store: Store, protocol: str, held_out: Sequence[str], folder: Path
) -> dict[str, Any]:
    """Return what was measured into the folder before, where model, data and protocol were the same; else `measure`."""
    question = _plain([embedder.card, store.content_hash(), protocol, list(held_out)])
    try:
        before = read_metrics(folder)
        if before["question"] == question and (folder / EMBEDDINGS_FILE).is_file():
            return before
    except (OSError, ValueError, KeyError, TypeError):
        pass  # missing or damaged: measured again
    metrics = measure(embedder, store, protocol, held_out, folder) | {"question": question}
    write_json(folder / METRICS_FILE, metrics)
    return metrics


def read_metrics(folder: Path) -> dict[str, Any]:
    """Return what was measured of a run; `OSError` or `ValueError` where that is missing or damaged."""
    metrics: dict[str, Any] = json.loads((folder / METRICS_FILE).read_text(encoding="utf-8"))
    return metrics


def cost_of_walk(embedder: WalkEmbedder, store: Store, folder: Path, *, quick: bool) -> Cost:
    """Return what one walk of a test person costs; measured once for the same model, walks, threads and release.

    Args:
        embedder: the model, on the CPU.
        store: the data.
        folder: keeps the result.
        quick: time a few walks.
    """
    walks = _some_walks(store, _TIMED_WALKS_OF_TRIAL if quick else _TIMED_WALKS)
    question = _plain([__version__, embedder.card, store.content_hash(), walks, _COST_THREADS])
    try:
        kept = json.loads((folder / _COST_FILE).read_text(encoding="utf-8"))
        if kept["question"] == question:
            return Cost(**kept["cost"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # missing or damaged: measured again
    cost = measure_cost(embedder, [store.read(walk) for walk in walks], _COST_THREADS)
    write_json(folder / _COST_FILE, {"question": question, "cost": cost.to_json()})
    return cost


def _some_walks(store: Store, count: int) -> list[str]:
    """Ids of walks of test people, spread over all of them."""
    test = select_walks(store.infos, sorted(set(store.splits["test"])))
    chosen = np.unique(np.linspace(0, len(test) - 1, count).round().astype(int))
    return [store.infos[int(test[place])].id for place in chosen]


def _plain(values: list[Any]) -> Any:
    """Return values as JSON gives them back."""
    return json.loads(json.dumps(values))

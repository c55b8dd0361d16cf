"""Compare `evaluate_embeddings` with OpenGait's evaluation: the same figures, and how long they take.

    python -m benchmarks.evaluation_vs_opengait PATH/TO/OpenGait [--subjects 50] [--threads 2] [--repeats 5]

Random embeddings in the shape of the CASIA-B test set (50 subjects, 10 walks, 11 views: 5,500 of [16 parts x 256]) go
through OpenGait's `evaluate_indoor_dataset` and `evaluate_rank`, and through ours, in one process. Their functions
run on the CPU (`.cuda()` made a no-op, the message manager silenced), unchanged otherwise. They round the percentage
of each cell to two decimals, which loses nothing with 50 subjects, 100 probes a cell.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from gaitprint.core.distance import pairwise_distance
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.metrics import cumulative_match_curve, ranked_matches, same_label

CONDITIONS = (*(f"nm-{i:02}" for i in range(1, 7)), "bg-01", "bg-02", "cl-01", "cl-02")
VIEWS = tuple(f"{degrees:03}" for degrees in range(0, 181, 18))
CASES = {"random": 0.0, "random with identity": 1.0}


def load_opengait(folder: Path) -> tuple[Any, Any]:
    """Import their `evaluator` and `metric` modules without their training code, patched to run on a CPU."""
    silent = types.SimpleNamespace(log_info=lambda *_: None)
    utils = types.ModuleType("utils")
    vars(utils).update(get_msg_mgr=lambda: silent, mkdir=None, is_tensor=torch.is_tensor)
    package = types.ModuleType("evaluation")
    package.__path__ = [str(folder / "opengait" / "evaluation")]
    sys.modules.update(utils=utils, evaluation=package)
    torch.Tensor.cuda = lambda self, *args, **kwargs: self  # type: ignore[method-assign]
    return importlib.import_module("evaluation.evaluator"), importlib.import_module("evaluation.metric")


def random_walks(num_subjects: int, identity: float, seed: int = 0) -> EmbeddingSet:
    """Embeddings float32 [N, 16, 256] of a CASIA-B test set; `identity` is the share of a subject's own centre."""
    rng = np.random.default_rng(seed)
    walks = [(f"{i + 75:03}", c, v) for i in range(num_subjects) for c in CONDITIONS for v in VIEWS]
    subjects, conditions, views = (np.array(labels) for labels in zip(*walks, strict=True))
    values = rng.standard_normal((num_subjects, len(walks) // num_subjects, 16, 256), dtype=np.float32) * 5
    values += identity * rng.standard_normal((num_subjects, 1, 16, 256), dtype=np.float32)
    return EmbeddingSet(values.reshape(len(walks), 16, 256), subjects, conditions, views)


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time in seconds, and the result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def their_cells(evaluator: Any, data: dict[str, Any]) -> tuple[dict[str, float], dict[str, np.ndarray[Any, Any]]]:
    """Headline percentages and, intercepted on the way to the mean, the table of cells of each condition."""
    cells: list[np.ndarray[Any, Any]] = []
    original = evaluator.de_diag

    def keep(table: np.ndarray[Any, Any], each_angle: bool = False) -> Any:
        cells.append(table)
        return original(table, each_angle)

    evaluator.de_diag = keep
    try:
        figures = evaluator.evaluate_indoor_dataset(data, "CASIA-B")
    finally:
        evaluator.de_diag = original
    return figures, dict(zip(("NM", "BG", "CL"), cells, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("opengait", type=Path, nargs="?", help="folder of an OpenGait checkout")
    parser.add_argument("--subjects", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    console = Console()
    if options.opengait is None or not (options.opengait / "opengait" / "evaluation" / "evaluator.py").is_file():
        console.print(f"skipped: no OpenGait checkout at {options.opengait} (pass its folder)")
        return
    torch.set_num_threads(options.threads)
    evaluator, metric = load_opengait(options.opengait)

    speed = Table("embeddings", "what", "OpenGait", "gaitprint", "ratio", title="Time, best of the repeats")
    agreement = Table("embeddings", "figure", "OpenGait", "gaitprint", "difference", title="Agreement, as fractions")
    for case, identity in CASES.items():
        walks = random_walks(options.subjects, identity)
        data = {
            "embeddings": np.ascontiguousarray(walks.embeddings.transpose(0, 2, 1)),  # theirs: [N, D, P]
            "labels": walks.subjects.tolist(),
            "types": walks.conditions.tolist(),
            "views": walks.views.tolist(),
        }
        # Alternate, so that both meet the same machine.
        runs = [
            (
                timed(lambda data=data: evaluator.evaluate_indoor_dataset(data, "CASIA-B")),  # type: ignore[misc]
                timed(lambda walks=walks: evaluate_embeddings(walks, "casia-b", details=False)),  # type: ignore[misc]
                timed(lambda walks=walks: evaluate_embeddings(walks, "casia-b")),  # type: ignore[misc]
            )
            for _ in range(options.repeats)
        ]
        theirs, quick, full = (min(run[i][0] for run in runs) for i in range(3))
        name = f"{case}, {len(walks)} of [16, 256]"
        speed.add_row(name, "rank-1 by view", f"{theirs:.3f} s", f"{quick:.3f} s", f"{theirs / quick:.1f}")
        what = "the same, with CMC, nearest entries, verification"
        speed.add_row("", what, f"{theirs:.3f} s", f"{full:.3f} s", f"{theirs / full:.1f}")

        figures, cells = their_cells(evaluator, data)
        for label, evaluation in (("", runs[-1][2][1]), (" (rank-1 only)", runs[-1][1][1])):
            for condition in evaluation.conditions:
                table = condition.rank1_by_view_pair
                difference = np.abs(table - cells[condition.name] / 100).max()
                mean = figures[f"scalar/test_accuracy/{condition.name}@R1"] / 100
                difference = max(difference, abs(condition.rank1 - mean))
                text = f"{condition.name}, mean and all cells{label}"
                agreement.add_row(case, text, f"{mean:.6f}", f"{condition.rank1:.6f}", f"{difference:.1e}")
        compare_rank(metric, walks, case, agreement)
    console.print(speed, agreement)


def compare_rank(metric: Any, walks: EmbeddingSet, case: str, agreement: Table) -> None:
    """CMC, mAP and mINP against their `evaluate_rank`.

    First on float64 distances, the same for both. Then each on its own float32 distances, of which some of one row are
    equal or differ by rounding alone: theirs leaves the order of equals to the sorting, ours puts impostors first.
    """
    gallery = np.isin(walks.conditions, CONDITIONS[:4])
    probe, entries = walks.embeddings[~gallery], walks.embeddings[gallery]
    labels = walks.subjects[~gallery], walks.subjects[gallery]
    exact = float64_distance(probe, entries)
    own = metric.cuda_dist(*(np.ascontiguousarray(e.transpose(0, 2, 1)) for e in (probe, entries))).numpy()
    for what, theirs, ours in (
        ("both on float64 distances", exact, exact),
        ("each on its float32 distances", own, pairwise_distance(probe, entries)),
    ):
        cmc, precision, penalty = metric.evaluate_rank(theirs, *labels)
        found = ranked_matches(ours, same_label(*labels))
        pairs = (
            ("CMC 1..50", cmc, cumulative_match_curve(found.first_rank, len(cmc))),
            ("mAP", np.mean(precision), found.average_precision.mean()),
            ("mINP", np.mean(penalty), found.inverse_negative_penalty.mean()),
        )
        for name, expected, value in pairs:
            first = (float(np.ravel(figure)[0]) for figure in (expected, value))
            difference = np.abs(expected - value).max()
            agreement.add_row(case, f"{name}, {what}", *(f"{figure:.6f}" for figure in first), f"{difference:.1e}")


def float64_distance(
    probe: np.ndarray[Any, np.dtype[np.float32]], gallery: np.ndarray[Any, np.dtype[np.float32]]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Mean over parts of the Euclidean distance, float64 [N, M], of embeddings [N or M, P, D]."""
    left, right = (torch.from_numpy(e).double().transpose(0, 1) for e in (probe, gallery))
    total = torch.zeros((len(probe), len(gallery)), dtype=torch.float64)
    for a, b in zip(left, right, strict=True):
        squares = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T
        total += squares.clamp_min(0).sqrt()
    result: np.ndarray[Any, np.dtype[np.float64]] = (total / len(left)).numpy()
    return result


if __name__ == "__main__":
    main()

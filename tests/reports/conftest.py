"""An evaluation with known figures, and the walks it points into."""

from dataclasses import dataclass

import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.evaluation.distance_histogram import DistanceSpread
from gaitprint.evaluation.results import (
    ConditionResult,
    Evaluation,
    Match,
    OpenSetResult,
    VerificationResult,
)

VIEWS = ("000", "090", "180")


def _condition(name: str, rank1: float) -> ConditionResult:
    cells = np.array([[0.97, 0.512, np.nan], [0.25, 0.98, 0.333], [0.125, 0.777, 0.99]])
    return ConditionResult(
        name,
        num_probe=1234,
        rank1=rank1,
        rank5=0.912,
        map=0.457,
        views=VIEWS,
        gallery_views=VIEWS,
        rank1_by_view_pair=cells,
        rank1_by_view=np.array([0.512, 0.2915, 0.451]),
        rank1_including_identical=0.6666,
        cmc=np.linspace(rank1, 1.0, 30),
    )


@dataclass(frozen=True)
class Case:
    embeddings: EmbeddingSet
    evaluation: Evaluation


@pytest.fixture
def case() -> Case:
    random = np.random.default_rng(7)
    labels = [(f"{s:03d}", c, v) for s in range(6) for c in ("nm-01", "nm-02", "bg-01") for v in VIEWS]
    subjects, conditions, views = (np.array(column) for column in zip(*labels, strict=True))
    vectors = random.normal(size=(len(labels), 2, 8)).astype(np.float32)
    matches = tuple(
        Match(probe, (probe + 1, 0), (0.5 + 0.01 * probe, 2.0), bool(subjects[probe] == subjects[probe + 1]))
        for probe in range(20)
    )
    thresholds = np.linspace(0, 2, 201)
    verification = VerificationResult(
        fmr=np.clip(thresholds - 1, 0, 1),
        fnmr=np.clip(1 - thresholds / 1.5, 0, 1),
        thresholds=thresholds,
        eer=0.2,
        auc=0.9321,
        fnmr_at_fmr={"1e-2": 0.3267, "1e-3": 0.3327},
        num_genuine=4321,
        num_impostor=98765,
        spread=DistanceSpread(np.linspace(0, 2, 5), np.array([0.4, 0.4, 0.2, 0.0]), np.array([0.0, 0.0, 0.5, 0.5])),
    )
    open_set = OpenSetResult(
        fpir=np.linspace(0, 1, 101),
        fnir=np.linspace(0.8, 0.1, 101),
        dir_at_fpir={"1e-2": 0.207, "1e-1": 0.27},
        thresholds=np.linspace(0, 2, 101),
        num_enrolled=3,
        num_mated=27,
        num_nonmated=31,
    )
    evaluation = Evaluation(
        protocol="casia-b",
        description="gallery nm-01, probes nm-02 and bg-01",
        metric="euclidean",
        subjects=6,
        gallery=18,
        probe=36,
        skipped_probes=2,
        notes=("two probes had nobody to match",),
        conditions=(_condition("NM", 0.8214), _condition("BG", 0.6111), _condition("CL", 0.4321)),
        matches=matches,
        verification=verification,
        open_set=open_set,
    )
    return Case(EmbeddingSet(vectors, subjects, conditions, views), evaluation)

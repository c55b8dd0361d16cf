"""Evaluation protocols: which walks are gallery, which are probes, and how the cells are averaged.

A protocol is data: a selection of gallery and probes by subject and condition, and a few facts about the figures. The
evaluator reads those facts and knows no protocol by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.registry import Registry

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Request:
    """What the caller may say beside the name of a protocol.

    Args:
        probes: ids ``subject/condition/view`` of the probe sequences, for protocols that take a list.
        seed: for protocols that draw.
    """

    probes: Collection[str] | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Trials:
    """A selection of walks; all arrays hold indices into the labelled set.

    Args:
        gallery: int64 [M].
        probes: name of the group -> int64 [N].
        nonmated: int64 [K]: probes of subjects that are not enrolled; None unless the protocol is open-set.
        notes: what the selection left out.
    """

    gallery: Indices
    probes: Mapping[str, Indices]
    nonmated: Indices | None = None
    notes: tuple[str, ...] = ()


# (labels, indices of the walks under evaluation, request) -> selection
Selector = Callable[[EmbeddingSet, Indices, Request], Trials]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """One way to compare walks.

    Args:
        name: as on the command line.
        description: one line: gallery, probe, figures.
        select: chooses gallery and probes.
        by_view: whether every (probe view, gallery view) cell is a trial of its own, averaged over gallery views and
            then over probe views; otherwise all views of the gallery are searched together.
        exclude_identical_view: whether cells of two identical views are left out of the ranks' means.
        unmatched: what becomes of a probe whose subject is not in the gallery: it counts as ``wrong`` (the caller may
            ask for removal), is skipped (``skip``), or is ``unlabelled``: ranked for a server, but in no figure.
        num_candidates: length of the list of identities for an evaluation server; 0 for none.
        all_pairs: whether gallery and probe are one set whose pairs are compared for verification, nothing else.
    """

    name: str
    description: str
    select: Selector = field(repr=False)
    by_view: bool = False
    exclude_identical_view: bool = False
    unmatched: Literal["wrong", "skip", "unlabelled"] = "wrong"
    num_candidates: int = 0
    all_pairs: bool = False


def natural_key(label: str) -> tuple[tuple[int, str], ...]:
    """Sort key under which ``walk-2`` comes before ``walk-10``.

    >>> sorted(["10", "9", "b1", "1"], key=natural_key)
    ['1', '9', '10', 'b1']
    """
    pieces = re.findall(r"\d+|\D+", label)
    # At one place numbers come before text; the text of a number breaks the tie between "1" and "01".
    return (*((int(piece), "") if piece.isdecimal() else (10**30, piece) for piece in pieces), (-1, label))


def natural_order(labels: Iterable[str]) -> list[str]:
    """Distinct labels in natural order."""
    return sorted({str(label) for label in labels}, key=natural_key)


def select_by_condition(gallery: Collection[str], probes: Mapping[str, Collection[str]]) -> Selector:
    """Gallery and groups of probes are named conditions; a group without any walk is left out and noted."""

    def select(labels: EmbeddingSet, scope: Indices, request: Request) -> Trials:
        conditions = labels.conditions[scope]
        chosen = {name: scope[np.isin(conditions, list(wanted))] for name, wanted in probes.items()}
        notes = tuple(
            f"no probe of {name} (conditions {', '.join(sorted(probes[name]))})"
            for name, indices in chosen.items()
            if not len(indices)
        )
        chosen = {name: indices for name, indices in chosen.items() if len(indices)}
        return Trials(scope[np.isin(conditions, list(gallery))], chosen, notes=notes)

    return select


def select_listed(labels: EmbeddingSet, scope: Indices, request: Request) -> Trials:
    """The listed walks are probes, all others the gallery."""
    if not request.probes:
        raise UsageError("this protocol needs the list of probe sequences (ids subject/condition/view)")
    ids = labels.ids
    wanted = set(request.probes)
    listed = np.array([ids[index] in wanted for index in scope], dtype=np.bool_)
    missing = len(wanted) - int(listed.sum())
    notes = (f"{missing} of {len(wanted)} listed probe sequences are not among the embeddings",) if missing else ()
    return Trials(scope[~listed], {"all": scope[listed]}, notes=notes)


def select_first_condition(labels: EmbeddingSet, scope: Indices, request: Request) -> Trials:
    """The gallery is each subject's first condition in natural order, in all its views; the probes are the others."""
    first = _is_first_condition(labels, scope)
    return Trials(scope[first], {"all": scope[~first]})


def select_enrolled_half(labels: EmbeddingSet, scope: Indices, request: Request) -> Trials:
    """A seeded half of the subjects is enrolled with its first condition; all walks of the others search in vain."""
    subjects = np.array(natural_order(labels.subjects[scope]))
    drawn = np.random.default_rng(request.seed).permutation(subjects)[: (len(subjects) + 1) // 2]
    enrolled = np.isin(labels.subjects[scope], drawn)
    first = _is_first_condition(labels, scope)
    notes = (f"{len(drawn)} of {len(subjects)} subjects enrolled, drawn with seed {request.seed}",)
    return Trials(scope[enrolled & first], {"all": scope[enrolled & ~first]}, scope[~enrolled], notes)


def select_everything(labels: EmbeddingSet, scope: Indices, request: Request) -> Trials:
    """Every walk is compared with every other."""
    return Trials(scope, {"all": scope})


def _is_first_condition(labels: EmbeddingSet, scope: Indices) -> NDArray[np.bool_]:
    """Whether each walk in `scope` is of its subject's first condition; bool [len(scope)]."""
    names, condition = np.unique(labels.conditions[scope], return_inverse=True)
    place = {name: rank for rank, name in enumerate(natural_order(names))}
    order = np.array([place[str(name)] for name in names], dtype=np.int64)[condition]
    subjects, subject = np.unique(labels.subjects[scope], return_inverse=True)
    first = np.full(len(subjects), len(names))
    np.minimum.at(first, subject, order)
    is_first: NDArray[np.bool_] = order == first[subject]
    return is_first


def check_not_empty(protocol: Protocol, trials: Trials, labels: EmbeddingSet, scope: Indices) -> None:
    """Raise `IncompatibleError` when there is nothing to compare; the text lists the conditions that there are."""
    lacking = [
        kind
        for kind, count in (("gallery", len(trials.gallery)), ("probe", sum(map(len, trials.probes.values()))))
        if not count
    ]
    if lacking:
        conditions = natural_order(labels.conditions[scope])
        listed = ", ".join(conditions[:12]) + (", ..." if len(conditions) > 12 else "")
        raise IncompatibleError(
            f"protocol '{protocol.name}' finds no {' and no '.join(lacking)} sequence among {len(scope)} "
            f"(conditions: {listed or 'none'})"
        )


_CASIA_B = select_by_condition(
    gallery=("nm-01", "nm-02", "nm-03", "nm-04"),
    probes={"NM": ("nm-05", "nm-06"), "BG": ("bg-01", "bg-02"), "CL": ("cl-01", "cl-02")},
)

# Yu, Tan, Tan: A Framework for Evaluating the Effect of View Angle, Clothing and Carrying Condition on Gait
# Recognition, ICPR 2006; the division 074 | 050 and the averaging are those of Wu et al., TPAMI 2017.
CASIA_B = Protocol(
    name="casia-b",
    description="gallery nm-01..04, probe nm-05,06 / bg-01,02 / cl-01,02; rank-1 by view, identical views excluded",
    select=_CASIA_B,
    by_view=True,
    exclude_identical_view=True,
)

CASIA_B_POOLED = Protocol(
    name="casia-b-pooled",
    description="gallery nm-01..04, all views searched together; plain rank-1 of nm, bg, cl, identical views included",
    select=_CASIA_B,
)

# Takemura et al.: Multi-view large population gait dataset, IPSJ CVA 2018.
OUMVLP = Protocol(
    name="oumvlp",
    description="gallery sequence 01, probe sequence 00; rank-1 by view, identical views excluded",
    select=select_by_condition(gallery=("01",), probes={"all": ("00",)}),
    by_view=True,
    exclude_identical_view=True,
)

# Zheng et al.: Gait Recognition in the Wild with Dense 3D Representations and A Benchmark, CVPR 2022.
GAIT3D = Protocol(
    name="gait3d",
    description="listed probe sequences against all other sequences; rank-1, 5, 10, mAP, mINP",
    select=select_listed,
    unmatched="skip",
)

# Zhu et al.: Gait Recognition in the Wild: A Benchmark, ICCV 2021.
GREW = Protocol(
    name="grew",
    description="gallery sequences 01 and 02, probe 03; CSV of the 20 best identities for the evaluation server",
    select=select_by_condition(gallery=("01", "02"), probes={"all": ("03",)}),
    unmatched="unlabelled",
    num_candidates=20,
)

FIRST_WALK = Protocol(
    name="first-walk",
    description="gallery is each subject's first walk, probe the subject's other walks; rank-1, 5, 10, mAP",
    select=select_first_condition,
)

VERIFICATION = Protocol(
    name="verification",
    description="all pairs of sequences, or a sample; ROC, DET, AUC, EER, FNMR at FMR 1e-2 and 1e-3",
    select=select_everything,
    all_pairs=True,
)

OPEN_SET = Protocol(
    name="open-set",
    description="half of the subjects enrolled with their first walk; DIR (rank 1) at FPIR 1 % and 10 %",
    select=select_enrolled_half,
)

_MODULE = "gaitprint.evaluation.protocols"
PROTOCOLS = Registry(
    "protocol",
    {
        "casia-b": f"{_MODULE}:CASIA_B",
        "casia-b-pooled": f"{_MODULE}:CASIA_B_POOLED",
        "oumvlp": f"{_MODULE}:OUMVLP",
        "gait3d": f"{_MODULE}:GAIT3D",
        "grew": f"{_MODULE}:GREW",
        "first-walk": f"{_MODULE}:FIRST_WALK",
        "verification": f"{_MODULE}:VERIFICATION",
        "open-set": f"{_MODULE}:OPEN_SET",
    },
)

"""Whom a training learns from, and whom it holds out to judge itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.data.sampling import generator, select_walks
from gaitprint.data.store import Store
from gaitprint.training.recipe import DataConfig


@dataclass(frozen=True)
class People:
    """The walks of a training.

    Args:
        subjects: who is learnt, in the classifier's order.
        positions: int64 [N], their walks in the store.
        labels: int64 [N], index into `subjects`.
        validation_subjects: who is held out.
        validation: int64 [M], their walks; empty without any.
    """

    subjects: tuple[str, ...]
    positions: NDArray[np.int64]
    labels: NDArray[np.int64]
    validation_subjects: tuple[str, ...]
    validation: NDArray[np.int64]


def choose_people(store: Store, data: DataConfig, seed: int) -> People:
    """Choose walks as a recipe says.

    Raises:
        UsageError: the store has no such split, subject, condition or view.
        IncompatibleError: fewer than two people remain to learn from.
    """
    candidates = candidates_of(store, data.subjects)
    left_out = set(people_of_fold(candidates, data.folds, data.fold)) if data.folds > 1 else set()
    candidates = [subject for subject in candidates if subject not in left_out]
    held_out = _held_out(candidates, data.validation_subjects, seed)
    learnt = [subject for subject in candidates if subject not in held_out]
    if data.share_of_subjects < 1:
        count = max(1, round(data.share_of_subjects * len(learnt)))
        learnt = sorted(generator(seed, "subjects").choice(learnt, count, replace=False).tolist())
    positions = select_walks(store.infos, learnt, data.conditions, data.views)
    names = np.array([store.infos[position].subject for position in positions], np.str_)
    subjects, labels = np.unique(names, return_inverse=True)
    if len(subjects) < 2:
        raise IncompatibleError(
            f"{store.path}: {len(subjects)} people to train on"
            f"{f' besides {len(held_out)} held out' if held_out else ''}, need at least 2"
        )
    validation = select_walks(store.infos, held_out, data.conditions, data.views) if held_out else positions[:0]
    return People(tuple(subjects.tolist()), positions, labels.astype(np.int64), tuple(held_out), validation)


def candidates_of(store: Store, wanted: str | tuple[str, ...]) -> list[str]:
    """Return the subjects that a split's name, ``all`` or labels stand for, among those that have walks, sorted.

    Raises:
        UsageError: the store has no such split or subject.
    """
    present = sorted({info.subject for info in store.infos})
    if wanted == "all":
        return present
    if isinstance(wanted, str):
        splits = {name: members for name, members in store.splits.items() if name != "probe"}
        if wanted not in splits:
            hint = "set data.subjects=all, or list subjects" if not splits else ", ".join(sorted(splits))
            raise UsageError(f"{store.path}: has no split '{wanted}' to train on; {'it has: ' if splits else ''}{hint}")
        chosen = sorted(set(splits[wanted]) & set(present))
        if not chosen:
            raise UsageError(f"{store.path}: none of the {len(splits[wanted])} subjects of split '{wanted}' has a walk")
        return chosen
    for subject in wanted:
        if subject not in present:
            raise UsageError(f"{store.path}: {unknown_name_message('subject', subject, present[:20])}")
    return sorted(set(wanted))


def people_of_fold(candidates: Sequence[str], folds: int, fold: int) -> list[str]:
    """Return who is left out of the training of a fold.

    Folds do not depend on the training's seed, so that seeds, recipes and models can be compared on the same one.

    Args:
        candidates: everybody who falls into one of the folds, sorted.
        folds: how many.
        fold: which, 0..folds - 1.

    Raises:
        UsageError: more folds than people.
    """
    if folds > len(candidates):
        raise UsageError(f"data.folds is {folds}, but there are {len(candidates)} people to share out")
    shuffled = generator(0, "folds").permutation(len(candidates))
    return sorted(candidates[position] for position in shuffled[fold::folds])


def _held_out(candidates: list[str], wanted: int | tuple[str, ...], seed: int) -> list[str]:
    if isinstance(wanted, int):
        most = max(0, len(candidates) - 2)
        if not 0 <= wanted <= most:
            raise UsageError(
                f"data.validation_subjects is {wanted}, must be in 0..{most}: "
                f"of {len(candidates)} training subjects at least 2 are learnt"
            )
        return sorted(generator(seed, "validation").choice(candidates, wanted, replace=False).tolist())
    for subject in wanted:
        if subject not in candidates:
            raise UsageError(f"data.validation_subjects: '{subject}' is none of the training subjects")
    return sorted(set(wanted))

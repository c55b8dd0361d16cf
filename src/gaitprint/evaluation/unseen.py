"""Whom a model may be measured on: people whom its training did not see."""

from __future__ import annotations

from collections.abc import Collection

from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.data.store import Store


def unseen_subjects(store: Store, seen: Collection[str], wanted: Collection[str] = ()) -> set[str]:
    """Choose whom to evaluate.

    Args:
        store: the data.
        seen: the subjects that the model was trained on.
        wanted: the subjects that the user asks for; empty for the store's test split, or everybody unseen.

    Raises:
        UsageError: a wanted subject is not in the store, or was trained on.
        GaitprintError: the test split overlaps with the training subjects, or nobody is left.
    """
    present = {info.subject for info in store.infos}
    if missing := sorted(set(wanted) - present):
        raise UsageError(f"{store.path}: holds no subject {', '.join(missing[:5])}")
    if seen_wanted := sorted(set(wanted) & set(seen)):
        raise UsageError(f"the model was trained on subject {', '.join(seen_wanted[:5])}: no evaluation on them")
    if wanted:
        return set(wanted)
    test = set(store.splits.get("test", ())) & present
    if overlap := sorted(test & set(seen)):
        raise GaitprintError(f"{store.path}: {len(overlap)} test subjects were trained on, first {overlap[0]}")
    chosen = test or present - set(seen)
    if not chosen:
        raise GaitprintError(f"{store.path}: the model was trained on all {len(present)} subjects, nobody is left")
    return chosen

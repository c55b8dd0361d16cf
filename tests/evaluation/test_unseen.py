"""Nobody is measured whom the training saw."""

from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.evaluation.unseen import unseen_subjects


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "store")
    silhouettes = np.zeros((1, 8, 8), np.uint8)
    store.add([GaitSequence(subject, "nm-01", "090", 25.0, silhouettes=silhouettes) for subject in "abcd"])
    return store


def test_without_a_split_it_is_everybody_unseen(store: Store) -> None:
    assert unseen_subjects(store, seen=()) == set("abcd")
    assert unseen_subjects(store, seen=["a", "c", "elsewhere"]) == {"b", "d"}
    with pytest.raises(GaitprintError, match="was trained on all 4 subjects, nobody is left"):
        unseen_subjects(store, seen="abcd")


def test_a_test_split_goes_before_and_must_be_unseen_as_a_whole(store: Store) -> None:
    store.set_splits({"train": ["a"], "test": ["c", "d", "not recorded"]})
    assert unseen_subjects(store, seen=["a"]) == {"c", "d"}
    with pytest.raises(GaitprintError, match="1 test subjects were trained on, first d"):
        unseen_subjects(store, seen=["a", "d"])
    store.set_splits({"test": ["not recorded"]})
    assert unseen_subjects(store, seen=["a"]) == {"b", "c", "d"}


def test_who_is_asked_for_is_taken_if_present_and_unseen(store: Store) -> None:
    store.set_splits({"test": ["d"]})
    assert unseen_subjects(store, seen=["a"], wanted=["b", "c"]) == {"b", "c"}
    with pytest.raises(UsageError, match="holds no subject x"):
        unseen_subjects(store, seen=["a"], wanted=["b", "x"])
    with pytest.raises(UsageError, match="trained on subject a: no evaluation on them"):
        unseen_subjects(store, seen=["a"], wanted=["a", "b"])

import itertools

import numpy as np
import pytest

from gaitprint.evaluation import screening
from gaitprint.evaluation.metrics import first_match_ranks, same_label
from gaitprint.evaluation.screening import NOT_FIRST, first_matches_by_group, is_worthwhile


def make_case(seed: int, spread: float, offset: float = 0.0, shape: tuple[int, int] = (4, 32)):
    rng = np.random.default_rng(seed)
    subject = rng.integers(0, 12, 400)
    centres = rng.normal(size=(12, *shape))
    values = (centres[subject] + spread * rng.normal(size=(400, *shape)) + offset).astype(np.float32)
    return values, subject, np.arange(250), np.arange(250, 400), np.array([0, 1, 40, 110])


def exact(values, subject, probe, gallery, starts) -> np.ndarray:
    left, right = values[probe].astype(np.float64), values[gallery].astype(np.float64)
    distance = np.stack([np.linalg.norm(right - row, axis=2).mean(axis=1) for row in left])
    genuine = same_label(subject[probe], subject[gallery])
    bounds = [*starts, len(gallery)]
    parts = [slice(a, b) for a, b in itertools.pairwise(bounds)]
    ranks = np.stack([first_match_ranks(distance[:, p], genuine[:, p]) for p in parts], axis=1)
    return np.where(ranks > 1, NOT_FIRST, ranks)


@pytest.fixture(autouse=True)
def _never_give_up_on_small_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "_MOST_IN_DOUBT", 1.0)


@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("offset", [0.0, 20.0])
def test_agrees_with_float64_distances(spread: float, offset: float) -> None:
    case = make_case(1, spread, offset)
    found = first_matches_by_group(*case)
    assert found is not None
    np.testing.assert_array_equal(found, exact(*case))
    assert set(np.unique(found)) == ({0, 1, NOT_FIRST} if spread >= 3 else {0, 1})


def test_parts_of_very_different_size() -> None:
    values, *rest = make_case(2, 2.0)
    values *= np.array([1e-3, 1.0, 10.0, 300.0], np.float32)[:, None]
    values[3] *= 100
    found = first_matches_by_group(values, *rest)
    assert found is not None
    np.testing.assert_array_equal(found, exact(values, *rest))


def test_duplicates_of_genuine_and_impostor_entries() -> None:
    values, subject, probe, gallery, starts = make_case(3, 1.0)
    values[gallery[5]] = values[gallery[50]] = values[probe[0]]
    subject[gallery[5]] = subject[probe[0]]
    subject[gallery[50]] = subject[probe[0]] + 1
    values[gallery[[60, 61]]] = values[probe[1]]  # the two are equally near to everybody
    subject[gallery[[60, 61]]] = subject[probe[1]], subject[probe[1]] + 1
    found = first_matches_by_group(values, subject, probe, gallery, starts)
    assert found is not None
    assert (found[0, 1], found[0, 2], found[1, 2]) == (1, NOT_FIRST, NOT_FIRST)


def test_nearly_everybody_at_one_point() -> None:
    values, *rest = make_case(5, 1.0)
    values = np.where(np.abs(values) > 3.7, np.float32(0.1), np.float32(0.0))
    found = first_matches_by_group(values, *rest)
    assert found is not None
    np.testing.assert_array_equal(found, exact(values, *rest))


def test_gives_up_where_everything_is_in_doubt_or_overflows(monkeypatch: pytest.MonkeyPatch) -> None:
    values, *rest = make_case(4, 1.0)
    monkeypatch.setattr(screening, "_MOST_IN_DOUBT", 0.02)
    assert first_matches_by_group(np.ones_like(values), *rest) is None
    assert first_matches_by_group(values * np.float32(1e30), *rest) is None


def test_small_sets_are_not_worth_it() -> None:
    assert not is_worthwhile(100, 100, 64)

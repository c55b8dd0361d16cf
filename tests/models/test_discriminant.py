import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from gaitprint.core.errors import IncompatibleError
from gaitprint.models.discriminant import Discriminant


def walks(seed: int = 0, people: int = 12, each: int = 5, size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(people), each)
    mixing = rng.normal(size=(size, size))
    values = rng.normal(size=(people, size))[labels] * 2 + rng.normal(size=(people * each, size)) @ mixing
    return values, labels


def fitted(values: np.ndarray, labels: np.ndarray, dimensions: int = 8, shrinkage: float = 0.0) -> Discriminant:
    discriminant = Discriminant(values.shape[1], dimensions, shrinkage).double()
    discriminant.fit(torch.from_numpy(values), torch.from_numpy(labels))
    return discriminant


def test_spans_the_same_directions_as_scikit_learn() -> None:
    values, labels = walks()
    ours = fitted(values, labels, dimensions=3)(torch.from_numpy(values)).numpy()
    theirs = LinearDiscriminantAnalysis(solver="svd", n_components=3).fit(values, labels).transform(values)
    for axis in range(3):
        assert abs(np.corrcoef(ours[:, axis], theirs[:, axis])[0, 1]) == pytest.approx(1, abs=1e-6)


def test_walks_of_one_person_vary_equally_in_all_directions() -> None:
    values, labels = walks()
    projected = fitted(values, labels)(torch.from_numpy(values)).numpy()
    apart = np.concatenate([projected[labels == p] - projected[labels == p].mean(axis=0) for p in range(12)])
    np.testing.assert_allclose(apart.T @ apart / (60 - 12), np.eye(8), atol=1e-6)


def test_unknown_measurements_count_as_average_and_constant_ones_as_nothing() -> None:
    values, labels = walks()
    values[:, 7] = 3.0
    discriminant = fitted(values, labels, shrinkage=0.2)
    without, changed = torch.from_numpy(values[:1].copy()), torch.from_numpy(values[:1].copy())
    without[0, 2] = torch.nan
    changed[0, 2] = values[:, 2].mean()
    torch.testing.assert_close(discriminant(without), discriminant(changed))
    assert torch.isfinite(discriminant(torch.from_numpy(values))).all()


def test_more_dimensions_than_people_are_empty() -> None:
    values, labels = walks(people=4)
    projected = fitted(values, labels, shrinkage=0.2)(torch.from_numpy(values))
    assert projected[:, :3].abs().min() > 0
    assert not projected[:, 3:].any()


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_nothing_to_tell_apart_is_refused(labels: list[int]) -> None:
    with pytest.raises(IncompatibleError, match="a discriminant needs 2 people"):
        Discriminant(2, 1, 0.1).fit(torch.randn(3, 2), torch.tensor(labels))

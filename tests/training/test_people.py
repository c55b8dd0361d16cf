import pytest

from gaitprint.core.errors import UsageError
from gaitprint.data.store import Store
from gaitprint.training.people import candidates_of, choose_people, people_of_fold
from gaitprint.training.recipe import DataConfig


def test_a_share_of_the_people_keeps_all_their_walks(blobs: Store) -> None:
    people = choose_people(blobs, DataConfig(share_of_subjects=0.5), seed=0)
    assert len(people.subjects) == 2
    assert set(people.subjects) < {"000", "001", "002", "003"}
    assert [blobs.infos[position].subject for position in people.positions] == [
        subject for subject in people.subjects for _ in range(6)
    ]
    assert choose_people(blobs, DataConfig(share_of_subjects=0.5), seed=0).subjects == people.subjects
    drawn = {choose_people(blobs, DataConfig(share_of_subjects=0.5), seed=seed).subjects for seed in range(20)}
    assert len(drawn) > 3


def test_those_held_out_are_the_same_with_and_without_a_share(blobs: Store) -> None:
    whole = choose_people(blobs, DataConfig(validation_subjects=1), seed=3)
    part = choose_people(blobs, DataConfig(validation_subjects=1, share_of_subjects=0.7), seed=3)
    assert part.validation_subjects == whole.validation_subjects
    assert len(whole.subjects) == 3
    assert len(part.subjects) == 2
    assert not set(part.subjects) & set(part.validation_subjects)


@pytest.mark.parametrize("share", [0.0, 1.5, -0.2])
def test_a_share_is_a_share(share: float) -> None:
    with pytest.raises(UsageError, match="share_of_subjects"):
        DataConfig(share_of_subjects=share)


def test_folds_share_everybody_out_once(skeletons: Store) -> None:
    everybody = {info.subject for info in skeletons.infos}
    left_out = []
    for fold in range(4):
        data = DataConfig(subjects="all", folds=4, fold=fold)
        learnt = set(choose_people(skeletons, data, seed=0).subjects)
        assert learnt == set(choose_people(skeletons, data, seed=5).subjects)
        left_out.append(everybody - learnt)
    assert sorted(subject for fold in left_out for subject in fold) == sorted(everybody)
    assert sorted(map(len, left_out)) == [2, 2, 2, 3]


def test_people_are_held_out_of_those_learnt_not_of_the_fold(skeletons: Store) -> None:
    data = DataConfig(subjects="all", folds=3, fold=1, validation_subjects=2)
    people = choose_people(skeletons, data, seed=0)
    assert len(people.subjects) == 4
    left_out = people_of_fold(candidates_of(skeletons, "all"), 3, 1)
    assert not {*people.subjects, *people.validation_subjects} & set(left_out)


@pytest.mark.parametrize(("folds", "fold"), [(3, 3), (0, 0), (3, -1)])
def test_a_fold_is_one_of_them(folds: int, fold: int) -> None:
    with pytest.raises(UsageError, match=r"data\.fold is"):
        DataConfig(folds=folds, fold=fold)


def test_there_are_not_more_folds_than_people(skeletons: Store) -> None:
    with pytest.raises(UsageError, match=r"data\.folds is 10, but there are 9 people"):
        choose_people(skeletons, DataConfig(subjects="all", folds=10), seed=0)

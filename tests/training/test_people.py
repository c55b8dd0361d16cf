import pytest

from gaitprint.core.errors import UsageError
from gaitprint.data.store import Store
from gaitprint.training.people import choose_people
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

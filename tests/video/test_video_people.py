"""Everybody in a video, with what will do of them: rendered scenes, and the front-end that needs nothing installed."""

from pathlib import Path

import numpy as np
import pytest
from tests.video.crowds import camera, passer, picture, write

from gaitprint.core.errors import InvalidSequenceError, UnreadableFileError, UsageError
from gaitprint.video.front_ends import choose_front_ends
from gaitprint.video.passage import Passage
from gaitprint.video.video_people import people_in_video

RATE_HZ = 20.0
BACKGROUND = choose_front_ends("background")


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two who cross in the middle."""
    people = [
        passer(1, 150, 10, 6.5, RATE_HZ, 90, (0.0, 0.4)),
        passer(6, 150, 10, 6.5, RATE_HZ, 270, (0.0, -0.8)),
    ]
    return write(tmp_path_factory.mktemp("two") / "two.avi", picture(people, camera()).frames, RATE_HZ)


def test_two_people_have_two_names_and_their_best_walk_first(crossing: Path) -> None:
    seen: list[Passage] = []
    found = people_in_video(crossing, front_ends=BACKGROUND, on_passage=seen.append)
    assert [len(person.walks) for person in found.usable()] == [2, 2]
    assert (found.frames, found.seconds, found.warnings) == (150, 7.5, ())
    for person in found.people:
        assert {walk.subject for walk in person.walks} == {f"two-person-{person.number:02d}"}
        scores = {passage.walk.id: passage.quality.score for passage in person.passages if passage.walk is not None}
        assert [walk.id for walk in person.walks] == sorted(scores, key=lambda walk: -scores[walk])
    assert len({walk.id for walk in found.walks}) == 4
    # What is told on the way has its pictures; what is kept has not.
    assert len(seen) == sum(len(person.passages) for person in found.people)
    assert all(len(passage.crops) == len(passage.numbers) for passage in seen)
    assert all(passage.crops.size == 0 for person in found.people for passage in person.passages)
    assert found.stages.seconds["segmentation"] > 0


def test_one_name_for_two_who_walk_at_once_is_refused(crossing: Path) -> None:
    with pytest.raises(UsageError, match="'ann': two people walk at once from frame"):
        people_in_video(crossing, front_ends=BACKGROUND, subject="ann")


def test_refusals_are_kept_and_said_only_when_asked_for(tmp_path: Path) -> None:
    people = [passer(4, 180, 10, 8.0, RATE_HZ, 90)]
    path = write(tmp_path / "tiny.avi", picture(people, camera(distance_m=13.0)).frames, RATE_HZ)
    found = people_in_video(path, front_ends=BACKGROUND)
    assert [person.walks for person in found.people] == [()]
    with pytest.raises(InvalidSequenceError, match=r"tiny\.avi: no walk that will do among 1 passage \(too small"):
        found.usable()


def test_nobody_and_nothing(tmp_path: Path) -> None:
    still = np.full((20, 96, 128, 3), 120, np.uint8)
    found = people_in_video(write(tmp_path / "nobody.avi", still, RATE_HZ), front_ends=BACKGROUND)
    assert (found.people, found.walks) == ((), ())
    with pytest.raises(InvalidSequenceError, match="nobody walks in it"):
        found.usable()
    with pytest.raises(UnreadableFileError, match=r"none\.avi"):
        people_in_video(tmp_path / "none.avi", front_ends=BACKGROUND)

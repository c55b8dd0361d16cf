"""Whether two people walk at once: passages of made-up times, places and figures."""

import numpy as np
import pytest

from gaitprint.core.sequence import GaitSequence
from gaitprint.video.passage import Passage
from gaitprint.video.quality import PassageQuality
from gaitprint.video.together import Together, first_together

WALK = GaitSequence("unknown", "passage", "090", 25.0, silhouettes=np.ones((1, 8, 8), np.uint8))
GOOD = {"height_px": 90.0, "complete": 1.0, "rhythm": 0.5, "speed": 1.0, "person": None}
SEEN = {"person": 0.9, "rhythm": 0.0}


def passage(track: int, first: int, last: int, *, x: float = 0.0, usable: bool = True, **figures: float) -> Passage:
    """A passage in a square of 100 pixels."""
    numbers = np.arange(first, last + 1)
    quality = PassageQuality(len(numbers), 3.0, 2.5, sharpness=0.3, **(GOOD | figures))
    squares = np.tile((x, 0.0, 100.0), (len(numbers), 1))
    nothing = np.zeros((0, 0, 0, 3), np.uint8)
    walk, refused = (WALK, None) if usable else (None, "for some reason")
    return Passage(
        walk, refused, track, numbers, squares, nothing, nothing[..., 0], None, None, None, "left", 90.0, quality, 0
    )


def test_two_with_usable_walks() -> None:
    both = Together((1, 2), 40)
    assert first_together([passage(2, 40, 90, x=300), passage(1, 0, 50)]) == both
    assert str(both) == "persons 1 and 2 walk at once from frame 40 on"
    # In the same place too: a body that was found twice is refused before.
    assert first_together([passage(2, 40, 90), passage(1, 0, 50)]) == both
    assert first_together([passage(1, 0, 50), passage(2, 51, 90), passage(1, 91, 120)]) is None
    assert first_together([]) is None


def test_a_long_passage_and_the_second_one_after_it() -> None:
    """The second of three ends before the third begins, and the first is still there."""
    found = first_together([passage(1, 0, 100), passage(1, 10, 20), passage(2, 60, 90, x=300)])
    assert found == Together((1, 2), 60)


@pytest.mark.parametrize(
    ("figures", "counts"),
    [
        ({"complete": 0.3}, True),  # cut by the edge, or by a thing before them
        ({"height_px": 30.0}, True),
        ({"height_px": 30.0} | SEEN, True),
        ({"complete": 0.3} | SEEN, True),  # no steps are seen, but a person who moves on
        ({"person": 0.2}, False),  # no person
        ({"rhythm": 0.1}, False),  # nothing that says that somebody walks
        ({"speed": 0.05, "rhythm": 0.3}, False),  # stands
        ({"speed": 0.05, "person": 0.9, "rhythm": 0.0}, False),
        ({}, False),  # as good as any, and refused all the same: a body that was found twice
    ],
)
def test_somebody_whose_walk_is_refused(figures: dict[str, float], counts: bool) -> None:
    other = passage(2, 20, 60, x=300, usable=False, **figures)
    assert (first_together([passage(1, 0, 50), other]) is not None) == counts


def test_what_is_refused_in_the_same_place_is_the_same_body() -> None:
    assert first_together([passage(1, 0, 50), passage(2, 0, 50, x=20, usable=False, complete=0.3)]) is None
    assert first_together([passage(1, 0, 50), passage(2, 0, 50, x=80, usable=False, complete=0.3)]) is not None


def test_those_who_have_no_usable_walk_at_all_do_not_matter() -> None:
    passers = [passage(2, 0, 50, usable=False, complete=0.3), passage(3, 0, 50, x=300, usable=False, complete=0.3)]
    assert first_together([*passers, passage(1, 100, 150)]) is None
    # One of them is usable later: then two people were there whom nobody tells apart.
    assert first_together([*passers, passage(3, 100, 150)]) == Together((2, 3), 0)

import numpy as np
import pytest

from gaitprint.core.errors import InvalidSequenceError
from gaitprint.core.sequence import GaitSequence, check_label
from gaitprint.core.skeletons import COCO_17

SILHOUETTES = np.zeros((5, 8, 6), np.uint8)
JOINTS = np.zeros((5, 17, 2), np.float32)


def walk(**changes):
    values = {"subject": "001", "condition": "nm-01", "view": "090", "frame_rate_hz": 25.0, "silhouettes": SILHOUETTES}
    return GaitSequence(**(values | changes))


def test_holds_every_modality_of_the_same_length():
    sequence = walk(joints=JOINTS, skeleton="coco-17", frames=np.zeros((5, 8, 6, 3), np.uint8))
    assert sequence.modalities == ("silhouettes", "joints", "frames")
    assert sequence.skeleton is COCO_17
    assert sequence.num_frames == 5


def test_arrays_are_read_only_without_a_copy_and_without_freezing_the_callers_array():
    array = SILHOUETTES.copy()
    sequence = walk(silhouettes=array)
    assert np.shares_memory(sequence.silhouettes, array)
    with pytest.raises(ValueError, match="read-only"):
        sequence.silhouettes[0, 0, 0] = 1
    array[0, 0, 0] = 1


def test_select_keeps_labels_and_the_chosen_frames():
    silhouettes = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((5, 2, 2), np.uint8)
    part = walk(silhouettes=silhouettes, joints=JOINTS, skeleton=COCO_17, view_deg=90.0).select(np.array([4, 0, 0]))
    assert part.silhouettes[:, 0, 0].tolist() == [4, 0, 0]
    assert part.joints.shape == (3, 17, 2)
    assert (part.id, part.view_deg) == ("001/nm-01/090", 90.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subject": ""}, "subject is ''"),
        ({"view": "a/b"}, "view 'a/b' is no valid label"),
        ({"condition": ".."}, "no valid label"),
        ({"subject": "x" * 129}, "no valid label"),
        ({"subject": "a\nb"}, "no valid label"),
        ({"frame_rate_hz": 0}, "must be above 0"),
        ({"frame_rate_hz": float("nan")}, "must be above 0"),
        ({"view_deg": float("inf")}, "must be a finite number"),
        ({"view_deg": "090"}, "view_deg is '090', must be a finite number"),
        ({"joints": JOINTS, "skeleton": 17}, "skeleton is 17, must be a Skeleton or a name"),
        ({"silhouettes": None}, "none given"),
        ({"silhouettes": SILHOUETTES.astype(float)}, "need uint8 of rank 3"),
        ({"silhouettes": SILHOUETTES[0]}, "need uint8 of rank 3"),
        ({"silhouettes": SILHOUETTES[:0]}, "has no frames"),
        ({"silhouettes": SILHOUETTES[:, :0]}, "empty axis"),
        ({"frames": np.zeros((5, 8, 6, 4), np.uint8)}, "4 channels"),
        ({"frames": np.zeros((4, 8, 6, 3), np.uint8)}, "differ in length"),
        ({"joints": JOINTS}, "without a skeleton"),
        ({"skeleton": COCO_17}, "without joints"),
        ({"joints": JOINTS[:, :16], "skeleton": COCO_17}, "16 joints, but skeleton 'coco-17' has 17"),
        ({"joints": np.zeros((5, 17, 4), np.float32), "skeleton": COCO_17}, "4 coordinates"),
        (
            {"joints": np.full((5, 17, 2), np.nan, np.float32), "skeleton": COCO_17},
            "NaN or infinity, first nose in frame 0; a joint that was not seen has any place and confidence 0",
        ),
        (
            {"joints": np.full((5, 17, 2), -2e6, np.float32), "skeleton": COCO_17},
            "reach beyond 1,000,000 metres or pixels, first nose in frame 0",
        ),
        ({"joints": JOINTS, "skeleton": COCO_17, "confidence": np.full((5, 17), 2, np.float32)}, "outside 0..1"),
        ({"joints": JOINTS, "skeleton": COCO_17, "confidence": np.ones((5, 16), np.float32)}, "has shape"),
    ],
)
def test_refuses_what_cannot_be_a_walk_in_one_line(changes, message):
    with pytest.raises(InvalidSequenceError) as caught:
        walk(**changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [np.float32, np.int64, np.float64])
def test_numbers_of_numpy_are_numbers(number):
    sequence = walk(frame_rate_hz=number(25), view_deg=number(90))
    assert (sequence.frame_rate_hz, sequence.view_deg) == (25, 90)


def test_ordinary_labels_are_accepted():
    for label in ("001", "nm-01", "Person 7", "дорога", "a.b"):
        check_label("subject", label)

"""The tables of docs/skeletons.md stay true."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.skeletons import SKELETONS, Skeleton, convert_joints, mapping
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle

TEXT = (Path(__file__).parents[3] / "docs" / "skeletons.md").read_text(encoding="utf-8")


def test_defaults_of_preprocessing_are_those_of_the_code() -> None:
    written = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", TEXT, re.MULTILINE))
    for option in dataclasses.fields(PreprocessingConfig):
        assert yaml.safe_load(written[option.name]) == option.default


@pytest.mark.parametrize("source", SKELETONS.values(), ids=lambda skeleton: skeleton.name)
def test_what_can_be_converted_is_what_is_said(source: Skeleton) -> None:
    (said,) = re.findall(rf"^\| `{source.name}` \|[^|]*\|([^|]*)\|$", TEXT, re.MULTILINE)
    others = {name for name, target in SKELETONS.items() if target != source and mapping(source, target)[1].all()}
    assert others == (set(SKELETONS) - {source.name} if "all" in said else set(re.findall(r"`([^`]+)`", said)))


BARE = {"centre": False, "face_forward": False}
HIPS, KNEES, ANKLES, SHOULDERS = ((f"left_{joint}", f"right_{joint}") for joint in ("hip", "knee", "ankle", "shoulder"))


def tree(joints: tuple[str, ...]) -> Skeleton:
    return Skeleton("mine", joints, tuple((joints[0], joint) for joint in joints[1:]), ())


@pytest.mark.parametrize(
    ("joints", "options"),
    [
        (("head", "left_hand"), BARE),
        (HIPS, BARE | {"centre": True}),
        (("pelvis",), BARE | {"centre": True}),
        ((*HIPS, *KNEES, *ANKLES, *SHOULDERS), {}),
        ((*HIPS, *KNEES, *ANKLES, *SHOULDERS), {"size": "unit"}),
        ((*HIPS, *KNEES, *ANKLES, "thorax"), {"size": "unit", "face_forward": False}),
        ((*HIPS, *KNEES, *ANKLES, *SHOULDERS), {"size": "reference-bones"}),
    ],
)
def test_each_step_does_with_the_joints_that_are_named(joints: tuple[str, ...], options: dict) -> None:
    points = walk(average_body(1.7), GaitStyle(), 60, frame_rate_hz=30.0).landmarks

    def preprocessed(skeleton: Skeleton) -> np.ndarray:
        own, confidence = convert_joints(points, LANDMARKS, skeleton)
        return preprocess(own, confidence, skeleton, 30.0, PreprocessingConfig(**options))[0]

    assert np.isfinite(preprocessed(tree(joints))).all()
    if options != BARE:
        # None of them can be spared.
        for left_out in joints:
            others = tuple(joint for joint in joints if joint != left_out)
            with pytest.raises(IncompatibleError, match="skeleton 'mine' cannot be preprocessed: it has no"):
                preprocessed(tree((*others, "head")))

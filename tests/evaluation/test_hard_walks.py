"""Walks that are hard: each is handled as docs/skeletons.md says, or refused in one clear line, on every way in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.small_networks import SMALL

from gaitprint.cli import main
from gaitprint.core.config import from_mapping, to_mapping
from gaitprint.core.errors import IncompatibleError, InvalidSequenceError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import (
    BLAZEPOSE_33,
    COCO_17,
    KINECT_V1_20,
    KINECT_V2_25,
    MPII_16,
    Skeleton,
    convert_joints,
)
from gaitprint.data.inputs import build_input
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import Embedder
from gaitprint.models import MODELS
from gaitprint.models.weights import Card, build_model, save_weights
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle

MODELS_OF_WALKS: dict[str, dict] = {
    "anthropometry": {},
    "gait-statistics": {},
    "resgcn": SMALL["resgcn"],
    "skeleton-transformer": {"skeleton": "kinect-v1-20", **SMALL["skeleton-transformer"]},
}
NETWORKS = ("resgcn", "skeleton-transformer")
FRAMES = 120


def recorded(skeleton: Skeleton = KINECT_V1_20, frames: int = FRAMES) -> np.ndarray:
    """Somebody walks by, 2 m away: float32 [T, J, 3]."""
    points = walk(average_body(1.7), GaitStyle(), frames, frame_rate_hz=30.0).landmarks
    return convert_joints(points, LANDMARKS, skeleton)[0] + np.float32([0.3, 0, 2])


def sequence(
    joints: np.ndarray, skeleton: Skeleton = KINECT_V1_20, unseen: Callable[[np.ndarray], object] | None = None
) -> GaitSequence:
    confidence = None
    if unseen is not None:
        confidence = np.ones(joints.shape[:2], np.float32)
        unseen(confidence)
    labels = ("anna", "walk-01", "free")
    return GaitSequence(*labels, 30.0, joints=joints, skeleton=skeleton, confidence=confidence)


def losing(frames: slice, *joints: str) -> Callable[[np.ndarray], object]:
    columns = [KINECT_V1_20.index(joint) for joint in joints] or list(range(20))

    def lose(confidence: np.ndarray) -> None:
        for column in columns:
            confidence[frames, column] = 0

    return lose


def lose_a_fifth(confidence: np.ndarray) -> None:
    confidence[np.random.default_rng(0).random(confidence.shape) < 0.2] = 0


def exchanged(frames: slice) -> np.ndarray:
    """The walk with left and right joints exchanged in some frames."""
    joints = recorded()
    joints[frames] = joints[frames][:, KINECT_V1_20.mirror_indices]
    return joints


def spoilt(value: float) -> np.ndarray:
    joints = recorded()
    joints[5, 3, 0] = value
    return joints


@dataclass
class Case:
    """A walk and what is expected: a line that refuses it, or how far off its embedding may be.

    `anthropometry` is in metres a bone, the others in cosine distance from the walk as it should be. The weights are
    random, so that distances only say whether the difference was repaired or reaches the network.
    """

    name: str
    make: Callable[[], GaitSequence]
    anthropometry: str | float
    networks: str | float
    statistics: str | float | None = None  # where it differs from the networks

    def expected(self, model: str) -> str | float:
        if model == "gait-statistics" and self.statistics is not None:
            return self.statistics
        return self.anthropometry if model == "anthropometry" else self.networks


EVERYWHERE = slice(None)
NO_HANDS_OR_FEET = "the model needs joints of kinect-v1-20; {} has no left_hand, right_hand, left_foot, right_foot"
TOO_LITTLE = "gives no finite embedding, the walk shows too little"
NO_PLACE = (
    "joints hold NaN or infinity, first head in frame 5; a joint that was not seen has any place and confidence 0"
)
UNKNOWN_SIDES = "legs that neither swing nor bend leave open whether the axes are left- or right-handed"
FLAT = "the model needs joints with 3 coordinates, these have 2"
LEGS = Skeleton("knees-3", ("pelvis", "left_knee", "right_knee"), (("pelvis", "left_knee"),), ())

CASES = [
    # Missing joints
    Case("a-knee-for-a-second", lambda: sequence(recorded(), unseen=losing(slice(30, 60), "left_knee")), 0.001, 0.01),
    Case("a-fifth-of-everything", lambda: sequence(recorded(), unseen=lose_a_fifth), 0.001, 0.001),
    Case("never-a-foot", lambda: sequence(recorded(), unseen=losing(EVERYWHERE, "left_foot")), TOO_LITTLE, 0.02, 0.06),
    Case("never-the-pelvis", lambda: sequence(recorded(), unseen=losing(EVERYWHERE, "pelvis")), TOO_LITTLE, 0.02, 0.2),
    Case(
        "never-a-leg",
        lambda: sequence(recorded(), unseen=losing(EVERYWHERE, *KINECT_V1_20.joints[12:])),
        TOO_LITTLE,
        UNKNOWN_SIDES,
    ),
    Case("nothing", lambda: sequence(recorded(), unseen=losing(EVERYWHERE)), TOO_LITTLE, TOO_LITTLE),
    # A clip of the middle frames shows nothing of it; statistics of the whole walk are those of one posture.
    Case("one-frame-seen", lambda: sequence(recorded(), unseen=losing(slice(1, None))), 0.01, TOO_LITTLE, 1.0),
    # No numbers
    Case("nan", lambda: sequence(spoilt(np.nan)), NO_PLACE, NO_PLACE),
    Case("infinity", lambda: sequence(spoilt(np.inf)), NO_PLACE, NO_PLACE),
    Case("far-away", lambda: sequence(spoilt(1e30)), *["reach beyond 1,000,000 metres or pixels, first head"] * 2),
    # Short walks
    Case("three-frames", lambda: sequence(recorded(frames=3)), 0.02, 0.06),
    Case("one-frame", lambda: sequence(recorded(frames=1)), 0.02, 0.06),
    Case("no-frame", lambda: sequence(recorded()[:0]), *["has no frames"] * 2),
    # Left and right
    Case("exchanged-in-five-frames", lambda: sequence(exchanged(slice(10, 110, 20))), 0.001, 0.001),
    Case("exchanged-for-a-third-second", lambda: sequence(exchanged(slice(50, 60))), 0.01, 0.02),
    Case("mirrored-axes", lambda: sequence(recorded() * np.float32([-1, 1, 1])), 0.001, 0.001),
    # Other skeletons
    Case("kinect-v2-25", lambda: sequence(recorded(KINECT_V2_25), KINECT_V2_25), 0.001, 0.001),
    Case("blazepose-33", lambda: sequence(recorded(BLAZEPOSE_33), BLAZEPOSE_33), 0.1, 0.01),
    Case("coco-17", lambda: sequence(recorded(COCO_17), COCO_17), *[NO_HANDS_OR_FEET.format("coco-17")] * 2),
    Case("mpii-16", lambda: sequence(recorded(MPII_16), MPII_16), *[NO_HANDS_OR_FEET.format("mpii-16")] * 2),
    Case("own", lambda: sequence(recorded(LEGS), LEGS), *["knees-3 has no spine_mid, thorax, head"] * 2),
    Case("in-the-image", lambda: sequence(recorded()[..., :2] * 100), FLAT, FLAT),
    Case("other-count", lambda: sequence(recorded(COCO_17)), *["17 joints, but skeleton 'kinect-v1-20' has 20"] * 2),
    Case("half-precision", lambda: sequence(recorded().astype(np.float16)), *["joints are float16 of rank 3"] * 2),
]


def choices(name: str) -> tuple[dict, dict]:
    """Model and input, as a card has them."""
    config = from_mapping(MODELS[name].Config, MODELS_OF_WALKS[name])
    return {"name": name, **to_mapping(config)}, dict(MODELS[name].default_input(config))


def make_embedder(name: str, **options: object) -> Embedder:
    model, model_input = choices(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Embedder(build_model(model, None), build_input(model_input | options), name=name)


@pytest.fixture(params=list(MODELS_OF_WALKS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_gives_an_embedding_or_a_line(case: Case, name: str, tmp_path: Path) -> None:
    embedder = make_embedder(name)
    expected = case.expected(name)

    def embed() -> np.ndarray:
        return embedder.embed([case.make()])[0, 0]

    def embed_stored() -> np.ndarray:
        Store.create(tmp_path).add([case.make()])
        return embedder.embed_store(Store(tmp_path)).embeddings[0, 0]

    for way in (embed, embed_stored):
        if isinstance(expected, str):
            with pytest.raises((IncompatibleError, InvalidSequenceError), match=re.escape(expected)) as error:
                way()
            assert str(error.value).startswith("anna/walk-01/free: ")
            assert "\n" not in str(error.value)
            continue
        usual, found = embedder.embed([sequence(recorded())])[0, 0], way()
        off = np.abs(found - usual).max() if name == "anthropometry" else 1 - found @ usual
        assert off <= expected


@pytest.mark.parametrize("name", NETWORKS)
def test_a_recording_with_left_and_right_exchanged_becomes_the_mirrored_walk(name: str) -> None:
    model_input = make_embedder(name).input
    straight, swapped = (model_input.encode(sequence(joints)) for joints in (recorded(), exchanged(EVERYWHERE)))
    mirrored = straight[:, KINECT_V1_20.mirror_indices] * np.float32([-1, 1, 1, 1])
    np.testing.assert_allclose(swapped, mirrored, atol=1e-5)
    assert (swapped[:, KINECT_V1_20.index("left_hip"), 0] < 0).all()
    # Whoever says which axes these are is believed: then left is where the recording has it.
    told = make_embedder(name, preprocessing={"handedness": "left"}).input
    wrong = told.encode(sequence(exchanged(EVERYWHERE)))
    assert (wrong[:, KINECT_V1_20.index("left_hip"), 0] > 0).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_clip_that_shows_nobody_has_no_say(name: str) -> None:
    options = {"frames": 20, "sampling": "clip", "preprocessing": {"longest_gap_s": 0.1}}
    gap = sequence(recorded(), unseen=losing(slice(40, 80)))
    clips = make_embedder(name, evaluation_clips=3, **options)
    found = clips.embed([gap])[0, 0]
    whole = torch.from_numpy(clips.input.encode(gap)).view(3, 20, 20, 4)
    first, middle, last = clips.model(whole).embedding[:, 0].detach()
    assert middle.isnan().all()
    np.testing.assert_allclose(found, (first + last) / 2, atol=1e-5)


@pytest.fixture
def weights(name: str, tmp_path: Path) -> str:
    """A model as `gaitprint evaluate` takes it."""
    if name == "anthropometry":
        return name
    model, model_input = choices(name)
    folder = tmp_path / "weights"
    folder.mkdir()
    facts = {"distance": "cosine", "num_subjects": None, "train_subjects": (), "data": "", "metrics": {}}
    save_weights(folder, build_model(model, None), Card(model=model, input=model_input, recipe="", step=0, **facts))
    return str(folder)


@pytest.mark.parametrize("case", [case for case in CASES if case.name in ("nothing", "coco-17", "in-the-image")])
def test_evaluate_says_which_walk_it_cannot_use(
    case: Case, name: str, weights: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [GaitSequence("bert", f"walk-0{n}", "free", 30.0, joints=recorded(), skeleton=KINECT_V1_20) for n in (1, 2)]
    Store.create(tmp_path / "store").add([*good, case.make()])
    out = str(tmp_path / "out")
    arguments = ["evaluate", weights, "--data", str(tmp_path / "store"), "--protocol", "first-walk", "--out", out]
    assert main.run(arguments) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    expected = case.expected(name)
    assert line.startswith("error: anna/walk-01/free: ")
    assert str(expected) in line


def test_walks_of_several_skeletons_are_evaluated_together(name: str, weights: str, tmp_path: Path) -> None:
    walks = [
        GaitSequence(subject, f"walk-0{n}", "free", 30.0, joints=recorded(skeleton), skeleton=skeleton)
        for subject in ("anna", "bert")
        for n, skeleton in enumerate((KINECT_V1_20, KINECT_V2_25), 1)
    ]
    Store.create(tmp_path / "store").add(walks)
    arguments = ["evaluate", weights, "--data", str(tmp_path / "store"), "--protocol", "first-walk"]
    assert main.run([*arguments, "--out", str(tmp_path / "out"), "--quiet"]) == 0


FILE_ORDER = (
    *("Head", "Shoulder-Center", "Shoulder-Right", "Shoulder-Left", "Elbow-Right", "Elbow-Left", "Wrist-Right"),
    *("Wrist-Left", "Hand-Right", "Hand-Left", "Spine", "Hip-centro", "Hip-Right", "Hip-Left", "Knee-Right"),
    *("Knee-Left", "Ankle-Right", "Ankle-Left", "Foot-Right", "Foot-Left"),
)


def kinect_lines(joints: np.ndarray) -> list[str]:
    """The text of a recording: 20 lines a frame."""
    named = {"Shoulder-Center": "thorax", "Spine": "spine_mid", "Hip-centro": "pelvis", "Head": "head"}
    columns = [KINECT_V1_20.index(named.get(n) or "_".join(n.lower().split("-")[::-1])) for n in FILE_ORDER]
    return [
        f"{n};{x:.6f};{y:.6f};{z:.6f}"
        for frame in joints[:, columns].tolist()
        for n, (x, y, z) in zip(FILE_ORDER, frame, strict=True)
    ]


def without(lines: list[str], joint: str) -> list[str]:
    return [line for line in lines if not line.startswith(f"{joint};")]


FILES: dict[str, tuple[Callable[[], list[str]], str | None]] = {
    "good": (lambda: kinect_lines(recorded()), None),
    "three-frames": (lambda: kinect_lines(recorded(frames=3)), None),
    "exchanged": (lambda: kinect_lines(exchanged(EVERYWHERE)), None),
    "one-frame": (lambda: kinect_lines(recorded(frames=1)), "1 frame, a walk needs 2"),
    "never-a-foot": (lambda: without(kinect_lines(recorded()), "Foot-Left"), "frame 0 (line 1) has 19 joints, need 20"),
    "once-no-foot": (
        lambda: [*kinect_lines(recorded())[:59], *kinect_lines(recorded())[60:]],
        "frame 2 (line 41) has 19 joints, need 20",
    ),
    "nan": (lambda: kinect_lines(spoilt(np.nan)), "line 101 holds NaN or infinity"),
    "infinity": (lambda: kinect_lines(spoilt(np.inf)), "line 101 holds NaN or infinity"),
    "far-away": (lambda: kinect_lines(spoilt(1e30)), "joints reach beyond 1,000,000 metres or pixels, first head"),
    "names-exchanged": (
        lambda: [line.replace("Foot-Left", "Foot-Right") for line in kinect_lines(recorded())],
        "line 20 names joint 'Foot-Right', expected Foot-Left",
    ),
    "in-the-image": (
        lambda: [line.rpartition(";")[0] for line in kinect_lines(recorded())],
        "line 1 is not Joint;x;y;z",
    ),
}


def test_prepare_stores_what_it_can_and_says_why_not_the_rest(tmp_path: Path) -> None:
    for number, (make, _) in enumerate(FILES.values(), 1):
        folder = tmp_path / "walks" / f"Person{number:03d}"
        folder.mkdir(parents=True)
        (folder / "1.txt").write_text("\n".join(make()))
    arguments = ["prepare", "kinect-gait", str(tmp_path / "walks"), "--out", str(tmp_path / "store"), "--workers", "1"]
    assert main.run([*arguments, "--quiet"]) == 0
    store = Store(tmp_path / "store")
    reasons = {Path(reject["path"]).parent.name: reject["reason"] for reject in store.manifest["rejects"]}
    for number, (make, reason) in enumerate(FILES.values(), 1):
        person = f"Person{number:03d}"
        if reason is None:
            joints = store.read(f"{person}/walk-01/free").joints
            assert len(make()) == joints.shape[0] * joints.shape[1]
        else:
            assert reason in reasons.pop(person)
    assert not reasons
    for model in MODELS_OF_WALKS:
        assert np.isfinite(make_embedder(model).embed_store(store).embeddings).all()

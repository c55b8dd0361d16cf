import numpy as np
import pytest

from gaitprint.synth.body import average_body, sample_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import joint_angles_deg, walk
from gaitprint.synth.style import GaitStyle, sample_style

BODY = average_body(1.75)


def landmark(motion, name):
    return motion.landmarks[:, LANDMARKS.index(name)].astype(float)


@pytest.fixture(scope="module")
def one_hundredths():
    """Three cycles of the mean gait, 100 frames each."""
    return walk(BODY, GaitStyle(), 300, frame_rate_hz=92.0)


def people():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        yield sample_body(rng), sample_style(rng)


def test_joint_angles_have_the_published_landmarks():
    # Winter 1991, Perry 1992: two waves of knee flexion, plantarflexion at toe-off, hip extension before it.
    hip, knee, ankle = joint_angles_deg(
        np.arange(100) / 100, GaitStyle(hip_amplitude=1, knee_offset_deg=0, ankle_amplitude=1)
    )
    assert 58 < knee.max() < 66
    assert 68 <= knee.argmax() <= 76
    assert 15 < knee[5:30].max() < 22
    assert 2 < knee[35:45].min() < 8
    assert 48 <= hip.argmin() <= 56
    assert -24 < hip.min() < -16
    assert 60 <= ankle.argmin() <= 67
    assert 40 <= ankle[:60].argmax() <= 48


def test_speed_and_stride_of_the_mean_gait_are_normal(one_hundredths):
    assert 1.1 < one_hundredths.speed_m_s < 1.5
    assert 1.2 < one_hundredths.speed_m_s / 0.92 < 1.6


@pytest.mark.parametrize("which", range(8))
def test_bones_keep_their_lengths(which):
    body, style = list(people())[which]
    motion = walk(body, style, 60)
    bones = LANDMARKS.bone_indices
    # The toes bend, and the spine's bones hang on points that turn against each other.
    kept = [
        row
        for row, (parent, child) in enumerate(LANDMARKS.bones)
        if not child.endswith("foot") and (parent, child) != ("pelvis", "spine_mid")
    ]
    lengths = np.linalg.norm(
        motion.landmarks[:, bones[kept, 0]].astype(float) - motion.landmarks[:, bones[kept, 1]], axis=-1
    )
    assert np.ptp(lengths, axis=0).max() < 1e-4
    for name, length in (("hip", body.thigh), ("knee", body.shank)):
        below = {"hip": "knee", "knee": "ankle"}[name]
        bone = landmark(motion, f"left_{name}") - landmark(motion, f"left_{below}")
        assert np.linalg.norm(bone, axis=1).mean() == pytest.approx(length, abs=1e-4)


@pytest.mark.parametrize("which", range(8))
def test_knees_bend_backwards_elbows_forwards_and_feet_stay_on_the_floor(which):
    body, style = list(people())[which]
    motion = walk(body, style, 200, frame_rate_hz=100.0)
    for side in ("left", "right"):
        for upper, middle, lower, sign in (("hip", "knee", "ankle", 1), ("shoulder", "elbow", "wrist", -1)):
            a, b, c = (landmark(motion, f"{side}_{name}") for name in (upper, middle, lower))
            bend = np.cross(b - a, c - b)[:, 0]  # about the axis from left to right
            assert (sign * bend > -1e-3).all()
    soles = np.stack([landmark(motion, f"{s}_{p}") for s in ("left", "right") for p in ("heel", "foot")], axis=1)
    assert np.abs(soles[..., 1].min(axis=1)).max() < 0.012


def test_a_standing_foot_hardly_slides(one_hundredths):
    for side, lag in (("left", 0.5), ("right", 0.0)):
        cycle = np.mod(one_hundredths.right_phase - lag, 1.0)
        foot = landmark(one_hundredths, f"{side}_ankle")
        flat = (cycle > 0.12) & (cycle < 0.35)
        speed = np.abs(np.diff(foot[:, 2])[flat[1:]]) * 92.0
        # Against more than 3 m/s of a foot that swings.
        assert speed.mean() < 0.2
        assert np.abs(np.diff(foot[:, 2])).max() * 92.0 > 3.0


def test_left_is_right_half_a_cycle_later(one_hundredths):
    pelvis = landmark(one_hundredths, "pelvis")
    for name in ("hip", "knee", "ankle", "heel", "shoulder", "elbow", "wrist"):
        left = landmark(one_hundredths, f"left_{name}") - pelvis
        right = landmark(one_hundredths, f"right_{name}") - pelvis
        mirrored = right * [-1, 1, 1]
        sway = 2 * pelvis[:-50, 0]  # the pelvis itself sways to the other side
        assert np.allclose(left[50:], mirrored[:-50], atol=1e-4), name
        assert np.allclose(sway, pelvis[:-50, 0] - pelvis[50:, 0], atol=1e-4)


def test_arms_swing_against_legs(one_hundredths):
    pelvis = landmark(one_hundredths, "pelvis")[:, 2]
    for side in ("left", "right"):
        hand = landmark(one_hundredths, f"{side}_wrist")[:, 2] - pelvis
        foot = landmark(one_hundredths, f"{side}_ankle")[:, 2] - pelvis
        assert np.corrcoef(hand, foot)[0, 1] < -0.7


def test_the_pelvis_is_highest_when_one_leg_stands_and_lowest_when_both_do(one_hundredths):
    height = landmark(one_hundredths, "pelvis")[100:200, 1]
    assert 0.01 < np.ptp(height) < 0.06
    step = height[:50]
    assert 15 <= step.argmax() <= 42
    assert step.argmin() <= 10 or step.argmin() >= 46


def test_toes_point_forward_and_people_face_where_they_go(one_hundredths):
    assert (landmark(one_hundredths, "left_foot")[:, 2] > landmark(one_hundredths, "left_heel")[:, 2]).all()
    assert (landmark(one_hundredths, "nose")[:, 2] > landmark(one_hundredths, "head")[:, 2]).all()
    assert (landmark(one_hundredths, "right_hip")[:, 0] > landmark(one_hundredths, "left_hip")[:, 0]).all()
    assert np.allclose(landmark(one_hundredths, "head_top")[:, 1].mean(), 1.75, atol=0.05)


def test_a_walk_of_one_frame():
    assert walk(BODY, GaitStyle(), 1).landmarks.shape == (1, len(LANDMARKS.joints), 3)

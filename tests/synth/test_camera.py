import numpy as np
import pytest

from gaitprint.core.errors import UsageError
from gaitprint.synth.camera import VIEWS, Camera, ring

ORIGIN = [0.0, 1.0, 0.0]


def pixels(view_deg, *points):
    camera = Camera(view_deg=view_deg)
    return camera.project(camera.to_camera(np.array([points], np.float32)))[0]


def test_the_middle_of_the_walk_is_the_middle_of_every_picture():
    for view in VIEWS:
        assert np.allclose(pixels(float(view), ORIGIN), [[60, 80]], atol=1e-3)


def test_known_directions_in_three_views():
    # One metre to the walker's right and one ahead; at 9 m a metre across is 60 pixels.
    right, ahead = [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]
    assert np.allclose(pixels(0, right), [[0, 80]], atol=1e-3)
    assert np.allclose(pixels(180, right), [[120, 80]], atol=1e-3)
    assert np.allclose(pixels(90, ahead), [[0, 80]], atol=1e-3)
    camera = Camera(view_deg=0)
    assert camera.to_camera(np.array(ahead, np.float32))[2] == pytest.approx(8)  # came nearer
    assert np.allclose(pixels(0, [0.0, 2.0, 0.0]), [[60, 20]], atol=1e-3)  # up is up


def test_axes_are_orthonormal_and_keep_handedness():
    for view in VIEWS:
        axes = Camera(view_deg=float(view)).axes
        assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-6)
        assert np.linalg.det(axes) == pytest.approx(1.0, abs=1e-6)


def test_the_view_from_the_other_side_is_the_mirror_image_of_a_mirrored_body():
    points = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    mirrored = points * [-1, 1, 1]
    for view in (0.0, 36.0, 90.0, 162.0):
        here, there = pixels(view, *points), pixels(-view, *mirrored)
        assert np.allclose(here[:, 0], 120 - there[:, 0], atol=1e-3)
        assert np.allclose(here[:, 1], there[:, 1], atol=1e-3)


def test_following_keeps_a_walker_in_the_middle_and_shows_its_sway():
    path = np.zeros((50, 3), np.float32)
    path[:, 1], path[:, 2] = 1.0, np.linspace(-1.3, 1.3, 50)
    path[:, 0] = 0.02 * np.sin(np.linspace(0, 12, 50))
    for view in VIEWS:
        camera = Camera(view_deg=float(view))
        shift = camera.follow(path)
        column = camera.project(camera.to_camera(path), shift)[:, 0]
        assert np.array_equal(shift, np.rint(shift))
        assert np.abs(column - 60).max() < 3.5
    assert np.ptp(Camera(view_deg=0).follow(path)) <= 1  # nothing to follow but the sway


def test_ring_and_bad_settings():
    assert [camera.view_deg for camera in ring().values()] == [18.0 * n for n in range(11)]
    for view in ("side", "nan", "inf"):
        with pytest.raises(UsageError, match=f"view '{view}' is no angle"):
            ring((view,))
    with pytest.raises(UsageError, match="16x16"):
        Camera(view_deg=0, height=8)
    with pytest.raises(UsageError, match="above 0"):
        Camera(view_deg=0, distance_m=0)

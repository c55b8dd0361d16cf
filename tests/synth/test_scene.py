"""Scenes that walkers are filmed in."""

import numpy as np

from gaitprint.synth.camera import Camera
from gaitprint.synth.scene import Scene, add_grain, paint_background, sample_scene


def test_a_background_moves_with_the_camera_and_leaves_room_for_the_grain() -> None:
    camera = Camera(view_deg=90.0)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        scene = sample_scene(rng)
        shift = np.array([0, -3, 5], np.float32)
        frames = paint_background(scene, camera, 3, shift, rng)
        assert frames.shape == (3, 160, 120, 3)
        np.testing.assert_array_equal(frames[0, :, 3:], frames[1, :, :-3])
        np.testing.assert_array_equal(frames[0, :, :-5], frames[2, :, 5:])
        assert frames.min() >= scene.grain
        assert frames.max() <= 255 - scene.grain


def test_grain_is_as_strong_as_said() -> None:
    scene = Scene(light_from_deg=0, ambient=0.5, shadow=1, grain=3, clutter=0, texture=0)
    picture = np.full((2, 50, 50, 3), 3, np.uint8)
    add_grain(picture, scene, np.random.default_rng(0))
    assert picture.min() == 0
    assert picture.max() == 6
    assert abs(picture.mean() - 3) < 0.05


def test_scenes_differ() -> None:
    scenes = [sample_scene(np.random.default_rng(seed)) for seed in range(40)]
    assert len(set(scenes)) == 40
    assert 10 <= sum(scene.clutter == 0 for scene in scenes) <= 30

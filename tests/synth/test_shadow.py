"""Shadows under those who are filmed."""

import numpy as np
import pytest

from gaitprint.synth.body import average_body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import Outfit
from gaitprint.synth.motion import walk
from gaitprint.synth.raster import project_solids
from gaitprint.synth.render import paint_bodies, render_silhouettes
from gaitprint.synth.scene import Scene
from gaitprint.synth.solids import dress
from gaitprint.synth.style import GaitStyle


@pytest.mark.parametrize(("edge", "steps"), [(0.0, 1), (0.6, 4)])
def test_a_shadow_gets_darker_towards_its_middle_in_steps(edge: float, steps: int) -> None:
    body = average_body(1.7)
    solids = dress(walk(body, GaitStyle(), 1).landmarks, body, Outfit())
    camera = Camera(view_deg=90.0)
    scene = Scene(light_from_deg=0, ambient=0.6, shadow=0.5, grain=1, clutter=0, texture=0, shadow_edge=edge)
    picture = np.full((1, camera.height, camera.width, 3), 200, np.uint8)
    paint_bodies(picture, [project_solids(solids, camera)], [solids.colours], camera, scene)
    floor = picture[..., 0][render_silhouettes(solids, camera) == 0]
    levels = np.unique(floor)
    assert len(levels) == steps + 1
    assert levels[-1] == 200
    assert abs(int(levels[0]) - 100) <= steps
    assert (np.bincount(floor)[levels] > 3).all()

"""The scanline renderer against an evaluation of every pixel."""

import numpy as np
import pytest

from gaitprint.synth.camera import Camera
from gaitprint.synth.raster import fill, hull_spans, pixels_of, project_solids, spans_of
from gaitprint.synth.solids import Solids

HEIGHT, WIDTH = 48, 40


def signed_distance(centres, radii, stretch):
    """Of every pixel centre to the hull of two discs, in the stretched picture: walk along the axis, disc by disc."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    best = np.full((HEIGHT, WIDTH), np.inf)
    for share in np.linspace(0, 1, 1501):
        cx, cy = centres[0] * (1 - share) + centres[1] * share
        r = radii[0] * (1 - share) + radii[1] * share
        best = np.minimum(best, np.hypot((x - cx) / stretch, y - cy) - r)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_a_filled_hull_is_every_pixel_whose_centre_lies_in_it(seed):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-6, 46, (2, 3, 2, 2)).astype(np.float32)
    radii = rng.uniform(0.5, 12, (2, 3, 2)).astype(np.float32)
    stretch = rng.uniform(0.4, 2.0, (2, 3)).astype(np.float32)
    centres[0, 0, 1] = centres[0, 0, 0]  # equal ends: an ellipse
    centres[0, 1, 1, 1] = centres[0, 1, 0, 1]  # a level one
    centres[1, 0, 1, 0] = centres[1, 0, 0, 0]  # an upright one
    picture = fill(hull_spans(centres, radii, stretch, HEIGHT), 2, HEIGHT, WIDTH)
    for frame in range(2):
        outside = np.min(
            [signed_distance(c, r, s) for c, r, s in zip(centres[frame], radii[frame], stretch[frame], strict=True)],
            axis=0,
        )
        clear = np.abs(outside) > 0.02
        assert clear.mean() > 0.98
        assert np.array_equal(picture[frame][clear] == 255, outside[clear] < 0)
    assert set(np.unique(picture)) <= {0, 255}


def test_a_disc_within_the_other_adds_nothing():
    one = np.array([[[[20, 20], [22, 21]]]], np.float32)
    spans = hull_spans(one, np.array([[[10, 3]]], np.float32), np.ones((1, 1), np.float32), HEIGHT)
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    assert np.array_equal(fill(spans, 1, HEIGHT, WIDTH)[0] > 0, np.hypot(x - 20, y - 20) < 10)


def test_enumerated_pixels_are_the_filled_ones():
    rng = np.random.default_rng(1)
    centres = rng.uniform(-5, 45, (3, 4, 2, 2)).astype(np.float32)
    spans = hull_spans(centres, rng.uniform(1, 9, (3, 4, 2)).astype(np.float32), np.ones((3, 4), np.float32), HEIGHT)
    flat, span = pixels_of(spans, HEIGHT, WIDTH)
    picture = np.zeros((3, HEIGHT, WIDTH), np.uint8)
    picture.reshape(-1)[flat] = 255
    assert np.array_equal(picture, fill(spans, 3, HEIGHT, WIDTH))
    assert np.array_equal(flat // (HEIGHT * WIDTH), spans.frame[span])
    assert np.array_equal(flat // WIDTH % HEIGHT, spans.row[span])


def test_what_lies_outside_the_picture_leaves_it_empty():
    centres = np.array([[[[-50, 20], [-40, 20]], [[20, 90], [20, 99]]]], np.float32)
    spans = hull_spans(centres, np.full((1, 2, 2), 5, np.float32), np.ones((1, 2), np.float32), HEIGHT)
    assert not fill(spans, 1, HEIGHT, WIDTH).any()


@pytest.mark.parametrize("view_deg", [0.0, 36.0, 90.0, 144.0])
@pytest.mark.parametrize("aside", [-2.0, 0.0, 2.0])
def test_outlines_agree_with_rays_cast_at_the_solids(view_deg, aside):
    camera = Camera(view_deg=view_deg, focal_px=240, height=80, width=60)
    yaw = 0.4
    # To the side of the camera's axis, where the line of sight is oblique; the picture is moved along.
    ends = np.array([[0.1, 1.4, 0.0], [-0.1, 0.9, 0.2]], np.float32) + np.float32(aside) * camera.axes[0]
    shift = np.rint(np.float32([-aside / camera.distance_m * 240]))
    radii, stretch = np.array([0.12, 0.2], np.float32), np.array([1.5, 0.6], np.float32)
    solids = Solids(
        ends=ends[None, None],
        radii=radii[None],
        stretch=stretch[None],
        yaw=np.array([yaw], np.float32),
        parts=("trunk",),
        colours=np.zeros((1, 3), np.uint8),
    )
    picture = fill(spans_of(project_solids(solids, camera, shift), 80), 1, 80, 60)[0] > 0

    # A ray from the camera through each pixel, in a space where the solid's cross sections are spheres.
    right, up, ahead = camera.axes.astype(float)
    place = -camera.distance_m * ahead + np.array([0, camera.height_m, 0])
    y, x = np.mgrid[:80, :60] + 0.5
    rays = ahead + (x[..., None] - shift - 30) / 240 * right - (y[..., None] - 40) / 240 * up
    body = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    squeeze = body / np.array([stretch[0], 1, stretch[1]])[:, None]
    place, rays, ends = squeeze @ place, rays @ squeeze.T, ends.astype(float) @ squeeze.T
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    hit = np.zeros((80, 60), bool)
    for share in np.linspace(0, 1, 400):
        offset = ends[0] * (1 - share) + ends[1] * share - place
        along = rays @ offset
        hit |= offset @ offset - along**2 < (radii[0] * (1 - share) + radii[1] * share) ** 2
    assert hit.sum() > 100
    assert (hit != picture).sum() < 0.06 * hit.sum()  # at the rim only: weak perspective within one solid

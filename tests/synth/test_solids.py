import dataclasses

import numpy as np
import pytest

from gaitprint.synth.body import average_body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import BAG_KINDS, Bag, Coat, Outfit, sample_bag
from gaitprint.synth.motion import walk
from gaitprint.synth.render import render_silhouettes
from gaitprint.synth.solids import dress, facing
from gaitprint.synth.style import GaitStyle

BODY = average_body(1.75)
MOTION = walk(BODY, GaitStyle(), 26)
COAT = Coat(thickness=0.04, sleeve=0.02, hem=0.8, flare=0.02, hood=True, hat=True)


def masks(outfit, view_deg):
    camera = Camera(view_deg=view_deg)
    return render_silhouettes(dress(MOTION.landmarks, BODY, outfit), camera, camera.follow(MOTION.landmarks[:, 0]))


def test_a_body_has_all_its_parts_at_human_places():
    solids = dress(MOTION.landmarks, BODY, Outfit())
    assert len(solids) == len(solids.parts) == len(set(solids.parts)) == solids.ends.shape[1] == len(solids.colours)
    assert (solids.radii > 0).all()
    assert (solids.stretch > 0).all()
    low = (solids.ends[..., 1] - solids.radii).min(axis=(1, 2))
    high = (solids.ends[..., 1] + solids.radii).max(axis=(1, 2))
    assert np.abs(low).max() < 0.03
    assert np.abs(high - 1.75).max() < 0.10
    assert np.abs(facing(MOTION.landmarks)).max() < np.deg2rad(8)
    assert {"head", "chest", "left thigh", "right forearm", "left foot"} <= set(solids.parts)


@pytest.mark.parametrize("kind", BAG_KINDS)
@pytest.mark.parametrize("side", [-1, 1])
def test_a_bag_only_adds_and_shows_from_some_view(kind, side):
    bag = Bag(kind=kind, side=side, half_height=0.16, half_width=0.07, half_depth=0.16)
    extra = []
    for view_deg in (0.0, 90.0):
        plain, loaded = masks(Outfit(), view_deg), masks(Outfit(bag=bag), view_deg)
        assert (loaded >= plain).all()
        extra.append((loaded > plain).sum() / (plain > 0).sum())
    assert max(extra) > 0.02


def test_a_backpack_is_behind_and_a_bag_on_its_side():
    walker = dress(
        MOTION.landmarks,
        BODY,
        Outfit(bag=Bag(kind="backpack", side=1, half_height=0.2, half_width=0.15, half_depth=0.1)),
    )
    bag = walker.ends[:, walker.parts.index("bag")].mean(axis=1) - walker.ends[:, walker.parts.index("chest")].mean(
        axis=1
    )
    assert (bag[:, 2] < -0.15).all()
    for side in (-1, 1):
        worn = Bag(kind="shoulder-bag", side=side, half_height=0.14, half_width=0.06, half_depth=0.17)
        walker = dress(MOTION.landmarks, BODY, Outfit(bag=worn))
        bag = walker.ends[:, walker.parts.index("bag")].mean(axis=1) - walker.ends[:, walker.parts.index("hips")].mean(
            axis=1
        )
        assert (bag[:, 0] * side > 0.1).all()


def test_a_coat_widens_trunk_and_arms_and_closes_the_gap_between_the_thighs():
    plain, coated = masks(Outfit(), 90.0), masks(Outfit(coat=COAT), 90.0)
    assert (coated > plain).sum() > 0.2 * (plain > 0).sum()
    assert (plain > coated).sum() < 0.01 * (plain > 0).sum()
    # Rows at mid-thigh, in the widest step: two legs without, one skirt with the coat.
    widest = (plain.any(axis=1).sum(axis=1)).argmax()
    row = 80 + int(60 * (1.0 - (BODY.leg - 0.65 * BODY.thigh)))

    def runs(mask):
        return int((np.diff(np.concatenate([[0], mask[widest, row] // 255])) == 1).sum())

    assert runs(coated) == 1
    assert runs(plain) >= 1
    longer = masks(Outfit(coat=dataclasses.replace(COAT, hem=1.0)), 90.0)
    assert (longer > 0).sum() > (coated > 0).sum()


def test_bags_are_drawn_in_all_kinds_and_sizes():
    bags = [sample_bag(np.random.default_rng(seed)) for seed in range(60)]
    assert {bag.kind for bag in bags} == set(BAG_KINDS)
    assert {bag.side for bag in bags} == {-1, 1}
    small, large = (sample_bag(np.random.default_rng(0), strength) for strength in (0.5, 1.0))
    assert small.half_height == pytest.approx(0.5 * large.half_height)


@pytest.mark.parametrize("view_deg", [0.0, 90.0, 180.0])
def test_a_cap_a_hood_and_hair_only_add_and_only_to_the_head(view_deg):
    plain = masks(Outfit(hair=0.0, long_hair=0.0), view_deg) > 0
    rows = np.flatnonzero(plain.any(axis=(0, 2)))
    shoulders = rows[0] + len(rows) // 3
    for worn in (Outfit(headwear="cap"), Outfit(headwear="hood"), Outfit(hair=0.03), Outfit(long_hair=0.2)):
        dressed = masks(dataclasses.replace(worn, long_hair=worn.long_hair or 0.0), view_deg) > 0
        assert (dressed >= plain).all()
        assert not (dressed > plain)[:, shoulders:].any()
    assert (masks(Outfit(headwear="hood"), view_deg) > 0).sum() > 1.01 * plain.sum()


def test_hair_is_the_bodys_own_unless_an_outfit_says_otherwise():
    own = masks(Outfit(hair=BODY.hair, long_hair=BODY.long_hair), 90.0)
    assert np.array_equal(own, masks(Outfit(), 90.0))

"""From rendered videos to passages, with the front-end that needs nothing installed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.video.crowds import camera, grey, passer, picture, write

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.data.store import Store
from gaitprint.video.front_ends import choose_front_ends
from gaitprint.video.naming import name_walks
from gaitprint.video.passage import Passage
from gaitprint.video.pipeline import Extraction
from gaitprint.video.sources import open_source
from gaitprint.video.squares import place_mask

RATE_HZ = 20.0


def extract(path: Path, front_end: str = "background") -> tuple[Extraction, list[Passage]]:
    extraction = Extraction(open_source(str(path)), choose_front_ends(front_end, "off"))
    return extraction, list(extraction)


def usable(passages: list[Passage]) -> list[Passage]:
    return [passage for passage in passages if passage.refused is None]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory):
    """One walker, from right to left, after and before a second without anybody."""
    seen_by = camera()
    crowd = picture([passer(1, 120, 20, 4.2, RATE_HZ)], seen_by)
    path = write(tmp_path_factory.mktemp("one") / "one.avi", crowd.frames, RATE_HZ)
    return path, crowd


@pytest.fixture(scope="module")
def crossing(tmp_path_factory: pytest.TempPathFactory):
    """Two who cross in the middle."""
    people = [
        passer(1, 150, 10, 6.5, RATE_HZ, 90, (0.0, 0.4)),
        passer(6, 150, 10, 6.5, RATE_HZ, 270, (0.0, -0.8)),
    ]
    crowd = picture(people, camera())
    path = write(tmp_path_factory.mktemp("two") / "two.avi", crowd.frames, RATE_HZ)
    return path, crowd


def test_one_walker_is_one_passage_with_direction_and_view(one) -> None:
    extraction, passages = extract(one[0])
    assert extraction.frames == 120
    assert extraction.people == 1
    (passage,) = usable(passages)
    assert passage.direction == "left"
    assert passage.view_deg == pytest.approx(90, abs=12)
    assert passage.quality.cycles >= 1.5
    assert passage.quality.complete > 0.9
    assert passage.walk is not None
    assert passage.walk.silhouettes.shape == (passage.quality.frames, 64, 64)
    assert passage.walk.frame_rate_hz == RATE_HZ
    assert set(extraction.stages.seconds) >= {"decode", "find people", "background", "segmentation"}


def test_silhouettes_are_those_that_were_rendered(one) -> None:
    path, crowd = one
    (passage,) = usable(extract(path)[1])
    overlaps = []
    for position, number in enumerate(passage.numbers.tolist()):
        found = place_mask(passage.masks[position], passage.squares[position], 160, 240) > 127
        truth = crowd.silhouettes[0, number] > 127
        overlaps.append((found & truth).sum() / (found | truth).sum())
    assert np.mean(overlaps) > 0.8


def test_each_keeps_their_number_through_a_crossing(crossing) -> None:
    path, crowd = crossing
    extraction, passages = extract(path)
    assert extraction.people == 2
    found = usable(passages)
    assert {passage.direction for passage in found} == {"left", "right"}
    for number in {passage.track for passage in found}:
        own = [passage for passage in found if passage.track == number]
        # Before and after the crossing, and never the other one.
        assert len(own) == 2
        assert len({passage.direction for passage in own}) == 1
    for passage in found:
        person = 0 if passage.direction == "left" else 1
        middle = passage.squares[:, 0] + passage.squares[:, 2] / 2
        truth = crowd.joints[person, passage.numbers, 0, 0]
        assert np.abs(middle - truth).max() < 12


@pytest.mark.parametrize(("rate_hz", "height", "width"), [(15.0, 131, 201), (50.0, 120, 160)])
def test_other_rates_and_sizes_in_grey(tmp_path: Path, rate_hz: float, height: int, width: int) -> None:
    frames = round(6 * rate_hz)
    people = [passer(2, frames, round(rate_hz), 4.2, rate_hz, 270)]
    crowd = picture(people, camera(height, width, distance_m=5.0))
    (passage,) = usable(extract(write(tmp_path / "grey.avi", grey(crowd.frames), rate_hz))[1])
    assert passage.direction == "right"
    assert passage.quality.cycles == pytest.approx(passage.quality.seconds / 1.1, rel=0.35)


def test_who_stands_is_refused(tmp_path: Path) -> None:
    walker = passer(3, 140, 20, 6.0, RATE_HZ, 90)
    points = walker.landmarks
    # Stops in the middle of the picture, and stays.
    points[80:] = points[80]
    points[80:, :, 0] += 0.01 * np.sin(np.arange(60) / 4)[:, None].astype(np.float32)
    _, passages = extract(write(tmp_path / "stands.avi", picture([walker], camera()).frames, RATE_HZ))
    last = max(passages, key=lambda passage: passage.numbers[-1])
    assert last.refused is not None
    assert last.refused.startswith("stands")


def test_who_is_tiny_is_refused(tmp_path: Path) -> None:
    people = [passer(4, 180, 10, 8.0, RATE_HZ, 90)]
    _, passages = extract(write(tmp_path / "tiny.avi", picture(people, camera(distance_m=13.0)).frames, RATE_HZ))
    assert passages
    assert all(passage.refused is not None and "too small" in passage.refused for passage in passages)


def test_who_leaves_half_way_is_kept_while_whole(tmp_path: Path) -> None:
    people = [passer(5, 110, 0, 5.4, RATE_HZ, 90)]
    crowd = picture(people, camera())
    (passage,) = usable(extract(write(tmp_path / "leaves.avi", crowd.frames, RATE_HZ))[1])
    for number in passage.numbers.tolist():
        assert not crowd.silhouettes[0, number][:, [0, -1]].any()


def test_a_camera_that_brightens_by_itself(one, tmp_path: Path) -> None:
    path, crowd = one
    before = usable(extract(path)[1])
    frames = crowd.frames.astype(np.float32)
    inside = crowd.silhouettes[0].any(axis=(1, 2))
    # Slower than at once, as cameras do it.
    gain = 1 + 0.1 * np.convolve(inside, np.ones(8) / 8, mode="same")
    brightened = np.clip(frames * gain[:, None, None, None], 0, 255).astype(np.uint8)
    extraction, passages = extract(write(tmp_path / "bright.avi", brightened, RATE_HZ))
    assert extraction.camera_moved == 0
    assert len(usable(passages)) == len(before) == 1
    assert abs(usable(passages)[0].quality.frames - before[0].quality.frames) <= 3


def test_nobody(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    still = np.clip(120 + rng.normal(0, 3, (40, 96, 128, 3)), 0, 255).astype(np.uint8)
    extraction, passages = extract(write(tmp_path / "nobody.avi", still, RATE_HZ))
    assert passages == []
    assert extraction.people == 0


def test_one_frame_and_damaged_files(tmp_path: Path) -> None:
    frame = np.full((1, 96, 128, 3), 90, np.uint8)
    assert extract(write(tmp_path / "short.avi", frame, RATE_HZ))[1] == []
    (tmp_path / "damaged.mp4").write_bytes(b"no video at all" * 50)
    with pytest.raises(UnreadableFileError, match=r"damaged\.mp4"):
        extract(tmp_path / "damaged.mp4")


def test_a_camera_that_moves_gives_nothing_without_a_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    wall = rng.integers(0, 255, (12, 100, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    panned = np.stack([wall[:, 6 * number : 6 * number + 128] for number in range(60)])
    extraction, passages = extract(write(tmp_path / "panned.avi", panned, RATE_HZ))
    assert extraction.camera_moved > 30
    assert usable(passages) == []


def test_names(one, crossing, tmp_path) -> None:
    passages = extract(one[0])[1]
    (walk,) = [walk for walk in name_walks(passages, "ann", "nm") if walk is not None]
    assert walk.id == "ann/nm-01/090"
    store = Store.create(tmp_path / "walks")
    store.add([walk])
    (same,) = [walk for walk in name_walks(passages, "ann", "nm", store) if walk is not None]
    assert same.id == walk.id
    other = [replace(passage, walk=replace(passage.walk, frame_rate_hz=26.0)) for passage in passages if passage.walk]
    (again,) = [walk for walk in name_walks(other, "ann", "nm", store) if walk is not None]
    assert again.id == "ann/nm-02/090"
    (ben,) = [walk for walk in name_walks(passages, "ben", "nm", store) if walk is not None]
    assert ben.id == "ben/nm-01/090"
    two = extract(crossing[0])[1]
    with pytest.raises(UsageError, match="two people walk at once"):
        name_walks(two, "ann", "nm")
    named = [walk for walk in name_walks(two, None, "a/b") if walk is not None]
    assert len({walk.subject for walk in named}) == 2
    assert all(walk.subject.startswith("a_b-person-") for walk in named)
    # Once more it is the same people; in another video of this name, others.
    store.add(named)
    assert [walk.id for walk in name_walks(two, None, "a/b", store) if walk is not None] == [walk.id for walk in named]
    others = [walk for walk in name_walks(other, None, "a/b", store) if walk is not None]
    assert {walk.subject for walk in others}.isdisjoint(walk.subject for walk in named)
    assert {walk.condition for walk in others}.isdisjoint(walk.condition for walk in named)

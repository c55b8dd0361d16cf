import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from gaitprint.data.store import SequenceInfo
from gaitprint.evaluation.reconstruction import (
    METHODS,
    REGIONS,
    GroupResult,
    ReconstructedClip,
    ReconstructionResult,
    RegionResult,
)
from gaitprint.reports.reconstruction import (
    PANELS,
    picture_positions,
    reconstruction_panels,
    reconstruction_strip,
    reconstruction_table,
    save_animation,
)

HIDDEN_COLOUR, EXTRA_COLOUR, MISSING_COLOUR = (0x5C, 0x2F, 0x52), (0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9)


def _clip(frames: int = 5, height: int = 16, width: int = 12, rate_hz: float = 25.0, **iou: float | None):
    """A bar that moves, predicted two columns too far to the right; the second frame and a block are hidden."""
    truth = np.zeros((frames, height, width), np.float32)
    probability = np.full_like(truth, 0.1)
    for t in range(frames):
        truth[t, 2:, t % 4 : t % 4 + 4] = 1
        probability[t, 2:, t % 4 + 2 : t % 4 + 6] = 0.9
    hidden = np.zeros(truth.shape, bool)
    hidden[1:2] = hidden[:, :8, :6] = True
    return ReconstructedClip(
        "a/nm-01/090", 1.0 + np.arange(frames) / rate_hz, truth, hidden, probability, dict.fromkeys(METHODS, 0.5) | iou
    )


def _is(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (picture == np.array(colour)).all(axis=-1)


def test_panels_show_what_they_say() -> None:
    clip = _clip()
    shown, prediction, truth, error = reconstruction_panels(clip)
    said, true = clip.probability >= 0.5, clip.truth >= 0.5
    assert _is(shown, HIDDEN_COLOUR)[clip.hidden].all()
    assert np.array_equal(_is(shown, (255, 255, 255)), true & ~clip.hidden)
    assert (prediction[~clip.hidden & ~said] == 26).all()  # the probability as grey, 0.1 x 255
    assert len(np.unique(prediction[clip.hidden & ~said], axis=0)) == 1
    assert not _is(prediction, (26, 26, 26))[clip.hidden].any()
    assert np.array_equal(_is(truth, (0, 0, 0)), ~true & ~clip.hidden)
    assert np.array_equal(_is(error, EXTRA_COLOUR), said & ~true & clip.hidden)
    assert np.array_equal(_is(error, MISSING_COLOUR), true & ~said & clip.hidden)
    assert _is(error, EXTRA_COLOUR).any()
    assert _is(error, MISSING_COLOUR).any()


@pytest.mark.parametrize(("frames", "columns"), [(1, 1), (5, 5), (16, 16), (50, 13)])
def test_strip_thins_out_evenly(frames: int, columns: int) -> None:
    figure = reconstruction_strip(_clip(frames))
    (axes,) = figure.axes
    seconds = [float(label.get_text()) for label in axes.get_xticklabels()]
    assert len(seconds) == columns
    assert len({round(step, 6) for step in np.diff(seconds)}) <= 1
    assert [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()] == list(PANELS)
    sheet = axes.images[0].get_array()
    assert sheet.shape == (4 * 17 - 1, columns * 13 - 1, 3)
    assert np.array_equal(sheet[:16, :12], reconstruction_panels(_clip(frames))[0, 0])
    legend = " ".join(text.get_text() for text in figure.legends[0].get_texts())
    assert "hidden" in legend
    assert "not predicted" in legend
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    # Nothing sticks out at the sides: the outermost columns of the picture are empty.
    pixels = np.asarray(Image.open(stream).convert("L"))
    assert (pixels[:, [0, -1]] == 255).all()


def test_strip_draws_names_literally_and_says_where_nobody_is() -> None:
    clip = _clip(model=None)
    odd = ReconstructedClip("$a$/_/b", clip.seconds, clip.truth, clip.hidden, clip.probability, clip.iou)
    figure = reconstruction_strip(odd)
    figure.savefig(io.BytesIO(), format="png")
    assert "model –" in figure.get_suptitle()


@pytest.mark.parametrize(("rate_hz", "total_ms"), [(25.0, 400), (30.0, 330), (100.0, 200)])
def test_animation_takes_as_long_as_the_walk(rate_hz: float, total_ms: int, tmp_path) -> None:
    """Ten frames, no two alike; 100 frames a second are slowed down to 50."""
    clip = _clip(10, rate_hz=rate_hz)
    clip.probability[:, 0, 0] = np.linspace(0, 1, 10)
    save_animation(clip, tmp_path / "clip.gif")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.gif"]
    with Image.open(tmp_path / "clip.gif") as picture:
        assert picture.n_frames == 10
        delays, frames = [], []
        for number in range(picture.n_frames):
            picture.seek(number)
            delays.append(picture.info["duration"])
            frames.append(np.asarray(picture.convert("RGB")).astype(int))
        assert picture.info["loop"] == 0
    assert sum(delays) == total_ms
    assert max(delays) - min(delays) <= 10
    # The four panels stand side by side, 16 times as large; the palette changes their colours little.
    panels = reconstruction_panels(clip).repeat(16, axis=2).repeat(16, axis=3)
    for t, frame in enumerate(frames):
        for number in range(4):
            left = 12 + number * (192 + 12)
            assert np.abs(frame[76 : 76 + 256, left : left + 192] - panels[number, t]).max() <= 12


def test_a_single_frame_is_an_animation_too(tmp_path) -> None:
    save_animation(_clip(1), tmp_path / "clip.gif")
    with Image.open(tmp_path / "clip.gif") as picture:
        assert picture.n_frames == 1


def _info(subject: str, condition: str, view: str, view_deg: float | None) -> SequenceInfo:
    return SequenceInfo(subject, condition, view, view_deg, 25.0, 9, ("silhouettes",), (64, 64), None)


def test_one_person_in_three_conditions_from_the_side() -> None:
    infos = [
        _info(subject, condition, f"{view:03d}", float(view))
        for subject in ("a", "b", "c")
        for condition in ("bg-01", "cl-01", "nm-01", "nm-02", "xx")
        for view in (0, 72, 180, 252)
        if subject != "a" or condition.startswith("nm")
    ]
    chosen = [infos[position].id for position in picture_positions(infos, range(len(infos)))]
    assert chosen == ["b/nm-01/072", "b/bg-01/072", "b/cl-01/072"]
    only_c = [position for position, info in enumerate(infos) if info.subject == "c" and info.view in ("180", "252")]
    assert infos[picture_positions(infos, only_c)[0]].id == "c/nm-01/252"
    unnumbered = [_info("a", "walk", view, None) for view in ("left", "front")]
    assert picture_positions(unnumbered, [0, 1]) == [1]


def test_table_fits_80_columns_and_holds_every_figure() -> None:
    def group(name: str, base: float) -> GroupResult:
        regions = (
            RegionResult(region, 5000, 500, {m: base + 0.01 * k + 0.001 * n for n, m in enumerate(METHODS)})
            for k, region in enumerate(REGIONS)
        )
        return GroupResult(name, 5500, 0.31, tuple(regions))

    empty = GroupResult("[red]", 1, 0.2, tuple(RegionResult(r, 0, 1, dict.fromkeys(METHODS)) for r in REGIONS))
    result = ReconstructionResult(50, 5500, 24, 3, (group("all", 0.5), group("nm", 0.7), empty))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(reconstruction_table(result))
    text = console.export_text()
    for k in range(3):
        for n in range(len(METHODS)):
            assert f"{50 + k + 0.1 * n:.1f}" in text
            assert f"{70 + k + 0.1 * n:.1f}" in text
    assert "–" in text
    assert "[red]" in text
    assert "5,500 clips of up to 24 frames, 31.0 % of the pixels hidden, seed 3" in text
    assert "500 clips left out" in text
    assert not [line for line in text.splitlines() if "…" in line]

import cv2
import numpy as np
import pytest
from rich.console import Console

from gaitprint.core.skeletons import MPII_16
from gaitprint.reports.pose_drawing import JOINT_COLOURS, draw_pose, enlarged, joint_table, legend_image
from gaitprint.reports.pose_sheet import PoseSheet

# Joints far enough apart that nothing covers another's middle, each on a place of a grid.
GRID = np.array([[60 + 110 * (n % 4), 60 + 110 * (n // 4)] for n in range(16)], np.float32)
SURE = np.ones(16, np.float32)
RGB = np.array([list(bytes.fromhex(JOINT_COLOURS[joint][1:])) for joint in MPII_16.joints])


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_every_joint_has_its_colour_at_its_place(ground) -> None:
    image = np.full((460, 460, 3), ground, np.uint8)
    drawn = draw_pose(image, GRID, SURE)
    assert (image == ground).all()  # a copy
    for joint, (x, y) in enumerate(GRID.astype(int)):
        np.testing.assert_array_equal(drawn[y, x], RGB[joint])


def test_joints_below_the_threshold_are_hollow_and_without_bones() -> None:
    image = np.full((460, 460, 3), 90, np.uint8)
    probabilities = np.where(np.arange(16) % 2, 0.3, 0.31).astype(np.float32)
    drawn = draw_pose(image, GRID, probabilities, threshold=0.31)
    for joint, (x, y) in enumerate(GRID.astype(int)):
        np.testing.assert_array_equal(drawn[y, x], 90 if joint % 2 else RGB[joint])
    colours = [np.array_equal(pixel, RGB[1]) for pixel in drawn.reshape(-1, 3)]
    assert sum(colours) > 20  # the ring around the hollow right knee
    # Of two knees only the left one is sure: a bone leads from its hip, and none from the right hip.
    sure = np.zeros(16, np.float32)
    sure[[MPII_16.index(name) for name in ("left_hip", "left_knee", "right_hip")]] = 1
    drawn = draw_pose(image, GRID, sure)
    for side, bone in (("left", True), ("right", False)):
        middle = (GRID[MPII_16.index(f"{side}_hip")] + GRID[MPII_16.index(f"{side}_knee")]) / 2
        column, row = middle.astype(int)
        assert (drawn[row, column] != 90).any() == bone


def test_a_bone_has_the_colour_of_its_outer_joint() -> None:
    image = np.zeros((460, 460, 3), np.uint8)
    positions = np.full((16, 2), 30, np.float32)
    knee, ankle = MPII_16.index("right_knee"), MPII_16.index("right_ankle")
    positions[knee], positions[ankle] = (200, 100), (200, 400)
    np.testing.assert_array_equal(draw_pose(image, positions, SURE)[250, 199], RGB[ankle])


def test_left_right_and_middle_differ_in_shape(monkeypatch) -> None:
    monkeypatch.setattr(cv2, "line", lambda *_: None)
    drawn = draw_pose(np.zeros((460, 460, 3), np.uint8), GRID, SURE)
    for name, colour in zip(MPII_16.joints, RGB, strict=True):
        rows, columns = np.nonzero((drawn == colour).all(axis=2))
        share = len(rows) / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
        # Of its bounding box a square fills all, a disk pi / 4, a diamond a half; smoothed edges are not counted.
        expected = {"right": 1.0, "left": np.pi / 4}.get(name.partition("_")[0], 0.5)
        assert share == pytest.approx(expected, abs=0.12), name


def test_places_beyond_the_picture_are_cut() -> None:
    image = np.full((40, 60, 3), 77, np.uint8)
    far = np.full((16, 2), 1e6, np.float32)
    np.testing.assert_array_equal(draw_pose(image, far, SURE), image)
    mixed = GRID.copy()
    mixed[::2] *= -1e5
    assert draw_pose(image, mixed, SURE).shape == image.shape


def test_a_grown_picture_moves_its_places_along() -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[60, 80] = 255
    larger, places = enlarged(image, np.array([[80.5, 60.5]], np.float32))
    assert larger.shape == (480, 640, 3)
    rows, columns = np.nonzero(larger[..., 0] > 200)
    np.testing.assert_allclose(places[0], [columns.mean() + 0.5, rows.mean() + 0.5], atol=0.01)
    wide = np.zeros((10, 700, 3), np.uint8)
    assert enlarged(wide, places)[0] is wide


def _lab(linear: np.ndarray) -> np.ndarray:
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.clip(linear, 0, 1) ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(encoded[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0]


@pytest.mark.parametrize(
    "vision",
    [
        np.eye(3),
        # Viénot, Brettel & Mollon, "Digital video colourmaps for checking the legibility of displays by dichromats"
        # (1999): protanopia and deuteranopia, on linear RGB.
        np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
        np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    ],
)
def test_colours_stay_apart_for_every_kind_of_colour_vision(vision) -> None:
    encoded = RGB / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lab = _lab(np.clip(linear @ vision.T, 0, 1))
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    assert apart[~np.eye(16, dtype=bool)].min() > 10
    for left, right in MPII_16.left_right:
        assert apart[MPII_16.index(left), MPII_16.index(right)] > 35


def test_the_legend_shows_all_colours() -> None:
    legend = legend_image()
    assert legend.dtype == np.uint8
    shown = {tuple(colour) for colour in np.unique(legend.reshape(-1, 3), axis=0).tolist()}
    assert {tuple(colour) for colour in RGB.tolist()} <= shown


def _printed(table) -> str:
    console = Console(width=100, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_table_of_one_picture() -> None:
    lines = _printed(joint_table(np.linspace(0.0, 1.0, 16, dtype=np.float32), 0.4)).splitlines()
    assert len(lines) == 17
    assert lines[0].split() == ["joint", "probability", "found", "(from", "40", "%)"]
    assert lines[1].split() == ["■", "right", "ankle", "0.00", "%", "no"]
    assert lines[8].split() == ["◆", "thorax", "46.67", "%", "yes"]
    assert lines[16].split() == ["●", "left", "wrist", "100.00", "%", "yes"]


def test_the_table_of_several() -> None:
    probabilities = np.zeros((4, 16), np.float32)
    probabilities[:, 5] = (0.2, 0.5, 0.9, 1.0)
    lines = _printed(joint_table(probabilities)).splitlines()
    assert lines[6].split() == ["●", "left", "ankle", "65.00", "%", "75.0", "%"]
    assert "mean probability" in lines[0]


@pytest.mark.parametrize(("frames", "size"), [(1, (1, 1)), (3, (1, 3)), (5, (2, 4)), (500, (3, 4))])
def test_a_contact_sheet_of_any_number_of_frames(frames, size) -> None:
    sheet = PoseSheet()
    box = np.array([10, 5, 30, 40])
    for number in range(frames):
        frame = np.full((60, 80, 3), number % 250, np.uint8)
        sheet.add(frame, box, GRID / 10, SURE * (number % 7) / 7, f"{number} s")
    rows, columns = size
    page = sheet.image()
    assert page.shape == (12 + rows * (320 + 26 + 12), 12 + columns * (320 + 12), 3)
    assert len(sheet._cells) <= 24


def test_a_contact_sheet_shows_the_surest_of_each_stretch_in_order() -> None:
    sheet = PoseSheet()
    probabilities = np.random.default_rng(0).random(240).astype(np.float32)
    for number, probability in enumerate(probabilities):
        frame = np.full((32, 32, 3), number, np.uint8)
        nowhere = np.full((16, 2), 1e5, np.float32)
        sheet.add(frame, np.array([0, 0, 32, 32]), nowhere, SURE * probability, "")
    shown = [cell.part[0, 0, 0] for cell in sheet._cells]
    assert shown == sorted(shown)
    # 24 cells are full at frame 24, 48, 96 and 192: 16 frames a cell by then.
    expected = [start + int(probabilities[start : start + 16].argmax()) for start in range(0, 240, 16)]
    assert shown == expected

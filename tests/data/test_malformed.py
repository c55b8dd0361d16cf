"""Two hundred inputs that are wrong in every way we know: one clear line each, nothing runs, no good walk is lost."""

import json
import os
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from gaitprint.data.datasets.kinect_gait import _JOINTS
from gaitprint.data.prepare import PrepareSummary, prepare
from gaitprint.data.store import Store

Expected = dict[str, str]  # path of what is wrong -> part of the line about it


def frame(shift: int = 0) -> np.ndarray:
    image = np.zeros((60, 80), np.uint8)
    cv2.ellipse(image, (30 + shift, 30), (8, 25), 0, 0, 360, 255, -1)
    return image


def png(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".png", image)[1])


def write_walk(folder: Path, frames: int = 4) -> Path:
    folder.mkdir(parents=True)
    for number in range(frames):
        (folder / f"{number:02d}.png").write_bytes(png(frame(number)))
    return folder


def check(summary: PrepareSummary, expected: Expected, good: int, store: Path) -> int:
    """Exactly one line about each, with the right reason, in the summary and in the manifest; all good walks stored."""
    found: dict[str, list[str]] = {}
    for path, reason in summary.rejects:
        found.setdefault(path, []).append(reason)
        assert "\n" not in path + reason
        assert len(reason) < 250
    assert set(found) == set(expected)
    for path, part in expected.items():
        assert len(found[path]) == 1, (path, found[path])
        assert part in found[path][0], (path, found[path])
    assert summary.stored == len(Store(store)) == good
    manifest = json.loads((store / "manifest.json").read_text())
    written = [*manifest["rejects"], *(line for lines in manifest["dropped_frames"].values() for line in lines)]
    assert sorted((line["path"], line["reason"]) for line in written) == sorted(summary.rejects)
    return len(expected)


def spoil_frames(root: Path) -> tuple[Expected, int]:
    """Trees of PNGs: frames that cannot be used, alone in a walk and among good ones."""
    colour, deep = np.dstack([frame()] * 3), frame().astype(np.uint16) * 257
    transparent = np.dstack([frame()] * 4)
    flipped = bytearray(png(frame()))
    flipped[len(flipped) // 2] ^= 4
    wrong: dict[str, tuple[Callable[[Path], object], str]] = {
        "truncated": (lambda path: path.write_bytes(png(frame())[:-40]), "truncated PNG"),
        "header": (lambda path: path.write_bytes(png(frame())[:20]), "truncated PNG"),
        "flipped": (lambda path: path.write_bytes(flipped), "damaged PNG"),
        "text": (lambda path: path.write_text("I am a text file."), "not a PNG"),
        "jpeg": (lambda path: path.write_bytes(bytes(cv2.imencode(".jpg", frame())[1])), "not a PNG"),
        "empty": (lambda path: path.write_bytes(b""), "empty file"),
        "deep": (lambda path: path.write_bytes(png(deep)), "16-bit PNG"),
        "colour": (lambda path: path.write_bytes(png(colour)), "RGB colour PNG"),
        "transparent": (lambda path: path.write_bytes(png(transparent)), "RGBA colour PNG"),
        "folder": (lambda path: path.mkdir(), "is a folder"),
        "dangling": (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
        "pipe": (lambda path: os.mkfifo(path), "is no regular file"),
    }
    expected: Expected = {}
    good = 0
    for number, (name, (make, reason)) in enumerate(wrong.items()):
        for subject in range(3):
            # One bad frame among good ones: the line names the frame, the walk is stored without it.
            folder = write_walk(root / f"{subject:03d}" / f"one-{name}" / "090")
            make(folder / "50.png")
            expected[str(folder / "50.png")] = reason
            good += 1
            # Nothing but bad frames: the line names the walk.
            folder = root / f"{subject:03d}" / f"all-{name}" / "090"
            folder.mkdir(parents=True)
            for copy in range(1 + (number + subject) % 3):
                make(folder / f"{copy}.png")
            expected[str(folder)] = reason
    return expected, good


def spoil_walks(root: Path) -> tuple[Expected, int]:
    """Trees of PNGs: walks and folders that are wrong as a whole."""
    expected: Expected = {}
    good = 0
    for number in range(8):
        subject = root / f"w{number:02d}"
        black = write_walk(subject / "black" / "090", 0)
        for name in "abc":
            (black / f"{name}.png").write_bytes(png(np.zeros((60, 80), np.uint8)))
        expected[str(black)] = "none of 3 frames shows anybody"
        partly = write_walk(subject / "partly-black" / "090")
        (partly / "50.png").write_bytes(png(np.zeros((60, 80), np.uint8)))
        expected[str(partly)] = "1 of 5 frames show nobody and are left out"
        expected[str(write_walk(subject / "one-frame" / "090", 1))] = "1 frame, a walk needs 2"
        expected[str(write_walk(subject / "empty-view" / "090", 0))] = "empty folder"
        (subject / "empty-condition").mkdir()
        expected[str(subject / "empty-condition")] = "empty folder"
        (root / f"empty-subject-{number}").mkdir()
        expected[str(root / f"empty-subject-{number}")] = "empty folder"
        mixed = write_walk(subject / "mixed" / "090")
        (mixed / "50.png").write_bytes(png(np.full((30, 30), 255, np.uint8)))
        expected[str(mixed / "50.png")] = "30x30 pixels, but most frames of this walk have 80x60"
        strange = write_walk(subject / "strange" / "090")
        (strange / "notes.txt").write_text("hello")
        expected[str(strange / "notes.txt")] = "not a .png"
        (subject / "stray.png").write_bytes(png(frame()))
        expected[str(subject / "stray.png")] = "a file where the folder of a condition is expected"
        label = write_walk(subject / "bad:label" / "090")
        expected[str(label)] = "is no valid label"
        good += 3
    return expected, good


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


def spoil_pickles(root: Path, marker: Path) -> tuple[Expected, int]:
    silhouettes = np.stack([cv2.resize(frame(number), (64, 64)) for number in range(5)])
    code = f"open({str(marker)!r}, 'w').write('ran')"
    whole = pickle.dumps(silhouettes)
    huge = b"\x80\x02]q\x00r\xff\xff\xff\x7f."  # remembers a list under a number that would need gigabytes
    wrong: dict[str, tuple[bytes, str]] = {
        "system": (pickle.dumps(Call(os.system, f"touch {marker}")), "system'; only NumPy arrays"),
        "exec": (pickle.dumps(Call(exec, code)), "exec'; only NumPy arrays are read"),
        "eval-2": (pickle.dumps(Call(eval, code), protocol=0), "eval'; only NumPy arrays are read"),
        "within": (pickle.dumps([silhouettes, Call(exec, code)]), "exec'; only NumPy arrays are read"),
        "getattr": (b"cos\nsystem\n.", "'os.system'"),
        "load": (pickle.dumps(Call(np.load, str(marker))), "numpy"),
        "persistent": (b"Pname\n.", "PERSID"),
        "instance": (b"(S'touch x'\nios\nsystem\n.", "INST"),
        "object": (pickle.dumps({"silhouettes": silhouettes}), "EMPTY_DICT"),
        "objects": (pickle.dumps(np.array([None, 1])), "only numbers are read"),
        "truncated": (whole[:-500], "damaged pickle"),
        "no-stop": (whole[:-1], "damaged pickle"),
        "text": (b"hello, I am text", "damaged pickle"),
        "claims": (whole.replace(b"K\x05K@K@", b"K\x09K@K@"), "needs 36864 bytes, the file has 20480"),
        "memo": (huge, "holds no NumPy array"),
        "floats": (pickle.dumps(silhouettes / 255), "need uint8 [T, H, W]"),
        "flat": (pickle.dumps(silhouettes[0]), "need uint8 [T, H, W]"),
        "no-frames": (pickle.dumps(silhouettes[:0]), "no frames"),
        "one-frame": (pickle.dumps(silhouettes[:1]), "1 frame, a walk needs 2"),
        "joints": (pickle.dumps(np.zeros((4, 19, 3))), "19 joints, need the 17 of COCO"),
        "nan": (pickle.dumps(np.full((4, 17, 3), np.nan)), "outside 0..1"),
        "many": (b"\x80\x02]" + b"K\x01a" * 300_000 + b".", "more than 200000 pickle instructions"),
    }
    expected: Expected = {}
    for name, (data, reason) in wrong.items():
        folder = root / "001" / name / "090"
        folder.mkdir(parents=True)
        (folder / "090.pkl").write_bytes(data)
        expected[str(folder)] = reason
    for number in range(5):
        folder = root / "good" / f"nm-{number:02d}" / "090"
        folder.mkdir(parents=True)
        (folder / "090.pkl").write_bytes(pickle.dumps(silhouettes, protocol=number + 1))
    return expected, 5


def kinect_text(frames: int = 3) -> list[str]:
    random = np.random.default_rng(0)
    return [
        f"{name};{x:.6f};{y:.6f};{z:.6f}"
        for _ in range(frames)
        for name, (x, y, z) in zip(_JOINTS, random.normal(size=(20, 3)), strict=True)
    ]


def spoil_skeletons(root: Path) -> tuple[Expected, int]:
    lines = kinect_text()
    not_a_number = lines[25].split(";")[0] + ";nan;0;0"
    wrong: dict[str, tuple[str | bytes, str]] = {
        "nan": ("\n".join([*lines[:25], not_a_number, *lines[26:]]), "line 26 holds NaN"),
        "19-joints": ("\n".join([*lines[:19], *lines[20:]]), "frame 0 (line 1) has 19 joints, need 20"),
        "21-joints": ("\n".join([*lines[:40], lines[39], *lines[40:]]), "frame 2"),
        "cut": ("\n".join(lines[:50]), "frame 2 (line 41) has 10 joints, need 20"),
        "mid-line": ("\n".join(lines)[:-12], "is not Joint;x;y;z"),
        "word": ("\n".join(lines).replace(lines[7].split(";")[1], "west"), "could not convert"),
        "text": ("Dear reader,\nthis is a letter.", "line 1 is not Joint;x;y;z"),
        "empty": ("", "empty file"),
        "binary": (zlib.compress(b"x" * 1000), "is not Joint;x;y;z"),
        "one-frame": ("\n".join(lines[:20]), "1 frame, a walk needs 2"),
        "swapped": ("\n".join([lines[0], lines[2], lines[1], *lines[3:]]), "expected Shoulder-Center"),
    }
    expected: Expected = {}
    for copy in range(3):
        for number, (text, reason) in enumerate(wrong.values()):
            person = root / f"Person{copy * 100 + number:03d}"
            person.mkdir(parents=True)
            (person / "1.txt").write_text("\r\n".join(lines))
            (person / "2.txt").write_bytes(text.encode() if isinstance(text, str) else text)
            expected[str(person / "2.txt")] = reason
        again = root / "zz-again" / f"Person{copy * 100:03d}"
        again.mkdir(parents=True)
        (again / "1.txt").write_text("\n".join(lines))
        expected[str(again / "1.txt")] = "is there twice, first as"
        (again / "notes.doc").write_text("notes")
        expected[str(again / "notes.doc")] = "not PersonNNN/K.txt"
        (again / "3.txt").mkdir()
        expected[str(again / "3.txt")] = "is a folder"
    return expected, 3 * len(wrong)


def test_two_hundred_malformed_inputs(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    total = 0
    frames, good_frames = spoil_frames(tmp_path / "tree")
    walks, good_walks = spoil_walks(tmp_path / "tree")
    summary = prepare("tree", tmp_path / "tree", tmp_path / "tree-store", workers=2)
    total += check(summary, {**frames, **walks}, good_frames + good_walks, tmp_path / "tree-store")

    expected, good = spoil_pickles(tmp_path / "pickles", marker)
    summary = prepare("opengait", tmp_path / "pickles", tmp_path / "pickle-store", workers=2)
    total += check(summary, expected, good, tmp_path / "pickle-store")
    assert not marker.exists()

    expected, good = spoil_skeletons(tmp_path / "kinect")
    summary = prepare("kinect-gait", tmp_path / "kinect", tmp_path / "kinect-store", workers=2)
    total += check(summary, expected, good, tmp_path / "kinect-store")
    assert total >= 200, total


def test_the_pickles_would_have_run(tmp_path: Path) -> None:
    """The test above proves something only if its pickles do run code when they are unpickled."""
    marker = tmp_path / "marker"
    spoil_pickles(tmp_path, marker)
    for name in ("system", "exec", "eval-2", "within"):
        pickle.loads((tmp_path / "001" / name / "090" / "090.pkl").read_bytes())
        assert marker.exists(), name
        marker.unlink()

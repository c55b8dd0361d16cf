"""enroll, identify and verify on rendered videos: one walker, two who cross, two one after the other, and nobody."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.test_gallery import make_network
from tests.video.crowds import camera, passer, picture, write

import gaitprint
from gaitprint.cli import main
from gaitprint.evaluation.calibration import Calibration
from gaitprint.video import video_people
from gaitprint.video.front_ends import choose_front_ends

RATE_HZ = 20.0


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of videos."""
    folder = tmp_path_factory.mktemp("videos")
    crossing = [passer(1, 110, 5, 5, RATE_HZ, 90, (0.0, 0.6)), passer(6, 110, 5, 5, RATE_HZ, 270, (0, -0.8))]
    anna = picture([passer(1, 90, 5, 4.2, RATE_HZ)], camera()).frames
    empty = anna[:5].repeat(5, axis=0)
    write(folder / "anna.avi", anna, RATE_HZ)
    write(folder / "crossing.avi", picture(crossing, camera()).frames, RATE_HZ)
    write(folder / "both.avi", np.concatenate([anna, empty, anna[::-1]]), RATE_HZ)  # there, and backwards again
    write(folder / "empty.avi", empty, RATE_HZ)
    far = [passer(1, 110, 5, 5, RATE_HZ, 90, (0.0, 0.6)), passer(6, 110, 5, 5, RATE_HZ, 270, (0, -4.2))]
    write(folder / "far.avi", picture(far, camera()).frames, RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def look():
    """`people_in_video` with the front-end that needs nothing installed, each video looked at once for all tests."""
    real, seen = video_people.people_in_video, {}

    def cached(path, *, options=None):
        if path not in seen:
            seen[path] = real(path, front_ends=choose_front_ends("background", "off"), options=options)
        return seen[path]

    return cached


@pytest.fixture
def options(tmp_path, monkeypatch, look) -> tuple[str, ...]:
    """A gallery and a network by whose calibration only copies of a walk are near."""
    monkeypatch.setattr(video_people, "people_in_video", look)
    network = make_network(tmp_path / "network", 0)
    rng = np.random.default_rng(0)
    Calibration.fit(rng.uniform(0, 1e-4, 99), rng.uniform(1e-3, 2e-3, 9999)).save(network)
    return "--gallery", str(tmp_path / "known"), "--model", str(network), "--device", "cpu"


@pytest.fixture
def call(tmp_path, capsys, options):
    def run(*words, code: int = 0) -> tuple[dict, str]:
        summary = tmp_path / "summary.json"
        assert main.run([*map(str, words), *options, "--json", str(summary)]) == code
        return json.loads(summary.read_text()), capsys.readouterr().out

    return run


def test_people_are_enrolled_and_identified_from_videos(videos, call, tmp_path) -> None:
    anna, printed = call("enroll", "Anna", videos / "anna.avi", videos / "empty.avi", "--keep-walks", "--keep-pictures")
    assert anna["walks"] == ["anna-person-01/anna-01/090"]
    assert [video["people"] for video in anna["videos"]] == [[{"person": 1, "walks": anna["walks"]}]]
    assert [each["walk"] for each in anna["left_out"]] == [str(videos / "empty.avi")]
    assert "person 1: 1 passage" in printed
    assert "empty.avi: nobody walks in it" in printed
    ben, _ = call("enroll", "Ben", videos / "crossing.avi", "--person", 2)
    assert {walk.partition("/")[0] for walk in ben["walks"]} == {"crossing-person-02"}

    alone, printed = call("identify", videos / "anna.avi", "--fpir", 0.3)
    assert alone["walk"] == anna["walks"][0]
    assert (alone["decision"], alone["person"], len(alone["answers"])) == ("known", "Anna", 1)
    assert "known: Anna" in printed
    several, printed = call("identify", videos / "crossing.avi")
    assert [answer["video_person"] for answer in several["answers"]] == [1, 2]
    assert "candidates" not in several
    assert [answer["candidates"][0]["subject"] for answer in several["answers"]][1] == "Ben"
    for answer in several["answers"]:
        assert answer["candidates"][0]["compared"][0]["walks"] == answer["probes"]
    assert "person 2: " in printed
    one, _ = call("identify", videos / "crossing.avi", "--person", 2)
    assert one["candidates"][0]["subject"] == "Ben"
    together, _ = call("identify", videos / "anna.avi", videos / "anna.avi")
    assert len(together["probes"]) == 2
    checked, _ = call("verify", "Anna", videos / "anna.avi", "--fmr", 0.3)
    assert checked["accepted"]
    apart, _ = call("identify", videos / "both.avi")
    assert [answer["video_person"] for answer in apart["answers"]] == [1, 2]
    as_one, _ = call("identify", videos / "both.avi", "--one-person")
    assert as_one["probes"] == [walk for answer in apart["answers"] for walk in answer["probes"]]
    assert call("verify", "Anna", videos / "both.avi", "--fmr", 0.3)[0]["probes"] == as_one["probes"]
    # Two words are of one person, also where one of them cannot be used.
    left, _ = call("identify", videos / "both.avi", videos / "empty.avi")
    assert (left["probes"], len(left["answers"])) == (as_one["probes"], 1)
    shown, _ = call("enroll", "Both", videos / "both.avi")
    assert {walk.partition("/")[0] for walk in shown["walks"]} == {"both-person-01", "both-person-02"}


def test_what_is_not_clear_is_refused_in_one_line(videos, options, tmp_path, capsys) -> None:
    assert main.run(["enroll", "Anna", str(videos / "anna.avi"), *options, "--quiet"]) == 0
    (tmp_path / "text.mp4").write_text("no video")
    crossing, empty, far = (str(videos / f"{name}.avi") for name in ("crossing", "empty", "far"))
    for code, fault, words in (
        (2, "walk at once from frame", ("enroll", "Ben", crossing)),
        (2, "give it alone, with --person N", ("verify", "Anna", crossing)),
        (2, "walk at once from frame", ("identify", crossing, "--one-person")),
        (2, "persons 1 and 2 walk at once", ("enroll", "Ben", far)),  # though the second one is too small
        (2, "no walk of a person 7 that will do, but of person", ("identify", crossing, "--person", "7")),
        (2, "chooses somebody in a video", ("identify", empty, crossing, "--person", "1")),
        (1, "nobody walks in it", ("identify", empty)),
        (1, "text.mp4", ("enroll", "Ben", str(tmp_path / "text.mp4"))),
        (1, "no such file", ("enroll", "Ben", str(tmp_path / "none.mp4"), str(tmp_path / "none.npz"))),
    ):
        assert main.run([*words, *options]) == code, words
        (line,) = capsys.readouterr().err.splitlines()
        assert fault in line, (words, line)
    with gaitprint.Gallery(options[1]) as gallery:
        assert [person.name for person in gallery.people()] == ["Anna"]

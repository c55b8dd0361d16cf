from pathlib import Path

import numpy as np
import pytest

from gaitprint.cli import main
from gaitprint.cli.leaderboard_data import LeaderboardData, copy_with_split
from gaitprint.core.errors import UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.training.leaderboard_systems import DATA_SETS


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty people, two short walks each; what is seen of them does not matter here."""
    path = tmp_path_factory.mktemp("recordings") / "store"
    silhouettes = np.full((2, 8, 8), 255, np.uint8)
    Store.create(path).add(
        GaitSequence(f"P{person:02d}", f"walk-{walk}", "free", 25.0, silhouettes=silhouettes)
        for person in range(20)
        for walk in (1, 2)
    )
    return path


def test_recorded_people_are_copied_with_one_split_for_all(recordings: Path, tmp_path: Path) -> None:
    copy = copy_with_split(Store(recordings), tmp_path / "copy")
    assert len(copy) == 40
    train, test = (set(copy.splits[name]) for name in ("train", "test"))
    assert (len(train), len(test)) == (13, 7)
    assert not train & test
    few = copy_with_split(Store(recordings), tmp_path / "few", most_people=6)
    assert (len(few), len(few.splits["train"])) == (12, 4)
    again = copy_with_split(Store(recordings), tmp_path / "copy")
    assert (again.content_hash(), again.splits) == (copy.content_hash(), copy.splits)


def test_a_copy_of_other_recordings_is_not_mixed_in(recordings: Path, tmp_path: Path) -> None:
    copy_with_split(Store(recordings), tmp_path / "copy", most_people=6)
    with pytest.raises(UsageError, match="other recordings"):
        copy_with_split(Store(recordings), tmp_path / "copy")


def test_a_given_store_is_taken_as_it_is(recordings: Path, tmp_path: Path) -> None:
    source = LeaderboardData(tmp_path / "data", {"walkers": recordings}, quick=False)
    (walkers,) = (data for data in DATA_SETS if data.name == "walkers")
    assert source.open(walkers).path == recordings
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--data", "walkers"), "write NAME=FOLDER"),
        (("--data", "walks=."), "one of walkers, kinect"),
        (("--data", "kinect=nowhere"), "no such folder"),
        (("--only", "cnn-gai"), "cnn-gei"),
        (("--seeds", "0"), "0 seeds"),
        (("--docs", "."), "is a folder"),
    ],
)
def test_a_wrong_request_is_one_line(words: tuple[str, ...], message: str, tmp_path: Path, capsys) -> None:
    assert main.run(["leaderboard", "--out", str(tmp_path / "out"), *words]) == 2
    errors = capsys.readouterr().err.strip()
    assert message in errors
    assert len(errors.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_without_recordings_nothing_can_be_done_about_them(tmp_path: Path, capsys) -> None:
    assert main.run(["leaderboard", "--out", str(tmp_path), "--only", "kinect"]) == 1
    captured = capsys.readouterr()
    assert "--data kinect=FOLDER" in captured.err
    assert "left out: kinect" in captured.out


def test_bone_lengths_from_the_recordings_to_the_table(tmp_path: Path, capsys) -> None:
    """Everything but a training: two lines of text a joint, a table, files, and the page of the documentation."""
    rng = np.random.default_rng(0)
    skeleton = "kinect-v1-20"
    path = tmp_path / "store"
    lengths = rng.uniform(0.8, 1.2, (9, 20, 3))
    pose = rng.normal(size=(20, 3)).astype(np.float32)
    Store.create(path).add(
        GaitSequence(
            f"P{person}",
            f"walk-{walk}",
            "free",
            30.0,
            joints=(pose * lengths[person] + rng.normal(0, 0.005, (5, 20, 3))).astype(np.float32),
            skeleton=skeleton,
        )
        for person in range(9)
        for walk in (1, 2, 3)
    )
    page = tmp_path / "docs" / "results.md"
    command = ["leaderboard", "--out", str(tmp_path / "out"), "--quick", "--only", "anthropometry"]
    assert main.run([*command, "--data", f"kinect={path}", "--docs", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "anthropometry" in printed
    assert printed.splitlines()[-1] == str(tmp_path / "out" / "leaderboard.png")
    assert "| anthropometry | 100.0 |" in page.read_text()
    assert (tmp_path / "out" / "results.json").is_file()

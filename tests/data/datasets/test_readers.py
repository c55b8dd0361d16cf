"""What every reader keeps to, and the table of their names."""

from pathlib import Path

import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.datasets import READERS
from gaitprint.data.datasets.reader import natural_order
from gaitprint.data.datasets.tree import view_angle


@pytest.mark.parametrize("name", READERS)
def test_every_reader_describes_itself_and_refuses_what_is_no_folder(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    assert reader.__doc__.strip()
    assert isinstance(reader.needs_alignment, bool)
    assert reader().list_walks(tmp_path).items == []
    (tmp_path / "file").write_text("x")
    for wrong in ("file", "missing"):
        with pytest.raises(UnreadableFileError):
            reader().list_walks(tmp_path / wrong)


def test_frames_are_taken_in_natural_order() -> None:
    names = ["10.png", "9.png", "a-2.png", "a-010.png", "1.png", "b.png", "²³.png"]
    assert sorted(names, key=natural_order) == ["1.png", "9.png", "10.png", "a-2.png", "a-010.png", "b.png", "²³.png"]


def test_view_angles() -> None:
    assert [view_angle(view) for view in ("000", "090", "180", "free", "camid1", "720", "९०")] == [
        *(0.0, 90.0, 180.0),
        *(None,) * 4,
    ]


def test_casia_b_splits() -> None:
    splits = READERS["casia-b"].splits
    assert (splits["train"][0], splits["train"][-1], len(splits["train"])) == ("001", "074", 74)
    assert (splits["test"][0], splits["test"][-1], len(splits["test"])) == ("075", "124", 50)

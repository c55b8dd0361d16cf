import pytest

from gaitprint.core.errors import GaitprintError, UnreadableFileError, one_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UnreadableFileError("walk.png: no picture\n  at all"), "walk.png: no picture at all"),
        (FileNotFoundError(2, "No such file or directory", "walk.png"), "walk.png: No such file or directory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ValueError("sizes differ:\n\t3 and 4\n"), "ValueError: sizes differ: 3 and 4"),
        (KeyError("joints"), "KeyError: 'joints'"),
        (MemoryError(), "MemoryError"),
        (GaitprintError(""), "GaitprintError"),
    ],
)
def test_an_error_is_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line

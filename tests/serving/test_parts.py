"""Parts of the service by themselves: its database, and what its gallery says to clients."""

import io
import threading

import pytest

from gaitprint.core.errors import IncompatibleError, UnreadableFileError
from gaitprint.gallery.gallery import Gallery
from gaitprint.serving.database import ServiceDatabase
from gaitprint.serving.extraction import VideoLimits, VideoRefusedError
from gaitprint.serving.extraction_process import ExtractionProcess
from gaitprint.serving.gallery_recogniser import GalleryRecogniser

from .pretending import PretendedModel, walk_of


def test_a_transaction_that_sqlite_undid_by_itself_blocks_nobody(tmp_path) -> None:
    """As SQLite does where the disk is full."""
    database = ServiceDatabase(tmp_path)
    with pytest.raises(KeyError), database.change() as connection:
        connection.execute("ROLLBACK")
        raise KeyError
    with database.change() as connection:
        connection.execute("INSERT INTO audit (at, token_id, action, outcome) VALUES ('', '', '', '')")
    assert database.rows("SELECT count(*) FROM audit") == [(1,)]
    database.close()


def test_a_folder_that_is_none_is_told_in_one_line(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnreadableFileError, match="no database of a service"):
        ServiceDatabase(tmp_path / "file")


def test_whoever_checks_a_claim_does_not_learn_the_name_behind_the_id(tmp_path) -> None:
    gallery = Gallery(tmp_path, PretendedModel())
    recogniser = GalleryRecogniser(gallery)
    anna = recogniser.enroll("Anna Novak", [walk_of("anna", 0)])
    other = PretendedModel()
    other.name = "another"
    gallery.use_models(other)
    with pytest.raises(IncompatibleError, match=r"^this person has no template") as refused:
        recogniser.verify(anna.person_id, [walk_of("anna", 0)], 0.01)
    assert "Anna" not in str(refused.value)
    recogniser.close()


def test_a_process_that_was_given_up_at_the_very_end_takes_no_other_video(monkeypatch, tmp_path) -> None:
    process = ExtractionProcess(VideoLimits(1, 1, 1), 0.0)
    given_up = threading.Event()

    class Started:
        stdin = stdout = None

        def kill(self) -> None:
            given_up.set()

        def wait(self) -> None:
            given_up.set()

    started = Started()
    monkeypatch.setattr(process, "_running", lambda: setattr(process, "_process", started) or started)
    monkeypatch.setattr("gaitprint.serving.extraction_process._stdin", lambda process: io.StringIO())

    def answer(process: object) -> dict[str, str]:
        given_up.wait(5)
        return {"refused": "in time, by a hair"}

    monkeypatch.setattr(process, "_answer", answer)
    with pytest.raises(VideoRefusedError):
        process.extract(tmp_path, tmp_path, lambda frames, total: None)
    assert process._process is None

import json
import os
import time
from pathlib import Path

import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.training.stopwatch import processor_seconds, stopwatch, training_seconds


def test_counts_what_was_done_and_not_what_was_discarded(tmp_path: Path) -> None:
    assert training_seconds(tmp_path) == 0
    with stopwatch(tmp_path):
        time.sleep(0.05)
    first = training_seconds(tmp_path)
    assert 0.05 <= first < 5
    with stopwatch(tmp_path) as watch:
        time.sleep(0.05)
        watch.discard()
    assert training_seconds(tmp_path) == first
    with stopwatch(tmp_path):
        time.sleep(0.05)
    assert training_seconds(tmp_path) >= first + 0.05


def test_processor_time_counts_work_and_no_waiting(tmp_path: Path) -> None:
    with stopwatch(tmp_path, processor_seconds):
        time.sleep(0.3)
    assert training_seconds(tmp_path) < 0.2
    worked = time.process_time() + 0.1
    with stopwatch(tmp_path, processor_seconds):
        while time.process_time() < worked:
            pass
    assert training_seconds(tmp_path) >= 0.08


def test_an_interruption_counts_up_to_the_last_checkpoint(tmp_path: Path) -> None:
    with stopwatch(tmp_path):
        time.sleep(0.05)
    before = training_seconds(tmp_path)
    with pytest.raises(KeyboardInterrupt), stopwatch(tmp_path):
        raise KeyboardInterrupt
    assert training_seconds(tmp_path) == before  # no checkpoint
    started = json.loads((tmp_path / "training_time.json").read_text())["running_since"]
    (tmp_path / "last").mkdir()
    os.utime(tmp_path / "last", (started + 7, started + 7))
    assert training_seconds(tmp_path) == pytest.approx(before + 7, abs=1e-3)
    with pytest.raises(KeyboardInterrupt), stopwatch(tmp_path):  # again, without another checkpoint
        os.utime(tmp_path / "last", (started - 7, started - 7))
        raise KeyboardInterrupt
    assert training_seconds(tmp_path) == pytest.approx(before + 7, abs=1e-3)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "training_time.json").write_text("{}")
    with pytest.raises(UnreadableFileError, match=r"training_time\.json: not a record"):
        training_seconds(tmp_path)

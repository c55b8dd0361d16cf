import os
import time

import pytest

from gaitprint.training.processes import Died, available_cores, in_processes

# `eval` is a function that every process can import: the items say what is done.
PID = "__import__('os').getpid()"
THREADS = "(__import__('torch').get_num_threads(), __import__('os').environ['OMP_NUM_THREADS'])"
SILENT = "__import__('gaitprint.core.progress', fromlist=['x']).console.quiet"


def test_a_process_that_dies_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    deaf = "__import__('signal').raise_signal(2) or 'deaf to Ctrl-C'"
    items = ["1 + 1", "__import__('signal').raise_signal(9)", THREADS, SILENT, deaf]
    results = dict(in_processes(eval, items, jobs=2, threads=1))
    assert results == {
        0: 2,
        1: Died("its process was killed (SIGKILL: out of memory?)"),
        2: (1, "1"),
        3: True,
        4: "deaf to Ctrl-C",
    }
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_who_stops_listening_ends_the_processes() -> None:
    outcomes = in_processes(eval, [PID, "__import__('time').sleep(600)"], jobs=2, threads=1)
    started = time.monotonic()
    index, pid = next(outcomes)
    assert index == 0
    outcomes.close()
    assert time.monotonic() - started < 60
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_to_do_starts_nothing() -> None:
    assert list(in_processes(eval, [], jobs=2, threads=1)) == []


def test_the_number_of_cores_respects_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = available_cores()
    assert cores >= 1
    for text, expected in (("1", 1), ("100000", cores), ("", cores), ("0", cores), ("4,2", cores)):
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert available_cores() == expected

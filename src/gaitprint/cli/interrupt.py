"""Ctrl-C as the end of a camera, and not of the command."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_stops(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C within the context call `stop`, and the second one interrupt as usual.

    Where signals cannot be received, beyond the main thread, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def once(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        stop()

    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

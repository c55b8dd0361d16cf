import sys

import pytest

from gaitprint.core.allocator import keep_freed_memory


@pytest.mark.skipif(sys.platform != "linux", reason="the GNU C library is Linux's")
def test_is_understood_by_this_system_or_says_no() -> None:
    assert keep_freed_memory() in (True, False)
    assert keep_freed_memory() is keep_freed_memory()

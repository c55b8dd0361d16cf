"""Fixtures that every test module may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds; deselect with -m 'not slow'")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with recordings of real people; tests that need it are skipped where it is not there."""
    root = Path(os.environ.get("GAITPRINT_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    if not root.is_dir():
        pytest.skip(f"needs the shared recordings: no folder {root} (set GAITPRINT_SHARED)")
    return root


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests compute out of the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAITPRINT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield

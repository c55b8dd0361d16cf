"""The wheel and the source distribution: what is in them, and that the wheel works away from the sources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
WEIGHTS = ("light-pose-nn", "silhouettes", "skeleton")

# Builds as pip does, but with what is installed here, so that nothing is fetched.
_BUILD = """
import os, sys
from hatchling import build
os.chdir(sys.argv[1])
for kind in sys.argv[3:]:
    getattr(build, f"build_{kind}")(sys.argv[2])
"""


def build(sources: Path, out: Path, *kinds: str) -> None:
    out.mkdir()
    command = [sys.executable, "-c", _BUILD, str(sources), str(out), *kinds]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The paths of wheel and source distribution, built from this folder."""
    pytest.importorskip("hatchling", reason="needs hatchling: pip install hatchling")
    out = tmp_path_factory.mktemp("distributions") / "dist"
    build(ROOT, out, "wheel", "sdist")
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


def contents(wheel: Path) -> dict[str, int]:
    """Name -> checksum of each file."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist()}


def test_the_wheel_holds_the_package_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    names = {PurePosixPath(name) for name in contents(distributions[0])}
    package = {name for name in names if name.parts[0] == "gaitprint"}
    sources = ROOT / "src" / "gaitprint"
    expected = {
        PurePosixPath("gaitprint") / path.relative_to(sources).as_posix()
        for path in sources.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert package == expected
    kinds = {".py", ".yaml", ".json", ".safetensors", ".md", ".css", ".html", ".js", ".svg"}
    assert {name.suffix for name in package if name.name != "py.typed"} == kinds
    for weights in WEIGHTS:
        assert any(name.is_relative_to(f"gaitprint/weights/{weights}") for name in package)
    for name in ("py.typed", "recipes/cnn-gei.yaml", "serving/page/index.html", "reports/templates/report.html"):
        assert PurePosixPath("gaitprint") / name in package
    # Besides, what pip wants to know, and all terms: those of the code and those of the weights.
    others = {PurePosixPath(*name.parts[1:]).as_posix() for name in names - package}
    assert {name.parts[0].endswith(".dist-info") for name in names - package} == {True}
    terms = {
        f"licenses/src/gaitprint/weights/{name}/README.md" for name in ("light-pose-nn", "silhouettes", "skeleton")
    }
    assert others == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", *terms}


def test_the_source_distribution_builds_the_same_wheel(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    wheel, source = distributions
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    build(folder, tmp_path / "dist", "wheel")
    (rebuilt,) = (tmp_path / "dist").iterdir()
    assert contents(rebuilt) == contents(wheel)

    assert (folder / "tests" / "packaging" / Path(__file__).name).is_file()
    expected = {
        *("src", "tests", "benchmarks", "docs", ".ci"),
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE"),
        *("pyproject.toml", "constraints.txt", "Makefile", ".gitignore", "PKG-INFO"),
    }
    assert {path.name for path in folder.iterdir()} - {"mkdocs.yml"} == expected
    assert not list(folder.rglob("__pycache__"))


def test_the_wheel_works_away_from_its_sources(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(distributions[0]) as archive:
        archive.extractall(tmp_path / "installed")
    code = """
import json
from importlib.resources import files
import gaitprint
from gaitprint.training.recipe import load_any_recipe, shipped_recipes
from gaitprint.evaluation.embed import SHIPPED_WEIGHTS
loaded = [gaitprint.load(name).name for name in SHIPPED_WEIGHTS]
print(json.dumps([gaitprint.__file__, loaded, [load_any_recipe(name).name for name in shipped_recipes()]]))
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    place, loaded, recipes = json.loads(result.stdout)
    assert Path(place).is_relative_to(tmp_path)
    assert len(loaded) >= 2
    assert "cnn-gei" in recipes

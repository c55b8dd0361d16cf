"""The public interface: loaded when used, seen by type checkers, an example each; and what all modules document."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import gaitprint

SOURCES = Path(str(files("gaitprint")))
HEAVY = {"cv2", "lightning_fabric", "matplotlib", "scipy", "sklearn", "tensorboard", "torch"}
NAMES = [name for name in gaitprint.__all__ if name != "__version__"]


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*{HEAVY} & {{*sys.modules}})"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(result.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import gaitprint; dir(gaitprint); gaitprint.GaitSequence",
        "from gaitprint.cli.main import run; run(['--help'])",
        "from gaitprint.cli.main import run; run(['--version'])",
        "from gaitprint.cli.main import run; run(['completion', 'bash', '--quiet'])",
    ],
)
def test_nothing_heavy_is_loaded_until_it_is_needed(code: str) -> None:
    assert loaded_after(code) == set()


def test_the_overview_needs_no_parser_of_options() -> None:
    script = (
        "import sys; from gaitprint.cli.main import run; run(['--help']); print({'tyro', 'numpy'} & {*sys.modules})"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "set()"


def test_every_name_is_listed_and_there() -> None:
    assert set(gaitprint.__all__) <= set(dir(gaitprint))
    for name in gaitprint.__all__:
        assert getattr(gaitprint, name) is getattr(gaitprint, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        gaitprint.nothing  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((SOURCES / "__init__.py").read_text())
    seen = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    table = {name: target if ":" in target else f"{target}:{name}" for name, target in gaitprint._PUBLIC.items()}
    assert seen == table
    assert (SOURCES / "py.typed").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_documented_with_an_example(name: str) -> None:
    # Doctests run wherever they stand (pytest --doctest-modules); those of commands are in the package's own text.
    own = getattr(gaitprint, name).__doc__
    assert own is not None
    example = [line for line in f"{gaitprint.__doc__}".splitlines() if line.lstrip().startswith((">>> ", "... "))]
    assert ">>> " in own or any(f"gaitprint.{name}" in line for line in example)


def public_definitions(path: Path) -> list[tuple[str, ast.AST, bool]]:
    """What a module offers: functions, classes and their methods, each with whether it is one of a class."""
    found: list[tuple[str, ast.AST, bool]] = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            found.append((node.name, node, False))
            if isinstance(node, ast.ClassDef):
                methods = (part for part in node.body if isinstance(part, ast.FunctionDef))
                found += [(f"{node.name}.{part.name}", part, True) for part in methods if not part.name.startswith("_")]
    return found


def is_annotated(function: ast.FunctionDef, *, is_method: bool) -> bool:
    taken = function.args
    plain = [*taken.posonlyargs, *taken.args]
    is_static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list)
    own = 1 if is_method and not is_static else 0
    every = [*plain[own:], *taken.kwonlyargs, *(each for each in (taken.vararg, taken.kwarg) if each is not None)]
    return function.returns is not None and all(each.annotation is not None for each in every)


def test_whatever_is_public_in_any_module_is_documented_and_typed(capsys: pytest.CaptureFixture[str]) -> None:
    bare, untyped, definitions, functions = [], [], 0, 0
    for path in sorted(SOURCES.rglob("*.py")):
        if any(part.startswith("_") for part in path.relative_to(SOURCES).with_suffix("").parts[-1:]):
            continue
        for name, node, is_method in public_definitions(path):
            place = f"{path.relative_to(SOURCES)}: {name}"
            definitions += 1
            assert isinstance(node, (ast.FunctionDef, ast.ClassDef))
            decorators = {ast.unparse(mark) for mark in node.decorator_list}
            overloaded = "overload" in decorators
            if ast.get_docstring(node) is None and not overloaded:
                bare.append(place)
            if isinstance(node, ast.FunctionDef):
                functions += 1
                if not is_annotated(node, is_method=is_method):
                    untyped.append(place)
    with capsys.disabled():
        documented, typed = 1 - len(bare) / definitions, 1 - len(untyped) / functions
        print(f"\n{documented:.1%} of {definitions} public definitions documented, {typed:.1%} of {functions} typed")
    assert bare == []
    assert untyped == []

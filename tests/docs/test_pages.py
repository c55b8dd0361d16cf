"""The pages stay true: commands are understood, examples give what they say, every model has its page and picture."""

import doctest
import functools
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gaitprint
from gaitprint.cli import calling
from gaitprint.cli.commands import COMMANDS
from gaitprint.core.errors import UsageError
from gaitprint.models import MODELS
from gaitprint.models.pose import POSE_NETWORKS

from .pages import DOCS, PAGES, blocks, commands, name


def _only_parsed(function: Callable[..., Any]) -> Callable[..., None]:
    @functools.wraps(function)
    def nothing(*_positional: Any, **_named: Any) -> None:
        return None

    return nothing


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=name)
def test_commands_are_understood(page, monkeypatch):
    monkeypatch.setattr(calling, "COMMANDS", {key: _only_parsed(COMMANDS[key]) for key in COMMANDS})
    for line in commands(page):
        try:
            calling.call_command(line.split()[0], shlex.split(line)[1:])
        except UsageError as error:
            raise AssertionError(f"gaitprint {line}: {error}") from error


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_code_is_no_part_of_a_list(page):  # Markdown takes what is indented behind a list for text of its last item
    text = re.sub(r"^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"^(?:[-*]|\d+\.) .*\n(?:[ ]+\S.*\n)*\n+ {4}\S.*", text, re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page, "pycon"))], ids=name)
def test_examples_give_what_they_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {"gaitprint": gaitprint, "np": np}
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for number, (_, code) in enumerate(blocks(page, "pycon")):
        test = doctest.DocTestParser().get_doctest(code, known, f"{name(page)} block {number}", str(page), 0)
        assert test.examples
        runner.run(test, clear_globs=False)
        known |= test.globs
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(blocks(page, "python")) and page.parent.name != "extending"], ids=name
)
def test_python_is_python(page):  # that of extending is run
    for number, (_, code) in enumerate(blocks(page, "python")):
        compile(code, f"{name(page)} block {number}", "exec")


@pytest.mark.parametrize("model", [*MODELS, *POSE_NETWORKS])
def test_every_model_has_a_page_with_its_picture(model):
    text = (DOCS / "models" / f"{model}.md").read_text(encoding="utf-8")
    assert f"<!-- figures of {model} -->" in text
    assert f"images/models/{model}.svg" in text
    assert f"[{model}]({model}.md)" in (DOCS / "models" / "index.md").read_text(encoding="utf-8")


def test_pictures_of_models_are_those_that_would_be_drawn(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    from architectures import ARCHITECTURES, OVERVIEWS
    from diagrams import draw, folder_of

    assert set(ARCHITECTURES) == {*MODELS, *POSE_NETWORKS}
    for picture, rows in (ARCHITECTURES | OVERVIEWS).items():
        assert (folder_of(picture) / f"{picture}.svg").read_text(encoding="utf-8") == draw(rows, picture)


def test_references_name_everything(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "generate"))
    from api_pages import api_pages
    from command_pages import command_page
    from model_facts import model_facts
    from recipe_pages import recipe_page

    page = command_page()
    assert all(f"### gaitprint {command}\n" in page for command in COMMANDS)
    page = recipe_page()
    assert all(f"### {model}\n" in page for model in MODELS)
    assert "| `margin` | `float` | `0.2` | m in max(0," in page
    assert "92,896" in model_facts("cnn-gei")
    packages = {
        folder.name for folder in Path(gaitprint.__file__).parent.iterdir() if (folder / "__init__.py").is_file()
    }
    assert {f"{package}.md" for package in packages - {"cli"}} | {"index.md"} == set(api_pages())

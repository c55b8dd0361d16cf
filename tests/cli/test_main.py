import inspect
import json
import subprocess
import sys

import pytest

from gaitprint.cli import main
from gaitprint.cli.calling import overrides_first
from gaitprint.cli.commands import COMMAND_GROUPS, COMMANDS
from gaitprint.cli.terminal import output
from gaitprint.core.errors import GaitprintError, UsageError


def test_overview_lists_every_command_and_loads_nothing_heavy():
    code = "import sys; from gaitprint.cli.main import run; run(['--help']); print({'torch', 'cv2'} & {*sys.modules})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "set()"
    for name in COMMANDS:
        assert f"  {name} " in result.stdout


def test_every_command_is_in_one_group():
    listed = [name for group in COMMAND_GROUPS.values() for name in group]
    assert sorted(listed) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_of_every_command(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as caught:
        main.run([name, "--help"])
    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert "--json FILE|-" in text
    assert "--quiet" in text
    assert ("--device" in text) == ("device" in inspect.signature(COMMANDS[name]).parameters)
    assert "(default: None)" not in text
    assert "(default: False)" not in text
    assert "{None}" not in text
    assert "(default: )" not in text
    first, _, box = text.partition("usage: ")
    assert max(map(len, first.splitlines())) <= 80
    assert " ".join(first.split()).startswith(inspect.getdoc(COMMANDS[name]).split("\n\n")[0].replace("\n", " "))
    for row in (line.strip("│").rstrip() for line in box.splitlines() if line.startswith("│")):
        assert len(row) <= 78


def test_help_loads_no_torch():
    run = "try: run(['evaluate', '--help'])\nfinally: print('torch' in sys.modules)"
    code = f"import sys; from gaitprint.cli.main import run\n{run}"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "False"


def test_wrong_usage_exits_with_2(capsys):
    assert main.run([]) == 2
    assert main.run(["evalute"]) == 2
    assert "did you mean 'evaluate'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (GaitprintError("a: broken\n badly"), 1, "error: a: broken badly\n"),
        (UsageError("wrong [x]"), 2, "usage error: wrong [x]\n"),
        (FileNotFoundError(2, "No such file or directory", "/x"), 1, "error: /x: No such file or directory\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (
            ValueError("surprise"),
            1,
            "internal error: ValueError: surprise (please report it; GAITPRINT_TRACEBACK=1 shows where)\n",
        ),
    ],
)
def test_every_error_is_one_line_and_an_exit_code(error, code, text, monkeypatch, capsys):
    def fail(name, arguments):
        raise error

    monkeypatch.setattr(main, "_call", fail)
    monkeypatch.delenv("GAITPRINT_TRACEBACK", raising=False)
    assert main.run(["models"]) == code
    assert capsys.readouterr().err == text


def test_json_goes_to_standard_output_alone_or_to_a_file(tmp_path, capsys):
    assert main.run(["readers", "--json", "-"]) == 0
    printed = capsys.readouterr().out
    assert "kinect-gait" in json.loads(printed)
    assert main.run(["readers", "--json", str(tmp_path / "r.json"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert json.loads((tmp_path / "r.json").read_text()) == json.loads(printed)
    assert output.quiet  # silent again for callers from Python


def test_overrides_may_stand_anywhere():
    def train(recipe: str, overrides: tuple[str, ...] = (), /, *, data: str, resume: bool = False) -> None: ...

    def moved(*words):
        return overrides_first(train, words)

    assert moved("r", "--data", "d", "--resume", "a=1", "b.c=2") == ["r", "a=1", "b.c=2", "--data", "d", "--resume"]
    assert moved("r", "--data", "x=y", "--quiet", "a=1") == ["r", "a=1", "--data", "x=y", "--quiet"]
    assert moved("r", "a=1", "--data=d") == ["r", "a=1", "--data=d"]
    assert moved("--help") == ["--help"]


def test_one_process_of_many_speaks(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    assert main.run(["readers", "--json", str(tmp_path / "r.json")]) == 0
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "r.json").exists()

"""What a command says of words that it does not take: one line, exit code 2, and nothing is done."""

from __future__ import annotations

import pytest

from gaitprint.cli.main import run

LAYOUT = "must be casia-b or everyday (did you mean 'everyday'?)"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("train cnn-gei --dat x --out y", "unknown option --dat (did you mean --data?)"),
        ("synth --subjekts 4 --out x", "unknown option --subjekts (did you mean --subjects?)"),
        ("synth -q", "unknown option -q"),
        ("readers --device cpu", "unknown option --device"),
        ("synth --out", "--out DIR: the value is missing"),
        ("enroll Anna --gallery --replace", "--gallery FOLDER|URL: the value is missing"),
        ("synth --subjects many --out x", "--subjects is 'many', must be a whole number"),
        ("identify walk.mp4 --fpir=1/100", "--fpir is '1/100', must be a number"),
        ("synth --seed -1 --layout everday", f"--layout is 'everday', {LAYOUT}"),
        ("synth --joint-axes 5 --out x", "--joint-axes is '5', must be 2 or 3"),
        ("synth --frames=yes", "--frames takes no value"),
        ("gallery lst", "ACTION is 'lst', must be list, show, rename, delete, export, import, copy or reembed"),
        ("gallery", "missing: ACTION"),
        ("train", "missing: RECIPE, --data STORE, --out RUN"),
        ("evaluate run --data x", "missing: --protocol NAME, --out DIR"),
        ("gei a b --out c", "'b' is one word too many"),
        ("attention run --data x --subjects a b --out", "--out DIR: the value is missing"),
        ("serve --auth", "unknown option --auth (did you mean --no-auth?)"),
    ],
)
def test_wrong_words_are_named_in_one_line(words: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words.split()) == 2
    command = f"gaitprint {words.split()[0]}"
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"usage error: {command}: {reason}")
    assert printed.err.endswith(f"; {command} --help explains what it takes\n")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("value", ["0", "-1"])
def test_walkers_are_not_rendered_by_no_process(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", "--subjects", "1", "--out", "x", "--workers", value]) == 2
    assert f"--workers is {value}, must be at least 1" in capsys.readouterr().err

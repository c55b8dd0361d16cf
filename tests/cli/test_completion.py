"""`gaitprint completion`: scripts that know every command, and complete."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gaitprint.cli.commands import COMMANDS
from gaitprint.cli.main import run


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_names_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    for name in COMMANDS:
        assert name in script
    assert "--front-end" in script  # of extract
    if shutil.which(shell) is not None:
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [(["gaitprint", "ident"], {"identify"}), (["gaitprint", "identify", "--fp"], {"--fpir"})],
)
def test_bash_completes(
    typed: list[str], completed: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["completion", "bash"]) == 0
    script = tmp_path / "gaitprint.bash"
    script.write_text(capsys.readouterr().out)
    words = " ".join(typed)
    ask = (
        f"source {script}; COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; COMP_LINE='{words}'; "
        f"COMP_POINT={len(words)}; $(complete -p gaitprint | sed -E 's/.*-F ([^ ]+).*/\\1/') gaitprint; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert {word.strip() for word in result.stdout.split("\n") if word.strip()} == completed, result.stderr


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "zsh"]) == 0
    (tmp_path / "_gaitprint").write_text(capsys.readouterr().out)
    # zsh completes for a terminal alone: one is lent to a second zsh, into which words and tabs are typed.
    ask = f"""
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell "fpath=({tmp_path} \\$fpath); autoload -Uz compinit; compinit -u -D; print -r -- re''ady"
        zpty -r shell shown '*ready*'
        zpty -w -n shell $'gaitprint ident\t'
        zpty -r shell shown '*identify*'
        zpty -w -n shell $'--fp\t'
        zpty -r shell shown '*--fpir*'
        print completed
    """
    result = subprocess.run(["zsh", "-f", "-c", ask], capture_output=True, text=True, timeout=60, check=False)
    assert result.stdout == "completed\n", result.stderr

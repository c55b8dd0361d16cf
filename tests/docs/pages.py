"""What is written in the pages: their commands, their Python, their files."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^( *)```(\w+)([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
# Indented by four blanks, or after the prompt of a terminal whose output is shown too.
_COMMAND = re.compile(r"^(?: +\$ |    (?:  )?|\$ )(?:torchrun .* -m )?gaitprint ((?:.*\\\n)*.*)$", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> Iterator[tuple[str, str]]:
    """(title, code) of the fenced blocks of a language."""
    for _, found, options, code in _FENCE.findall(page.read_text(encoding="utf-8")):
        if found == language:
            title = re.search(r'title="([^"]+)"', options)
            yield (title[1] if title else "", dedent(code))


def commands(page: Path) -> list[str]:
    """Command lines without their first word, comments and line ends; only those that say all of it."""
    lines = [
        re.sub(r"\\\n\s*", "", line).split("  #")[0].strip()
        for line in _COMMAND.findall(page.read_text(encoding="utf-8"))
    ]
    # Help texts end a command before it begins. Placeholders for several words, and alternatives, are no command lines.
    return [line for line in lines if not re.search(r"^-|--help|\.\.\.|\[-| \| |\[key", line)]

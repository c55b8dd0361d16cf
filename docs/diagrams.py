"""Draw the architecture pictures: `python docs/diagrams.py` writes docs/images/models/*.svg and two of the whole.

Boxes from top to bottom, what passes between them beside the arrows. The ground is light, so that the pictures can be
read on a dark page too.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from architectures import ARCHITECTURES, OVERVIEWS, Block, Kind, Row
from gaitprint.core.files import atomic_path

# Pixels.
_WIDTH, _MARGIN, _BOX_HEIGHT, _ARROW, _BETWEEN = 460, 14, 46, 30, 12
_FILL: dict[Kind, str] = {
    "data": "#e3e8ec",
    "layer": "#c9e6e2",
    "time": "#d9d3f0",
    "pool": "#fbe3b5",
    "result": "#bfe3b4",
    "training": "#ffffff",
}
_LEGEND: dict[Kind, str] = {
    "data": "input",
    "layer": "frame by frame",
    "time": "along time",
    "pool": "summary",
    "result": "result",
    "training": "training only",
}
_INK = "#1d2b33"


def draw(rows: tuple[Row, ...], title: str) -> str:
    """Return an architecture as an SVG document.

    Args:
        rows: from the input to the result.
        title: the picture's name; the colours of a network are explained beneath it.
    """
    parts: list[str] = []
    top = _MARGIN
    for index, row in enumerate(rows):
        parts += _boxes(row.blocks, top)
        top += _BOX_HEIGHT
        if index + 1 < len(rows):
            parts += _arrow(top, row.gives)
            top += _ARROW
    height = top + _MARGIN
    if title in ARCHITECTURES:
        parts += _legend(top + 18, {block.kind for row in rows for block in row.blocks})
        height = top + 40
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" role="img" font-family="system-ui, sans-serif">',
            f"<title>{escape(title)}</title>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{_INK}"/></marker></defs>',
            f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#fbfbf9"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _boxes(blocks: tuple[Block, ...], top: int) -> list[str]:
    width = (_WIDTH - 2 * _MARGIN - _BETWEEN * (len(blocks) - 1)) / len(blocks)
    parts = []
    for index, block in enumerate(blocks):
        left = _MARGIN + index * (width + _BETWEEN)
        middle = left + width / 2
        dashes = ' stroke-dasharray="5 3"' if block.kind == "training" else ""
        parts.append(
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{_BOX_HEIGHT}" rx="6" '
            f'fill="{_FILL[block.kind]}" stroke="#5b6b73" stroke-width="1"{dashes}/>'
        )
        baseline = top + (19 if block.detail else 28)
        parts.append(_text(middle, baseline, block.title, 14, "middle", bold=True))
        if block.detail:
            parts.append(_text(middle, top + 36, block.detail, 11.5, "middle"))
    return parts


def _arrow(top: int, gives: str) -> list[str]:
    middle = _WIDTH / 2
    ends = f'x1="{middle}" y1="{top + 2}" x2="{middle}" y2="{top + _ARROW - 3}"'
    line = f'<line {ends} stroke="{_INK}" marker-end="url(#head)"/>'
    return [line, _text(middle + 10, top + 19, gives, 11.5, "start")] if gives else [line]


def _legend(baseline: int, kinds: set[Kind]) -> list[str]:
    parts: list[str] = []
    left = float(_MARGIN)
    for kind, meaning in _LEGEND.items():
        if kind in kinds:
            dashes = ' stroke-dasharray="3 2"' if kind == "training" else ""
            parts.append(
                f'<rect x="{left:.1f}" y="{baseline - 9}" width="11" height="11" fill="{_FILL[kind]}" '
                f'stroke="#5b6b73"{dashes}/>'
            )
            parts.append(_text(left + 16, baseline, meaning, 10.5, "start"))
            left += 30 + 6.0 * len(meaning)
    return parts


def _text(x: float, y: float, text: str, size: float, anchor: str, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.1f}" y="{y}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{_INK}"{weight}>{escape(text)}</text>'


def folder_of(name: str) -> Path:
    """Folder that a picture lies in."""
    return Path(__file__).parent / "images" / ("models" if name in ARCHITECTURES else "architecture")


def main() -> None:
    """Write the pictures beside this file."""
    for name, rows in (ARCHITECTURES | OVERVIEWS).items():
        folder_of(name).mkdir(parents=True, exist_ok=True)
        with atomic_path(folder_of(name) / f"{name}.svg") as temporary:
            temporary.write_text(draw(rows, name), encoding="utf-8")


if __name__ == "__main__":
    main()

"""How every figure of gaitprint looks: colours, sizes, and the way into an HTML page.

Figures are plain matplotlib `Figure` objects, never made through pyplot, so that nothing global is touched and a
server can draw many at once.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Sequence
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

INK = "#1b2430"
MUTED = "#5d6877"
GRID = "#d9dfe7"
PAPER = "#ffffff"

# Okabe & Ito, "Color Universal Design" (2008), darkest first: told apart with every common colour blindness.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# Right and wrong differ in hue and in lightness, and every use adds a word or a sign.
RIGHT = "#00795a"
WRONG = "#c2410c"

# One hue from light to dark: readable in grey print, and for every kind of colour vision.
_HEAT_STEPS = ["#f3f7fb", "#c6dbec", "#7fb2d5", "#2f7fb8", "#0b4a7d"]
HEAT = LinearSegmentedColormap.from_list("gaitprint-heat", _HEAT_STEPS).with_extremes(bad="#e4e4e4")

WIDTH_INCH = 5.4
# Letters of 9 points that stand in an inch, about; what a legend has around each entry; its longest line.
_LETTERS_AN_INCH, _AROUND_ENTRY, _LONGEST_ENTRY = 13, 6, 50

# In a page these colours follow its light or dark scheme; the page's style sheet defines the variables.
_PAGE_COLOURS = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    PAPER: "var(--card)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(SERIES)},
}
_HREF = "{http://www.w3.org/1999/xlink}href"


def new_figure(height_inch: float = 3.6, width_inch: float = WIDTH_INCH) -> tuple[Figure, Axes]:
    """Return an empty figure and its one axes in the project's style."""
    figure = Figure(figsize=(width_inch, height_inch), layout="constrained", facecolor=PAPER)
    axes = figure.add_subplot()
    axes.set_facecolor("none")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=9, length=3)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set_color(INK)
        axis.label.set_fontsize(10)
    return figure, axes


def add_grid(axes: Axes) -> None:
    """Draw a light grid behind the data."""
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def add_legend(axes: Axes, handles: Sequence[Artist] | None = None) -> None:
    """Draw a frameless legend in lines above the axes, where nothing can be behind it; long names get fewer columns.

    Args:
        axes: where to.
        handles: what to list; None means the labelled artists of the axes.
    """
    shown = axes.get_legend_handles_labels()[0] if handles is None else handles
    labels = [textwrap.fill(str(artist.get_label()), _LONGEST_ENTRY) for artist in shown]
    longest = max(len(line) for label in labels for line in label.split("\n"))
    room = axes.figure.bbox.width / axes.figure.dpi * _LETTERS_AN_INCH
    axes.legend(
        handles=shown,
        labels=labels,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=max(1, min(len(shown), 5, int(room / (longest + _AROUND_ENTRY)))),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        borderaxespad=0.2,
        handlelength=1.4,
    )


def plain_text(label: object) -> str:
    r"""Return a label of the user's so that matplotlib draws it literally.

    Dollar signs start no formula, a leading underscore hides no legend entry, control characters are replaced.

    >>> plain_text("_a$b$")
    ' _a\\$b\\$'
    """
    text = "".join(character if character.isprintable() else "\ufffd" for character in str(label))
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def wrapped_text(label: str, characters: int) -> str:
    r"""Return a label of the user's as `plain_text`, in lines of at most so many characters.

    >>> wrapped_text("step (epochs $5$)", 11)
    'step\n(epochs\n\\$5\\$)'
    """
    return "\n".join(map(plain_text, textwrap.wrap(label, characters, break_on_hyphens=False) or [""]))


def inline_svg(figure: Figure, prefix: str) -> str:
    """Return a figure as an ``<svg>`` element for an HTML page.

    Text stays text in the page's own font, colours become the page's variables (``--ink``, ``--series-0``, ...), and
    the element takes the size of its container. It is hidden from screen readers: the page gives its description.

    Args:
        figure: the figure.
        prefix: put before every id, so that several figures can stand in one page.
    """
    stream = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "gaitprint"}), warnings.catch_warnings():
        # Only the measuring font lacks such a glyph; the reader's browser draws it.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(stream.getvalue())
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag.endswith(("}metadata", "}style"))]:
            parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        attributes = dict(element.attrib)
        element.attrib.clear()
        for name, value in attributes.items():
            if name == "id":
                value = f"{prefix}-{value}"
            elif name == _HREF:
                value = value.replace("#", f"#{prefix}-", 1)
            elif name == "style":
                value = _page_style(value)
            value = value.replace("url(#", f"url(#{prefix}-")
            element.set("xlink:href" if name == _HREF else name, value)
        element.text = element.text and (element.text if element.tag == "text" else element.text.strip())
        element.tail = None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return ElementTree.tostring(root, encoding="unicode", method="html")


def _page_style(style: str) -> str:
    """Drop the font of an inline style and turn its colours into variables."""
    kept = (rule for rule in style.split("; ") if not rule.startswith("font-family"))
    text = ";".join(rule.replace(": ", ":") for rule in kept)
    for colour, variable in _PAGE_COLOURS.items():
        text = text.replace(colour, variable)
    return text

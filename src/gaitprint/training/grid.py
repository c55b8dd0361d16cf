"""The grid of a study: ``key=value,value,...`` once for each axis, and every combination of values as a cell."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from gaitprint.core.config import parse_value
from gaitprint.core.errors import UsageError

_OPENING, _CLOSING = "[{", "]}"
# After these a quotation mark opens a string; inside a word it is an apostrophe.
_BEFORE_QUOTE = (*"[{,:", " ", "")
_LONGEST_FOLDER_NAME = 60


@dataclass(frozen=True)
class Axis:
    """One key of the recipe and the values that it takes.

    Args:
        key: the path of the key (``loss``, ``optimizer.learning_rate``).
        texts: the values as they were written, in YAML.
    """

    key: str
    texts: tuple[str, ...]

    @property
    def values(self) -> tuple[Any, ...]:
        """The values that the texts stand for."""
        return tuple(yaml.safe_load(text) for text in self.texts)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the values are called in tables."""
        return tuple(
            value_label(value) if isinstance(value, (dict, list)) else text
            for text, value in zip(self.texts, self.values, strict=True)
        )

    def overrides(self) -> tuple[str, ...]:
        """Return the values as ``key=value``."""
        return tuple(f"{self.key}={text}" for text in self.texts)


@dataclass(frozen=True)
class GridCell:
    """One combination of values.

    Args:
        label: the labels of the values; empty where there is no grid.
        choices: axis -> label of its value.
        overrides: ``key=value`` for each axis, in their order.
        folder: a name for a folder that no other cell has, and that stays the same when the grid grows.
    """

    label: str
    choices: dict[str, str]
    overrides: tuple[str, ...]
    folder: str


def parse_axis(text: str) -> Axis:
    """Read ``key=value,value,...``.

    Values are separated by commas outside of brackets and quotation marks, and each is YAML, so that mappings and lists
    can be values.

    Raises:
        UsageError: no ``=``, no or an empty value, a bracket that is not closed, no YAML, keys that are
            no words, or a value given twice.

    >>> parse_axis("schedule=constant,{name: step, epochs: 5}").labels
    ('constant', 'step (epochs 5)')
    """
    key, equals, listed = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise UsageError(f"--grid {text}: write key=value,value,... for example loss=cross-entropy,triplet")
    if key == "training.seed":
        raise UsageError("--grid training.seed: --seeds says how many seeds each cell is trained with")
    texts = tuple(value.strip() for value in _split(listed, text))
    if not all(texts):
        raise UsageError(f"--grid {text}: a value is empty; write null for no value")
    values = [parse_value(value, f"--grid {text}") for value in texts]
    try:
        canonical = [_canonical(value) for value in values]
    except TypeError as error:
        raise UsageError(f"--grid {text}: a key in a value is no word ({error})") from None
    for number, value in enumerate(texts):
        if canonical[number] in canonical[:number]:
            raise UsageError(f"--grid {text}: the value {value} is given twice")
    return Axis(key, texts)


def parse_grid(texts: Sequence[str]) -> tuple[Axis, ...]:
    """Read all axes; `UsageError` as `parse_axis`, and for a key that is given twice."""
    axes = tuple(parse_axis(text) for text in texts)
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise UsageError(f"--grid {key} is given twice; list all its values behind one --grid {key}=")
    return axes


def grid_cells(axes: Sequence[Axis]) -> tuple[GridCell, ...]:
    """Return every combination, the last axis varying fastest; without any axis the one cell that changes nothing."""
    columns = [list(zip(axis.labels, axis.overrides(), axis.values, strict=True)) for axis in axes]
    cells = []
    for combination in itertools.product(*columns):
        choices = {axis.key: label for axis, (label, _, _) in zip(axes, combination, strict=True)}
        label = " · ".join(choices.values())
        # The keys' values, not their spelling, tell folders apart.
        identity = _canonical([[axis.key, value] for axis, (_, _, value) in zip(axes, combination, strict=True)])
        digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
        name = re.sub(r"[^a-z0-9.+]+", "-", label.lower()).strip("-.")[:_LONGEST_FOLDER_NAME]
        overrides = tuple(override for _, override, _ in combination)
        cells.append(GridCell(label, choices, overrides, f"{name}-{digest}" if axes else "recipe"))
    return tuple(cells)


def value_label(value: Any) -> str:
    """Return a YAML value as a short text.

    >>> value_label({"name": "step", "epochs": 5})
    'step (epochs 5)'
    >>> value_label(["cross-entropy", {"name": "center", "weight": 0.01}])
    'cross-entropy + center (weight 0.01)'
    >>> value_label([64, 44])
    '[64, 44]'
    """
    if isinstance(value, dict):
        name = value.get("name")
        options = ", ".join(f"{key} {value_label(entry)}" for key, entry in value.items() if key != "name")
        if name is None:
            return options or "{}"
        return f"{name} ({options})" if options else str(name)
    if isinstance(value, list):
        entries = [value_label(entry) for entry in value]
        is_choices = any(isinstance(entry, dict) and "name" in entry for entry in value)
        return " + ".join(entries) if is_choices else f"[{', '.join(entries)}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


def _split(values: str, text: str) -> list[str]:
    """Split at the commas outside of brackets and quotation marks."""
    pieces = [""]
    brackets: list[str] = []
    quote = ""
    before = ""  # the last character that was no space
    for character in values:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and before in _BEFORE_QUOTE:
            quote = character
        elif character in _OPENING:
            brackets.append(_CLOSING[_OPENING.index(character)])
        elif character in _CLOSING and (not brackets or brackets.pop() != character):
            raise UsageError(f"--grid {text}: the bracket {character} closes nothing")
        elif character == "," and not brackets:
            pieces.append("")
            before = ""
            continue
        pieces[-1] += character
        before = character if not character.isspace() else before
    if brackets or quote:
        raise UsageError(f"--grid {text}: {brackets[-1] if brackets else quote} is missing")
    return pieces


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)

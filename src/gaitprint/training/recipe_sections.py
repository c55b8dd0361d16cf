"""Sections of a recipe that name an entry of a table, checked and with every default filled in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gaitprint.core.choices import read_choice
from gaitprint.core.config import to_mapping
from gaitprint.core.errors import UsageError

Choice = dict[str, Any]


def resolved(choice: Choice, where: str, table: Mapping[str, Any]) -> Choice:
    """Return the choice with every option; errors as `core.choices.read_choice`."""
    return {"name": choice.get("name"), **to_mapping(read_choice(table, choice, where)[1])}


def resolved_losses(losses: Sequence[Choice], table: Mapping[str, Any]) -> tuple[Choice, ...]:
    """Return losses with every option and their weight.

    Raises:
        UsageError: as `resolved`; a weight that is no finite number above 0; the same loss twice.
    """
    names = [loss.get("name") for loss in losses]
    if len(set(map(str, names))) < len(names):
        raise UsageError(f"loss names {', '.join(map(str, names))}: give at least one, each once")
    return tuple(
        resolved({key: value for key, value in loss.items() if key != "weight"}, "loss", table)
        | {"weight": _weight(loss)}
        for loss in losses
    )


def _weight(loss: Choice) -> float:
    weight = loss.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise UsageError(f"loss.weight of '{loss.get('name')}' is {weight!r}, must be a finite number above 0")
    return float(weight)

"""Sections of a recipe that name an entry of a table, checked and with every default filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gaitprint.core.config import from_mapping, to_mapping
from gaitprint.core.errors import UsageError

Choice = dict[str, Any]


def table_config(table: Mapping[str, Any], where: str) -> Callable[[Choice], Any]:
    """Return the function that reads the options of an entry of a table; `where` is the section's name."""

    def build(choice: Choice) -> Any:
        options = {key: value for key, value in choice.items() if key != "name"}
        return from_mapping(table[choice["name"]].Config, options, where)

    return build


def resolved(choice: Choice, where: str, build: Callable[[Choice], Any]) -> Choice:
    """Return the choice with every option.

    Raises:
        UsageError: no name, an unknown name or option, or a value of a wrong type.
    """
    if not isinstance(choice.get("name"), str):
        raise UsageError(f"{where}: needs a name, got {choice!r}")
    return {"name": choice["name"], **to_mapping(build(choice))}


def resolved_losses(losses: Sequence[Choice], table: Mapping[str, Any]) -> tuple[Choice, ...]:
    """Return losses with every option and their weight.

    Raises:
        UsageError: as `resolved`; a weight that is no number above 0; the same loss twice.
    """
    names = [loss.get("name") for loss in losses]
    if len(set(map(str, names))) < len(names):
        raise UsageError(f"loss names {', '.join(map(str, names))}: give at least one, each once")
    return tuple(
        resolved({key: value for key, value in loss.items() if key != "weight"}, "loss", table_config(table, "loss"))
        | {"weight": _weight(loss)}
        for loss in losses
    )


def _weight(loss: Choice) -> float:
    weight = loss.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not weight > 0:
        raise UsageError(f"loss.weight of '{loss.get('name')}' is {weight!r}, must be a number above 0")
    return float(weight)

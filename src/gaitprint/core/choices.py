"""A choice from a table of names, as recipes and cards write it: ``{"name": ..., option: value, ...}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gaitprint.core.config import from_mapping
from gaitprint.core.errors import UsageError


def read_choice(table: Mapping[str, Any], choice: Mapping[str, Any], where: str, key: str = "name") -> tuple[Any, Any]:
    """Return the entry that a choice names, and its options.

    Args:
        table: name -> entry, whose options are its `Config`, or the entry itself where it has none; one that raises
            `UsageError` for an unknown name (`Registry`).
        choice: plain values, as YAML gives them.
        where: what errors call the choice, for example ``"model"``.
        key: under which the choice has the name.

    Raises:
        UsageError: no name, an unknown name or option, or a value of a wrong type.
    """
    options = dict(choice)
    name = options.pop(key, None)
    if not isinstance(name, str):
        raise UsageError(f"{where}: needs a {key}, got {dict(choice)!r}")
    entry = table[name]
    return entry, from_mapping(getattr(entry, "Config", entry), options, where)

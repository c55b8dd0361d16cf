"""Typed configuration: dataclasses <-> YAML <-> ``key=value``.

pydantic checks the types; this module adds what its messages lack: one line, the full path of the key, and the
nearest name that exists.
"""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, dataclass_transform, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.core.registry import nearest_name

T = TypeVar("T")

# pydantic reads this attribute of a standard dataclass; `config_dataclass` sets it.
_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def config_dataclass(cls: type[T]) -> type[T]:
    """Make a frozen dataclass that `from_mapping` reads, and that refuses unknown keys, NaN and infinity."""
    cls.__pydantic_config__ = _STRICT  # type: ignore[attr-defined]
    return dataclasses.dataclass(frozen=True, kw_only=True)(cls)


def from_mapping(config_type: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Build a `config_dataclass` from plain values, converting and checking every field.

    Args:
        config_type: the dataclass.
        values: nested mappings, lists and scalars, as YAML gives them.
        where: path to put before key names in errors, for example ``"model"``.

    Raises:
        UsageError: an unknown key (with the nearest known one), a missing key, or a value of the wrong type.
    """
    try:
        return TypeAdapter(config_type).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join([where, *map(str, first["loc"])]).strip(".")
        if first["type"] == "unexpected_keyword_argument":
            known = _known_keys(config_type, first["loc"][:-1])
            nearest = nearest_name(str(first["loc"][-1]), known)
            hint = f" (did you mean '{nearest}'?)" if nearest else f"; known: {', '.join(known)}"
            raise UsageError(f"unknown key '{path}'{hint}") from None
        raise UsageError(f"{path}: {first['msg']}, got {first['input']!r}") from None


def _known_keys(config_type: Any, location: Sequence[Any]) -> list[str]:
    """Field names of the dataclass that a pydantic error location points into."""
    for part in location:
        hints = get_type_hints(config_type) if dataclasses.is_dataclass(config_type) else {}
        hint = hints.get(str(part))
        # `Section | None`: the section may be left out.
        config_type = next((option for option in get_args(hint) if dataclasses.is_dataclass(option)), hint)
    return [field.name for field in dataclasses.fields(config_type)] if dataclasses.is_dataclass(config_type) else []


def to_mapping(config: Any) -> dict[str, Any]:
    """Turn a `config_dataclass` into plain values that YAML and JSON can hold; `from_mapping` reads them back."""
    plain: dict[str, Any] = TypeAdapter(type(config)).dump_python(config, mode="json")
    return plain


def read_yaml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        UnreadableFileError: no such file, not YAML, or not a mapping.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError: no text, or no date
        raise UnreadableFileError(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UnreadableFileError(f"{path}: holds no mapping of keys to values")
    return values


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return a copy of nested `values` with ``a.b.c=value`` assignments applied; values are parsed as YAML.

    A number in a path selects a list element. Whether a key exists is checked later, by `from_mapping`.

    Raises:
        UsageError: an assignment without ``=``, a value that is no YAML, or a path through something without keys.

    >>> apply_overrides({"training": {"seed": 0}}, ["training.seed=42"])
    {'training': {'seed': 42}}
    """
    result = copy.deepcopy(dict(values))
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals or not path:
            raise UsageError(f"'{override}' is no assignment; write key=value, for example training.seed=1")
        *parents, last = path.split(".")
        node: Any = result
        for depth, part in enumerate(parents):
            node = _child(node, part, ".".join(parents[: depth + 1]))
        if isinstance(node, list):
            _child(node, last, path)
            node[int(last)] = parse_value(text, f"'{override}'")
        elif isinstance(node, dict):
            node[last] = parse_value(text, f"'{override}'")
        else:
            raise UsageError(f"'{override}': '{'.'.join(parents)}' holds {node!r}, which has no keys")
    return result


def parse_value(text: str, where: str) -> Any:
    """Return what one value means in YAML.

    Args:
        text: the value.
        where: what the error begins with.

    Raises:
        UsageError: no YAML, or no date.
    """
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{where}: the value is no YAML ({' '.join(str(error).split())})") from None


def _child(node: Any, part: str, path: str) -> Any:
    """Step into a mapping (making what is missing) or a list."""
    if isinstance(node, dict):
        return node.setdefault(part, {})
    if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
        return node[int(part)]
    raise UsageError(f"'{path}' does not lead anywhere in this configuration")

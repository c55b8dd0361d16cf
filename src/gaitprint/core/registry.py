"""Tables of names: what can be chosen in a recipe or on the command line, imported only when it is used."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gaitprint.core.errors import UsageError


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the entry of `known` that looks most like `name`, or None when nothing is close.

    >>> nearest_name("learning_rat", ["learning_rate", "momentum"])
    'learning_rate'
    """
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None


def unknown_name_message(kind: str, name: str, known: Iterable[str]) -> str:
    """Build the one line that says what was not found, what looks nearest, and what there is.

    >>> unknown_name_message("model", "cnn-gie", ["cnn-gei"])
    "unknown model 'cnn-gie' (did you mean 'cnn-gei'?); known: cnn-gei"
    """
    names = sorted(known)
    nearest = nearest_name(name, names)
    hint = f" (did you mean '{nearest}'?)" if nearest else ""
    return f"unknown {kind} '{name}'{hint}; known: {', '.join(names)}"


class Registry(Mapping[str, Any]):
    """A table `name -> "package.module:attribute"` whose entries are imported on first use.

    Listing names imports nothing, so that help texts never wait for torch.

    Args:
        kind: what the names stand for, in the singular, as error messages say it ("model", "loss").
        targets: the explicit table.

    Raises:
        UsageError: on look-up of a name that is not in the table; the text names the nearest one.
    """

    def __init__(self, kind: str, targets: Mapping[str, str]) -> None:
        self.kind = kind
        self._targets = dict(targets)

    def __getitem__(self, name: str) -> Any:
        if name not in self._targets:
            raise UsageError(unknown_name_message(self.kind, name, self._targets))
        module, _, attribute = self._targets[name].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)

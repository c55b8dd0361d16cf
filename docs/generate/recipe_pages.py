"""The recipe reference: shipped recipes, and every key that one can set, read from the dataclasses that check them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, get_args, get_type_hints

from griffe import Docstring, DocstringSectionParameters

from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.data.inputs import INPUTS
from gaitprint.data.pose_augmentation import POSE_AUGMENTATIONS
from gaitprint.data.sampling import SAMPLERS
from gaitprint.losses import LOSSES
from gaitprint.losses.pose import POSE_LOSSES
from gaitprint.models import MODELS
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.training.optimizer import OPTIMIZERS
from gaitprint.training.recipe import DataConfig, Recipe, TrainingConfig, shipped_recipes
from gaitprint.training.schedule import SCHEDULES

# section of a recipe -> (title, table of names), in the order of a recipe.
_TABLES: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("model", "Models", MODELS),
    ("model", "Pose networks", POSE_NETWORKS),
    ("input", "Inputs", INPUTS),
    ("sampler", "Samplers", SAMPLERS),
    ("augment", "Augmentations", AUGMENTATIONS),
    ("augment", "Augmentations of pictures, for pose networks", POSE_AUGMENTATIONS),
    ("loss", "Losses", LOSSES),
    ("loss", "Losses of pose networks", POSE_LOSSES),
    ("optimizer", "Optimisers", OPTIMIZERS),
    ("schedule", "Schedules", SCHEDULES),
)

_INTRODUCTION = """# Recipes

A recipe is a YAML file with the sections below. `gaitprint train RECIPE key=value ...` changes any key by its path,
such as `training.epochs=5`; a bare name chooses an entry of a table with its defaults (`loss=triplet`), and names
joined by `+` choose several (`augment=flip+rotation`). The run folder has the resolved recipe, with every default, in
`recipe.yaml`. This page is generated from the code.
"""


def recipe_page() -> str:
    """Return the page as Markdown."""
    lines = [_INTRODUCTION, "## Sections", "", *_options_table(_options(Recipe)), ""]
    for name, config in (("data", DataConfig), ("training", TrainingConfig)):
        lines += [f"## {name}", "", _first_line(config), "", *_options_table(_options(config)), ""]
    for section, title, table in _TABLES:
        lines += [f"## {title}", "", f"Entries of the section `{section}`.", ""]
        for name in table:
            config = getattr(table[name], "Config", table[name])  # an optimiser or a schedule is its own configuration
            lines += [f"### {name}", "", _first_line(table[name]), "", *_options_table(_options(config)), ""]
    lines += ["## Shipped recipes", ""]
    for name, description in shipped_recipes().items():
        text = (files("gaitprint") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
        lines += [f"### Recipe {name}", "", description, "", "```yaml", text.strip(), "```", ""]
    return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Option:
    """One key.

    Args:
        path: below its section, such as ``masking.clips``.
        kind: its type, as the code writes it.
        default: as YAML would hold it; empty where there is none.
        meaning: one sentence or more, from the docstring; empty where there is none.
    """

    path: str
    kind: str
    default: str
    meaning: str


def _options(config: type) -> list[Option]:
    """List the keys of a `config_dataclass`, those of nested ones with their paths."""
    return list(_walk(config, ""))


def _walk(config: type, prefix: str) -> Iterable[Option]:
    meanings = _meanings(config)
    hints = get_type_hints(config)
    for field in dataclasses.fields(config):
        nested = next((kind for kind in (hints[field.name], *get_args(hints[field.name])) if _is_config(kind)), None)
        kind = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))
        yield Option(prefix + field.name, kind, _default(field, nested), meanings.get(field.name, ""))
        if nested is not None and config is not Recipe:
            yield from _walk(nested, f"{prefix}{field.name}.")


def _is_config(kind: Any) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def _default(field: dataclasses.Field[Any], nested: type | None) -> str:
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    elif field.default is not dataclasses.MISSING:
        value = field.default
    else:
        return ""
    if nested is not None and isinstance(value, nested):
        return ""  # its own keys follow
    return "null" if value is None else str(list(value) if isinstance(value, tuple) else value)


def _meanings(config: type) -> dict[str, str]:
    """Read ``Args:`` of a dataclass and of those that it extends; the nearest docstring wins."""
    logging.getLogger("griffe").setLevel(logging.ERROR)
    found: dict[str, str] = {}
    for base in reversed(config.__mro__):
        text = vars(base).get("__doc__")
        if not text or not dataclasses.is_dataclass(base):
            continue
        for section in Docstring(text).parse("google", warnings=False):
            if isinstance(section, DocstringSectionParameters):
                found |= {entry.name: " ".join(entry.description.split()) for entry in section.value}
    return found


def _options_table(options: list[Option]) -> list[str]:
    if not options:
        return ["No options."]
    rows = [
        f"| `{option.path}` | {_code(option.kind)} | {_code(option.default)} | {_cell(option.meaning)} |"
        for option in options
    ]
    return ["| key | type | default | meaning |", "| --- | --- | --- | --- |", *rows]


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _first_line(described: Any) -> str:
    return (described.__doc__ or "").strip().partition("\n")[0]

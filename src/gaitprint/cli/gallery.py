"""`gaitprint gallery`: who is enrolled, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich import box
from rich.table import Table
from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.galleries import Models
from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted
from gaitprint.core.errors import UsageError

if TYPE_CHECKING:
    from gaitprint.gallery.engine import Engine, Person

Action = Literal["list", "show", "rename", "delete", "export", "import", "copy", "reembed"]

# People that a table shows; a file holds everybody.
_MOST_LISTED = 200

# What each action is given.
_WORDS: dict[str, tuple[str, ...]] = {
    "list": (),
    "show": ("NAME",),
    "rename": ("A", "B"),
    "delete": ("NAME",),
    "export": ("FILE",),
    "import": ("FILE",),
    "copy": ("FROM", "TO"),
    "reembed": (),
}


def gallery(
    action: Positional[Action],
    words: Positional[Annotated[tuple[str, ...], arg(metavar="WORD")]] = (),
    /,
    *,
    gallery: Annotated[str | None, arg(metavar="FOLDER|URL")] = None,
    model: Models = (),
    device: Device = "auto",
) -> dict[str, Any]:
    """Look at a gallery, and change it: list | show NAME | rename A B | delete NAME | export FILE | import FILE |
    copy FROM TO | reembed.

    `delete` removes everything that is kept of a person. `export` and `import` take everything out and in as one file;
    `copy` moves between galleries, for example from a folder to a server. `reembed` embeds kept walks anew with a model
    whose weights have changed.

    Args:
        action: What to do.
        words: What the action needs, as above.
        gallery: A folder, or the URL of a server; default: the gallery in GAITPRINT_GALLERY, else the user's.
        model: For reembed: a run folder, a weights file, or a shipped model's name; again for another modality.
        device: For reembed: where to compute.

    Returns:
        action, gallery, and what the action did: people (list), person and templates (show), templates (how many).
    """
    if len(words) != len(_WORDS[action]):
        expected = " ".join((action, *_WORDS[action]))
        raise UsageError(f"gaitprint gallery {expected}: {counted(len(words), 'word')} given")
    if model and action != "reembed":
        raise UsageError(f"gaitprint gallery {action} looks at no walk, and takes no --model")
    if device != "auto" and action != "reembed":
        raise UsageError(f"gaitprint gallery {action} computes nothing, and takes no --device")
    if action == "reembed":
        return _reembed(gallery, model, device)
    if action == "copy":
        return _copy(words[0], words[1], gallery)
    if action == "import":
        return _import(words[0], gallery)
    from gaitprint.gallery.engine import open_engine

    with open_engine(gallery, create=False) as engine:
        result = _ACTIONS[action](engine, *words)
        return {"action": action, "gallery": engine.location, **result}


def _list(engine: Engine) -> dict[str, Any]:
    people = engine.people()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("person", "templates", "of models", "last enrolled (UTC)"):
        table.add_column(header, justify="right" if header == "templates" else "left", overflow="fold")
    for person in people[:_MOST_LISTED]:
        count = str(sum(person.templates.values()))
        table.add_row(*map(Text, (person.name, count, ", ".join(person.templates), person.last_enrolled_at[:19])))
    output.print(table if people else Text("nobody is enrolled"))
    if len(people) > _MOST_LISTED:
        output.print(Text(f"and {len(people) - _MOST_LISTED} more; --json FILE lists everybody", style="dim"))
    output.print(Text(f"{counted(len(people), 'person', 'people')} in {engine.location}"))
    return {"people": [_person(person) for person in people]}


def _show(engine: Engine, name: str) -> dict[str, Any]:
    from gaitprint.gallery.template import check_name

    people = engine.people(check_name(name))
    if not people:
        raise engine.nobody(name)
    templates = [
        {
            "template_id": each.template_id,
            "model": each.model.name,
            "weights_hash": each.model.weights_hash,
            "modality": each.modality,
            "walk": each.walk,
            "condition": each.condition,
            "view": each.view,
            "quality": each.quality,
            "enrolled_at": each.enrolled_at,
            "picture_bytes": len(each.picture or b""),
            "walk_bytes": len(each.walk_file or b""),
        }
        for each in engine.templates(people[0].name)
    ]
    output.print(Text(f"{people[0].name} ({people[0].person_id})"))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("walk", "model", "modality", "quality", "enrolled (UTC)", "picture", "walk kept"):
        table.add_column(header, overflow="fold")
    for each in templates:
        seen = "-" if each["quality"] is None else f"{each['quality']:.2f}"
        kept = ["yes" if each[name] else "no" for name in ("picture_bytes", "walk_bytes")]
        words = each["walk"], each["model"], each["modality"], seen, str(each["enrolled_at"])[:19], *kept
        table.add_row(*(Text(str(word)) for word in words))
    output.print(table)
    return {"person": _person(people[0]), "templates": templates}


def _rename(engine: Engine, old: str, new: str) -> dict[str, Any]:
    from gaitprint.gallery.template import check_name

    engine.rename(check_name(old), check_name(new))
    output.print(Text(f"{old} is now {new}"))
    return {"name": check_name(new)}


def _delete(engine: Engine, name: str) -> dict[str, Any]:
    from gaitprint.gallery.template import check_name

    count = engine.delete(check_name(name))
    output.print(Text(f"{name} is removed, with {counted(count, 'template')}"))
    return {"templates": count}


def _export(engine: Engine, file: str) -> dict[str, Any]:
    from gaitprint.gallery.transfer import write_export

    count = write_export(engine, file)
    output.print(Text(f"{counted(count, 'template')} written to {file}"))
    return {"templates": count, "file": file}


def _import(file: str, location: str | None) -> dict[str, Any]:
    from gaitprint.gallery.engine import open_engine
    from gaitprint.gallery.transfer import add_all, read_export

    templates = read_export(file)  # nothing is made for a file that is none
    with open_engine(location) as engine:
        count = add_all(engine, templates)
        output.print(Text(f"{counted(count, 'template')} read from {file}; what was there already stays as it is"))
        return {"action": "import", "gallery": engine.location, "templates": count, "file": file}


def _copy(source: str, target: str, given: str | None) -> dict[str, Any]:
    from gaitprint.gallery.engine import open_engine
    from gaitprint.gallery.transfer import copy

    if given is not None:
        raise UsageError("gaitprint gallery copy names both galleries; --gallery is one too many")
    with open_engine(source, create=False) as first, open_engine(target) as second:
        count = copy(first, second)
        output.print(Text(f"{counted(count, 'template')} copied; what was there already stays as it is"))
        return {"action": "copy", "gallery": first.location, "to": second.location, "templates": count}


def _reembed(location: str | None, models: tuple[str, ...], device: str) -> dict[str, Any]:
    from gaitprint.cli.galleries import open_gallery

    with open_gallery(location, models, device) as known:
        outcome = known.reembed()
        place = known.engine.location
    output.print(Text(f"{counted(outcome.templates, 'template')} embedded again"))
    if outcome.left:
        left = ", ".join(outcome.left)
        output.print(Text(f"not embedded again, as no walk was kept that a model takes: {left}", style="yellow"))
    return {"action": "reembed", "gallery": place, "templates": outcome.templates, "left": list(outcome.left)}


def _person(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "person_id": person.person_id,
        "templates": dict(person.templates),
        "modalities": list(person.modalities),
        "last_enrolled_at": person.last_enrolled_at,
    }


_ACTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "list": _list,
    "show": _show,
    "rename": _rename,
    "delete": _delete,
    "export": _export,
}

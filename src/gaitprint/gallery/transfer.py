"""Templates out of a gallery and into another one: directly, or by a file of JSON Lines.

The file is UTF-8 text: a header, one template a line (vectors, pictures and walks in base64, vectors as little-endian
float32), and a last line with their number and the SHA-256 of all lines before it, so that a file that was cut short or
changed is told apart from a whole one. Nothing is unpickled, and every field is checked as if a stranger had sent it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gaitprint.core.errors import GaitprintError, UnreadableFileError
from gaitprint.core.files import atomic_path
from gaitprint.core.progress import track
from gaitprint.gallery.engine import Engine
from gaitprint.gallery.template import ModelKey, Template

_FORMAT = "gaitprint gallery"
_VERSION = 1
_AT_ONCE = 200
# A line holds a whole walk at most.
_LONGEST_LINE = 1 << 30
_TEXTS = ("person", "person_id", "template_id", "modality", "walk", "condition", "view", "enrolled_at")


def copy(source: Engine, target: Engine) -> int:
    """Copy everything from one gallery into another; repeated, it adds only what is new.

    Each batch is one transaction, so that an interrupted copy leaves whole templates and can be repeated.

    Returns:
        how many templates were read.
    """
    total = sum(source.models().values())
    return add_all(target, track(source.templates(), "copying templates", total=total))


def add_all(target: Engine, templates: Iterable[Template]) -> int:
    """Add templates in batches; returns how many."""
    remaining, count = iter(templates), 0
    while batch := list(islice(remaining, _AT_ONCE)):
        target.add(batch)
        count += len(batch)
    return count


def write_export(source: Engine, path: str | os.PathLike[str]) -> int:
    """Write everything into one file, readable by its owner alone; atomic. Returns how many templates."""
    total, count, digest = sum(source.models().values()), 0, hashlib.sha256()
    with atomic_path(path) as temporary, temporary.open("xb") as stream:
        temporary.chmod(0o600)
        header = _line({"format": _FORMAT, "version": _VERSION})
        digest.update(header)
        stream.write(header)
        for template in track(source.templates(), "writing templates", total=total):
            line = _line(_values(template))
            digest.update(line)
            stream.write(line)
            count += 1
        stream.write(_line({"templates": count, "sha256": digest.hexdigest()}))
    return count


def read_export(path: str | os.PathLike[str]) -> Iterator[Template]:
    """Yield the templates of a file; all of it was found to be whole before this returns.

    Raises:
        UnreadableFileError: no such file, another format, damaged, or cut short; while templates are read, with the
            number of a line that holds none.
    """
    return _templates(Path(path), _check(Path(path)))


def _templates(path: Path, count: int) -> Iterator[Template]:
    with path.open("rb") as stream:
        stream.readline(_LONGEST_LINE)
        for number, line in enumerate(islice(stream, count), start=2):
            try:
                yield _template(json.loads(line))
            except (GaitprintError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
                reason = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
                raise UnreadableFileError(f"{path}: line {number}: not a template ({reason})") from error


def _check(path: Path) -> int:
    """See that a file is one that `write_export` finished, and return how many templates it holds."""
    digest, count, last = hashlib.sha256(), -1, b""
    try:
        with path.open("rb") as stream:
            while line := stream.readline(_LONGEST_LINE):
                if count == -1 and json.loads(line) != {"format": _FORMAT, "version": _VERSION}:
                    raise ValueError("another format or version")
                digest.update(last)
                last = line
                count += 1
        end = json.loads(last or b"{}")
        if end != {"templates": count - 1, "sha256": digest.hexdigest()}:
            raise ValueError("cut short or changed")
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        damaged = isinstance(error, (json.JSONDecodeError, UnicodeDecodeError, RecursionError))
        reason = "damaged" if damaged else error
        raise UnreadableFileError(f"{path}: not an export of a gallery ({reason})") from error
    return count - 1


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _values(template: Template) -> dict[str, Any]:
    key = template.model
    values = {name: getattr(template, name) for name in _TEXTS} | {
        "model": [key.name, key.weights_hash, key.distance, key.parts, key.size],
        "quality": template.quality,
        "vector": _text(template.vector.astype("<f4").tobytes()),
    }
    files = {"picture": template.picture, "walk_file": template.walk_file}
    return values | {name: _text(data) for name, data in files.items() if data is not None}


def _template(values: dict[str, Any]) -> Template:
    name, weights_hash, distance, parts, size = values["model"]
    if not all(isinstance(text, str) for text in (name, weights_hash, distance, *(values[each] for each in _TEXTS))):
        raise TypeError("a label that is no text")
    key = ModelKey(name, weights_hash, distance, int(parts), int(size))
    vector = np.frombuffer(_bytes(values["vector"]), "<f4").reshape(key.parts, key.size).astype(np.float32)
    quality = values["quality"]
    return Template(
        **{each: values[each] for each in _TEXTS},
        model=key,
        vector=vector,
        quality=None if quality is None else float(quality),
        picture=_bytes(values["picture"]) if "picture" in values else None,
        walk_file=_bytes(values["walk_file"]) if "walk_file" in values else None,
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

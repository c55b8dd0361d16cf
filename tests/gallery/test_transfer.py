"""Exports that somebody made by hand, with a digest that is right."""

import hashlib
import json

import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.gallery.engine import open_engine
from gaitprint.gallery.transfer import read_export, write_export

from .enrolling import templates_of


def signed(*lines: bytes) -> bytes:
    body = b"".join(line + b"\n" for line in lines)
    end = {"templates": len(lines) - 1, "sha256": hashlib.sha256(body).hexdigest()}
    return body + json.dumps(end).encode() + b"\n"


def test_no_line_brings_anything_down(tmp_path) -> None:
    path = tmp_path / "all.jsonl"
    with open_engine(tmp_path / "known") as engine:
        engine.add(templates_of("Anna", 1))
        write_export(engine, path)
    header, first, second, _ = path.read_bytes().splitlines()
    path.write_bytes(signed(header, first, second))
    assert [template.person for template in read_export(path)] == ["Anna", "Anna"]
    values = json.loads(first)
    for line in (
        b"no json",
        b"\xff",
        b"[1]",
        b"7",
        b"[" * 100_000,
        json.dumps({"sha256": "", "templates": 1}).encode(),
        json.dumps(values | {"model": ["m", "", "cosine", float("inf"), 1]}).encode(),
        json.dumps(values | {"model": ["m"]}).encode(),
        json.dumps(values | {"vector": "AAAA"}).encode(),
        json.dumps(values | {"quality": 10**400}).encode(),
        json.dumps(values | {"person": None}).encode(),
    ):
        path.write_bytes(signed(header, first, line))
        with pytest.raises(UnreadableFileError, match=r"all\.jsonl: .*not a"):
            list(read_export(path))

"""Uploads: `multipart/form-data` from the network into files of the service, refused as soon as they are too much.

What a client calls a file is not looked at: files get names of the service's own.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from gaitprint.serving.problems import Problem

# Room for the text of a form beside its files.
FORM_BYTES = 1 << 16
# A client that sends nothing for so long is not waited for, seconds.
_SILENT_SECONDS = 30.0
# Nor for one that takes so long in all.
_UPLOAD_SECONDS = 900.0
_MOST_FIELDS, _HEADER_BYTES = 20, 8192
_BOX = re.compile(rb"(?:ftyp|moov|mdat|wide|free|skip|pnot)")


@dataclass
class Upload:
    """What a request brought.

    Args:
        fields: text, by name.
        videos: paths of files.
    """

    fields: dict[str, str] = field(default_factory=dict)
    videos: list[Path] = field(default_factory=list)


async def receive_upload(request: Request, folder: Path, *, fields: Mapping[str, int], videos: int) -> Upload:
    """Read a request's form; files named ``video`` go into `folder`.

    Args:
        request: its body was not read before; `BodyLimit` ends one that is too large.
        folder: for the files.
        fields: names of text fields that may come, and how many bytes each may have.
        videos: how many files may come; at least one must.

    Raises:
        Problem: 400 no form that can be read, 408 a silent client, 415 another type, or a file that is
            no video by its first bytes, 422 a part that is missing, unknown or twice there.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Problem(415, "the body must be multipart/form-data")
    receiver = _Receiver(folder, fields, videos)
    try:
        parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": receiver.begin,
                "on_part_data": receiver.data,
                "on_part_end": receiver.end,
                "on_header_field": receiver.header_name,
                "on_header_value": receiver.header_value,
                "on_header_end": receiver.header_end,
                "on_headers_finished": receiver.headers_finished,
                "on_end": receiver.complete,
            },
        )
        until = time.monotonic() + _UPLOAD_SECONDS
        stream = request.stream()
        while True:
            try:
                chunk = await asyncio.wait_for(anext(stream), _SILENT_SECONDS)
            except StopAsyncIteration:
                break
            if time.monotonic() > until:
                raise Problem(408, f"took more than {_UPLOAD_SECONDS:g} seconds", {"Connection": "close"})
            if chunk:
                parser.write(chunk)
        parser.finalize()
    except TimeoutError as error:
        raise Problem(408, f"nothing came for {_SILENT_SECONDS:g} seconds", {"Connection": "close"}) from error
    except (FormParserError, ClientDisconnect) as error:
        raise Problem(400, "the form is cut short or damaged") from error
    finally:
        receiver.close()
    if not receiver.is_complete:
        raise Problem(400, "the form is cut short")
    if not receiver.upload.videos:
        raise Problem(422, "video: a file is missing")
    return receiver.upload


def looks_like_video(start: bytes) -> bool:
    """Say whether a file may be a video by its first bytes: MP4, MOV, WebM, MKV, AVI, MPEG, OGG, GIF, FLV or ASF.

    >>> looks_like_video(bytes(4) + b"ftypisom"), looks_like_video(b"dear reader,")
    (True, False)
    """
    return (
        bool(_BOX.match(start[4:8]))
        or start[:4] in (b"\x1a\x45\xdf\xa3", b"OggS", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x30\x26\xb2\x75")
        or (start[:4] == b"RIFF" and start[8:12] == b"AVI ")
        or start[:6] in (b"GIF87a", b"GIF89a")
        or start[:3] == b"FLV"
        # A packet of an MPEG transport stream; with so few bytes, its second one cannot be asked for.
        or (start[:1] == b"\x47" and start[1:3] != b"IF" and len(start) >= 12)
    )


class _Receiver:
    """Takes what the parser finds."""

    def __init__(self, folder: Path, fields: Mapping[str, int], videos: int) -> None:
        self._folder, self._allowed, self._videos = folder, fields, videos
        self.upload = Upload()
        self.is_complete = False
        self._parts = 0
        self._header = b""
        self._value = b""
        self._header_bytes = 0
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._text: bytearray | None = None
        self._file: IO[bytes] | None = None
        self._start = b""

    def begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_FIELDS:
            raise Problem(422, f"more than {_MOST_FIELDS} parts")
        self._headers, self._header_bytes = {}, 0

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name == "video":
            if len(self.upload.videos) >= self._videos:
                raise Problem(422, f"video: at most {self._videos} files")
            path = self._folder / f"upload-{len(self.upload.videos) + 1}"
            self.upload.videos.append(path)
            self._file, self._start = path.open("xb"), b""
        elif self._name not in self._allowed:
            known = ", ".join(("video", *self._allowed))
            raise Problem(422, f"unknown part {self._name[:40]!r}; there are {known}")
        elif self._name in self.upload.fields:
            raise Problem(422, f"{self._name}: there twice")
        else:
            self._text = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._text is not None:
            self._text += data[start:end]
            if len(self._text) > self._allowed[self._name]:
                raise Problem(422, f"{self._name}: more than {self._allowed[self._name]} bytes")
        elif self._file is not None:
            if len(self._start) < 16:
                self._start += data[start : min(end, start + 16)]
                if len(self._start) >= 16:
                    self._check_start()
            self._file.write(data[start:end])

    def end(self) -> None:
        if self._text is not None:
            try:
                self.upload.fields[self._name] = self._text.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Problem(422, f"{self._name}: not UTF-8") from error
            self._text = None
        elif self._file is not None:
            self._file.close()
            self._file = None
            self._check_start()

    def complete(self) -> None:
        self.is_complete = True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _check_start(self) -> None:
        if not looks_like_video(self._start):
            raise Problem(
                415, "video: neither MP4, MOV, WebM, MKV, AVI, MPEG, OGG, GIF, FLV nor ASF by its first bytes"
            )

    def _count_header(self, length: int) -> None:
        self._header_bytes += length
        if self._header_bytes > _HEADER_BYTES:
            raise Problem(400, "a part's headers are too long")

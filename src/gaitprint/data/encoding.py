"""How one walk becomes bytes and back: bit-packed or compressed silhouettes, raw joints, compressed RGB frames.

Every value starts with its own shape, so that it can be read on its own, and is laid out frame by frame or block by
block, so that a random clip touches only the bytes of its frames.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np
import zstandard
from numpy.typing import NDArray

from gaitprint.core.errors import UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import Skeleton

Encoding = Literal["bits", "grey"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)

Buffer = bytes | memoryview

# Frames are compressed in blocks of about this many raw bytes: larger ones compress better, smaller ones are
# cheaper to open for a short clip. 16 frames of 64x64; one RGB frame of video size.
_BLOCK_BYTES = 65536
_ZSTD_LEVEL = 9


@dataclass(frozen=True)
class SequenceInfo:
    """What a store knows about a walk without reading it.

    Args:
        subject: identity label.
        condition: recording condition and repetition.
        view: camera label.
        view_deg: camera azimuth in degrees, or None where it is not known.
        frame_rate_hz: frames a second.
        num_frames: T.
        modalities: which of ``silhouettes``, ``joints``, ``frames`` there are.
        silhouette_size: (H, W) of the silhouettes, or None.
        skeleton: of the joints, or None.
        digest: SHA-256 of everything stored of this walk, hexadecimal.
    """

    subject: str
    condition: str
    view: str
    view_deg: float | None
    frame_rate_hz: float
    num_frames: int
    modalities: tuple[str, ...]
    silhouette_size: tuple[int, int] | None
    skeleton: Skeleton | None
    digest: str = ""

    @property
    def id(self) -> str:
        """``subject/condition/view``."""
        return f"{self.subject}/{self.condition}/{self.view}"

    def to_json(self) -> bytes:
        """Compact JSON, which `from_mapping` reads back after `json.loads`; of the skeleton it has only the name."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["skeleton"] = None if self.skeleton is None else self.skeleton.name
        return json.dumps(plain, separators=(",", ":")).encode()

    @classmethod
    def from_mapping(cls, values: dict[str, Any], skeletons: Mapping[str, Skeleton]) -> SequenceInfo:
        """Rebuild from the mapping that `to_json` wrote.

        Raises:
            ValueError: a skeleton whose name is not in `skeletons`.
            KeyError: a value that is missing.
        """
        size, name = values["silhouette_size"], values["skeleton"]
        if name is not None and name not in skeletons:
            raise ValueError(f"no definition of skeleton '{name}'")
        values["skeleton"] = None if name is None else skeletons[name]
        values["modalities"] = tuple(values["modalities"])
        values["silhouette_size"] = None if size is None else (size[0], size[1])
        return cls(**values)


@dataclass(frozen=True)
class EncodedWalk:
    """A walk as the store writes it.

    Args:
        info: its description.
        values: modality (``silhouettes``, ``joints``, ``confidence``, ``frames``) -> bytes.
        dropped: (path, reason) of frames of the source that are not in it.
    """

    info: SequenceInfo
    values: dict[str, bytes]
    dropped: tuple[tuple[str, str], ...] = field(default=())


def check_encoding(encoding: str) -> None:
    """Raise `UsageError` unless `encoding` is ``bits`` or ``grey``."""
    if encoding not in ENCODINGS:
        raise UsageError(unknown_name_message("encoding", encoding, ENCODINGS))


def encode_walk(sequence: GaitSequence, encoding: Encoding, dropped: Sequence[tuple[str, str]] = ()) -> EncodedWalk:
    """Turn a walk into the bytes that a store holds.

    Args:
        sequence: the walk.
        encoding: ``bits`` keeps of a silhouette pixel only whether it is above 127; ``grey`` keeps every value.
        dropped: (path, reason) of source frames that are missing from `sequence`, to be kept beside it.
    """
    check_encoding(encoding)
    values: dict[str, bytes] = {}
    digest = hashlib.sha256()
    if sequence.silhouettes is not None:
        if encoding == "bits":
            values["silhouettes"] = pack_bits(sequence.silhouettes)
            digest.update(b"bits" + values["silhouettes"])
        else:
            values["silhouettes"] = pack_blocks(sequence.silhouettes)
            # The raw values, not the compressed ones, which another release of the compressor may write otherwise.
            digest.update(b"grey" + _header(sequence.silhouettes.shape) + sequence.silhouettes.tobytes())
    if sequence.joints is not None:
        values["joints"] = pack_floats(sequence.joints)
        digest.update(b"joints" + values["joints"])
    if sequence.confidence is not None:
        values["confidence"] = pack_floats(sequence.confidence)
        digest.update(b"confidence" + values["confidence"])
    if sequence.frames is not None:
        values["frames"] = pack_blocks(sequence.frames)
        digest.update(b"frames" + _header(sequence.frames.shape) + sequence.frames.tobytes())
    skeleton = sequence.skeleton
    definition = None if skeleton is None else json.dumps(skeleton.definition, sort_keys=True)
    labels = [sequence.id, sequence.view_deg, float(sequence.frame_rate_hz), definition]
    digest.update(json.dumps(labels).encode())
    info = SequenceInfo(
        subject=sequence.subject,
        condition=sequence.condition,
        view=sequence.view,
        view_deg=None if sequence.view_deg is None else float(sequence.view_deg),
        frame_rate_hz=float(sequence.frame_rate_hz),
        num_frames=sequence.num_frames,
        modalities=sequence.modalities,
        silhouette_size=None
        if sequence.silhouettes is None
        else (sequence.silhouettes.shape[1], sequence.silhouettes.shape[2]),
        skeleton=skeleton,
        digest=digest.hexdigest(),
    )
    return EncodedWalk(info, values, tuple(dropped))


def _header(shape: tuple[int, ...]) -> bytes:
    """Rank and lengths of the axes, little-endian uint32."""
    return struct.pack(f"<{len(shape) + 1}I", len(shape), *shape)


def _read_header(value: Buffer) -> tuple[tuple[int, ...], int]:
    """Return the shape that a value starts with, and where its data begin."""
    (rank,) = struct.unpack_from("<I", value)
    return struct.unpack_from(f"<{rank}I", value, 4), 4 + 4 * rank


def pack_bits(silhouettes: NDArray[np.uint8]) -> bytes:
    """Pack uint8 [T, H, W] to one bit a pixel (1 where the pixel is above 127), each frame in whole bytes."""
    rows = np.packbits((silhouettes > 127).reshape(len(silhouettes), -1), axis=1)
    return _header(silhouettes.shape) + rows.tobytes()


def unpack_bits(value: Buffer, frame_indices: Any = None) -> NDArray[np.uint8]:
    """Return frames that `pack_bits` packed as uint8 [t, H, W] of 0 and 255.

    Args:
        value: the packed walk.
        frame_indices: whatever indexes a NumPy axis of length T; None means all frames.
    """
    rows, size = packed_rows(value)
    return expand_rows(rows if frame_indices is None else rows[frame_indices], size)


def packed_rows(value: Buffer) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return what `pack_bits` wrote without unpacking or copying it: uint8 [T, bytes of a frame] and (H, W)."""
    (num_frames, height, width), start = _read_header(value)
    return np.frombuffer(value, np.uint8, offset=start).reshape(num_frames, -1), (height, width)


def expand_rows(rows: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Unpack rows of `packed_rows`, uint8 [..., bytes of a frame], to uint8 [..., H, W] of 0 and 255."""
    pixels = np.unpackbits(rows, axis=-1, count=size[0] * size[1])
    np.negative(pixels, out=pixels)  # 1 becomes 255, in the fastest way there is
    return pixels.reshape(*rows.shape[:-1], *size)


def pack_floats(values: NDArray[np.float32]) -> bytes:
    """Keep float32 [T, ...] as they are, little-endian."""
    return _header(values.shape) + values.astype("<f4", copy=False).tobytes()


def unpack_floats(value: Buffer, frame_indices: Any = None) -> NDArray[np.float32]:
    """Return float32 [t, ...] that `pack_floats` packed; arguments as `unpack_bits`."""
    shape, start = _read_header(value)
    values = np.frombuffer(value, "<f4", offset=start).reshape(shape)
    chosen = values if frame_indices is None else values[frame_indices]
    return np.array(chosen, np.float32)


def pack_blocks(frames: NDArray[np.uint8]) -> bytes:
    """Compress uint8 [T, ...] without loss, in blocks of frames that can be opened one by one."""
    per_block = min(len(frames), max(1, _BLOCK_BYTES // max(1, frames[0].size)))
    compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_content_size=True, write_checksum=False)
    blocks = [
        compressor.compress(frames[start : start + per_block].tobytes()) for start in range(0, len(frames), per_block)
    ]
    ends = np.cumsum([len(block) for block in blocks], dtype=np.uint64).astype("<u8")
    return b"".join([_header(frames.shape), struct.pack("<I", per_block), ends.tobytes(), *blocks])


def unpack_blocks(value: Buffer, frame_indices: Any = None) -> NDArray[np.uint8]:
    """Return uint8 [t, ...] that `pack_blocks` compressed, opening only the blocks needed; as `unpack_bits`."""
    shape, start = _read_header(value)
    (per_block,) = struct.unpack_from("<I", value, start)
    num_blocks = -(-shape[0] // per_block)
    ends = np.frombuffer(value, "<u8", num_blocks, offset=start + 4).tolist()
    data = memoryview(value)[start + 4 + 8 * num_blocks :]
    wanted = np.arange(shape[0]) if frame_indices is None else np.arange(shape[0])[frame_indices]
    decompressor = zstandard.ZstdDecompressor()
    blocks = wanted // per_block
    needed = np.unique(blocks)
    opened = b"".join(
        decompressor.decompress(data[(ends[block - 1] if block else 0) : ends[block]]) for block in needed.tolist()
    )
    # Every block but the last of the walk is full, and the last can only come last among the needed ones.
    frames = np.frombuffer(opened, np.uint8).reshape(-1, *shape[1:])
    chosen: NDArray[np.uint8] = frames[np.searchsorted(needed, blocks) * per_block + wanted % per_block]
    return chosen

"""`Store`: packed walks in one folder, memory-mapped, written crash-safely.

An LMDB database holds, for each walk, one small description and one value a modality. Descriptions are read once when
a store is opened; silhouettes, joints and frames are read from the memory map when asked for, and only those frames.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError, InvalidSequenceError, UnreadableFileError, UsageError
from gaitprint.core.registry import nearest_name
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import SKELETONS, Skeleton, get_skeleton
from gaitprint.data.encoding import (
    Buffer,
    EncodedWalk,
    Encoding,
    SequenceInfo,
    check_encoding,
    encode_walk,
    expand_rows,
    packed_rows,
    unpack_bits,
    unpack_blocks,
    unpack_floats,
)
from gaitprint.data.store_file import FORMAT_VERSION, StoreFile, create_store_file, read_json

__all__ = ["SequenceInfo", "Store"]

# First byte of a key: what the value is. Walks are keyed by a digest of their id, which may be longer than a key.
_INFO, _DROPPED = b"i", b"d"
_MODALITY = {"silhouettes": b"s", "joints": b"j", "confidence": b"c", "frames": b"f"}
_SPLITS_KEY, _MANIFEST_KEY, _SKELETONS_KEY = b"!splits", b"!manifest", b"!skeletons"


def _walk_key(sequence_id: str) -> bytes:
    return hashlib.blake2b(sequence_id.encode(), digest_size=16).digest()


class Store:
    """A folder of packed walks.

    `Store(path)` opens for reading, `Store.create(path)` for writing. Walks are numbered by position: the order of
    their ids. A store opened for reading keeps the walks that it found, whatever is added meanwhile; in one opened
    for writing, positions move when walks are added. Stores can be pickled and used after a fork: each process opens
    the file for itself.

    Args:
        path: the folder.

    Raises:
        UnreadableFileError: no store there, one of a newer format, or one that is damaged.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> store = Store.create(folder)
        >>> store.add([GaitSequence("001", "nm-01", "090", 25.0, silhouettes=np.zeros((9, 64, 44), np.uint8))])
        >>> Store(folder).read("001/nm-01/090").num_frames
        9
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()  # a worker process may have another working directory
        self._file = StoreFile(self.path)
        self._infos = self._load_infos()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Open for reading: the same as ``Store(path)``."""
        return cls(path)

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, encoding: Encoding = "bits", exist_ok: bool = True) -> Store:
        """Open for writing; a folder that is missing or empty becomes an empty store.

        Args:
            path: the folder.
            encoding: how silhouettes are kept: ``bits`` (pixel > 127, read back as 0 and 255) or ``grey`` (all 256
                values, compressed without loss).
            exist_ok: whether `path` may be a store already.

        Raises:
            UsageError: unknown encoding; `path` holds something else, or a store although `exist_ok` is False.
            IncompatibleError: the store that is there has the other encoding.
        """
        check_encoding(encoding)
        create_store_file(Path(path), encoding, exist_ok)
        store = cls(path)
        if store.encoding != encoding:
            raise IncompatibleError(f"{path}: keeps silhouettes as {store.encoding}, asked to write {encoding}")
        store._file.writable = True
        return store

    # --- what is in it ---

    @property
    def encoding(self) -> Encoding:
        """How silhouettes are kept: ``bits`` or ``grey``."""
        return self._file.encoding

    @property
    def infos(self) -> tuple[SequenceInfo, ...]:
        """The walks in the order of their ids; a position is an index into this."""
        return self._infos

    def __len__(self) -> int:
        return len(self._infos)

    def __iter__(self) -> Iterator[str]:
        return (info.id for info in self._infos)

    def __contains__(self, sequence_id: object) -> bool:
        return sequence_id in self._positions

    def position(self, sequence_id: str) -> int:
        """Return the position of a walk; `UsageError` names the nearest id where there is none."""
        found = self._positions.get(sequence_id)
        if found is None:
            nearest = nearest_name(sequence_id, self._positions) if len(self) <= 20_000 else None
            hint = f" (did you mean '{nearest}'?)" if nearest else ""
            raise UsageError(f"{self.path}: no walk '{sequence_id}' among {len(self)}{hint}")
        return found

    @property
    def splits(self) -> dict[str, tuple[str, ...]]:
        """The data set's own splits, name -> subjects, for example ``train`` and ``test``; empty where it has none.

        A data set that lists its probes by sequence (Gait3D) has them under ``probe``, as sequence ids.
        """
        return {name: tuple(members) for name, members in self._file.get_json(_SPLITS_KEY).items()}

    @property
    def manifest(self) -> dict[str, Any]:
        """Where the walks came from: what `set_manifest` kept, and counts, dropped frames and the content hash."""
        return {
            "format_version": FORMAT_VERSION,
            "encoding": self.encoding,
            **self._file.get_json(_MANIFEST_KEY),
            "counts": {
                "walks": len(self),
                "subjects": len({info.subject for info in self._infos}),
                "frames": sum(info.num_frames for info in self._infos),
            },
            "dropped_frames": {
                walk: [{"path": path, "reason": reason} for path, reason in dropped]
                for walk, dropped in self.dropped_frames().items()
            },
            "content_hash": self.content_hash(),
        }

    def dropped_frames(self) -> dict[str, list[tuple[str, str]]]:
        """Return sequence id -> (path, reason) of the source frames that its walk lacks."""
        entries = map(json.loads, self._file.values(_DROPPED))
        dropped = {entry["id"]: [(path, reason) for path, reason in entry["dropped"]] for entry in entries}
        return dict(sorted(dropped.items()))

    def content_hash(self) -> str:
        """SHA-256 over all walks, hexadecimal: labels, rates and stored values, whatever order they came in."""
        return hashlib.sha256("\n".join(sorted(info.digest for info in self._infos)).encode()).hexdigest()

    # --- reading ---

    def read(self, sequence_id: str) -> GaitSequence:
        """Return a whole walk; `UsageError` where there is none of that id."""
        info = self._infos[self.position(sequence_id)]
        key = _walk_key(sequence_id)
        arrays: dict[str, Any] = {}
        with self._file.read() as transaction:
            for name, prefix in _MODALITY.items():
                value = transaction.get(prefix + key)
                if value is not None:
                    arrays[name] = self._decode(name, value, None)
        return GaitSequence(
            info.subject,
            info.condition,
            info.view,
            info.frame_rate_hz,
            skeleton=info.skeleton,
            view_deg=info.view_deg,
            **arrays,
        )

    def read_silhouettes(self, position: int, frame_indices: Any = None) -> NDArray[np.uint8]:
        """Return silhouettes of one walk, touching only the frames asked for.

        Args:
            position: 0..len-1.
            frame_indices: whatever indexes a NumPy axis of length T (indices, a slice, a mask); None means all frames.

        Returns:
            uint8 [t, H, W], 0 background to 255 person; a copy.

        Raises:
            InvalidSequenceError: the walk has no silhouettes.
            IndexError: an index outside the walk.
        """
        silhouettes: NDArray[np.uint8] = self._read("silhouettes", position, frame_indices)
        return silhouettes

    def read_clips(self, positions: Sequence[int], frame_indices: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Return clips of many walks as one array; faster than one `read_silhouettes` a walk.

        Args:
            positions: B positions; may repeat.
            frame_indices: integers [B, t], frames of each walk.

        Returns:
            uint8 [B, t, H, W]. Errors as `read_silhouettes`; InvalidSequenceError also where sizes differ.
        """
        infos = [self._infos[position] for position in positions]
        sizes = {info.silhouette_size for info in infos}
        if None in sizes or len(sizes) != 1:
            raise InvalidSequenceError(
                f"{self.path}: clips need silhouettes of one size, found {sorted(map(str, sizes))}"
            )
        if self.encoding == "grey":
            return np.stack([self.read_silhouettes(p, f) for p, f in zip(positions, frame_indices, strict=True)])
        clips: list[NDArray[np.uint8]] = []
        size = (0, 0)
        with self._file.read() as transaction:
            for info, frames in zip(infos, frame_indices, strict=True):
                rows, size = packed_rows(self._value(transaction, "silhouettes", info))
                clips.append(rows[frames])
        return expand_rows(np.stack(clips), size)

    def read_frames(self, position: int, frame_indices: Any = None) -> NDArray[np.uint8]:
        """Return RGB frames of one walk, uint8 [t, H, W, 3]; arguments and errors as `read_silhouettes`."""
        frames: NDArray[np.uint8] = self._read("frames", position, frame_indices)
        return frames

    def read_joints(self, position: int, frame_indices: Any = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return joints float32 [t, J, 2 or 3] and confidence float32 [t, J], 1 where none was recorded.

        Arguments and errors as `read_silhouettes`.
        """
        joints: NDArray[np.float32] = self._read("joints", position, frame_indices)
        key = _MODALITY["confidence"] + _walk_key(self._infos[position].id)
        with self._file.read() as transaction:
            value = transaction.get(key)
            if value is None:
                return joints, np.ones(joints.shape[:2], np.float32)
            return joints, unpack_floats(value, frame_indices)

    def _read(self, name: str, position: int, frame_indices: Any) -> Any:
        info = self._infos[position]
        with self._file.read() as transaction:
            return self._decode(name, self._value(transaction, name, info), frame_indices)

    def _value(self, transaction: lmdb.Transaction, name: str, info: SequenceInfo) -> Buffer:
        value = transaction.get(_MODALITY[name] + _walk_key(info.id))
        if value is None:
            raise InvalidSequenceError(f"{self.path}: walk {info.id} has no {name}, only {list(info.modalities)}")
        return value

    def _decode(self, name: str, value: Buffer, frame_indices: Any) -> Any:
        if name == "frames" or (name == "silhouettes" and self.encoding == "grey"):
            return unpack_blocks(value, frame_indices)
        return unpack_bits(value, frame_indices) if name == "silhouettes" else unpack_floats(value, frame_indices)

    # --- writing ---

    def add(self, sequences: Iterable[GaitSequence]) -> None:
        """Write walks in one transaction: after a crash at any moment all of them are there, or none.

        Raises:
            InvalidSequenceError: an id is in the store already, or twice among `sequences`; nothing is written.
            UsageError: the store was opened for reading.
        """
        self.add_encoded([encode_walk(sequence, self.encoding) for sequence in sequences])

    def add_encoded(self, walks: Sequence[EncodedWalk]) -> None:
        """Write walks that `encode_walk` made with this store's encoding; otherwise as `add`."""
        with self._file.write() as transaction:
            for walk in walks:
                key = _walk_key(walk.info.id)
                if not transaction.put(_INFO + key, walk.info.to_json(), overwrite=False):
                    raise InvalidSequenceError(f"{self.path}: walk {walk.info.id} is there already")
                for name, value in walk.values.items():
                    transaction.put(_MODALITY[name] + key, value)
                if walk.dropped:
                    entry = {"id": walk.info.id, "dropped": walk.dropped}
                    transaction.put(_DROPPED + key, json.dumps(entry).encode())
                if walk.info.skeleton is not None:
                    self._put_skeleton(transaction, walk.info.skeleton)
        self._infos = tuple(sorted([*self._infos, *(walk.info for walk in walks)], key=lambda info: info.id))
        self.__dict__.pop("_positions", None)

    def set_splits(self, splits: Mapping[str, Sequence[str]]) -> None:
        """Replace the splits, name -> subjects."""
        self._file.put_json(_SPLITS_KEY, {name: list(members) for name, members in splits.items()})

    def set_manifest(self, values: Mapping[str, Any]) -> None:
        """Replace what `manifest` says beyond what the store itself knows; plain values that JSON can hold."""
        self._file.put_json(_MANIFEST_KEY, values)

    def _put_skeleton(self, transaction: lmdb.Transaction, skeleton: Skeleton) -> None:
        """Keep the definition of a skeleton that is not built in, under its name."""
        known = read_json(transaction, _SKELETONS_KEY)
        built_in = SKELETONS.get(skeleton.name)
        present = known.get(skeleton.name, None if built_in is None else built_in.definition)
        if present is None:
            transaction.put(_SKELETONS_KEY, json.dumps(known | {skeleton.name: skeleton.definition}).encode())
        elif present != skeleton.definition:
            raise InvalidSequenceError(f"{self.path}: two different skeletons are called '{skeleton.name}'")

    def _load_infos(self) -> tuple[SequenceInfo, ...]:
        try:
            # One call of the parser for all: a third of the time of one a walk.
            parsed = json.loads(b"[" + b",".join(self._file.values(_INFO)) + b"]")
            kept = self._file.get_json(_SKELETONS_KEY)
            # What is kept comes first: a later gaitprint may have a skeleton of the same name.
            skeletons = SKELETONS | {name: get_skeleton(definition) for name, definition in kept.items()}
            infos = [SequenceInfo.from_mapping(values, skeletons) for values in parsed]
        except KeyError as error:
            raise UnreadableFileError(f"{self.path}: damaged store (no {error} of a walk)") from error
        except (UsageError, ValueError, TypeError, AttributeError) as error:
            raise UnreadableFileError(f"{self.path}: damaged store ({error})") from error
        return tuple(sorted(infos, key=lambda info: info.id))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {info.id: position for position, info in enumerate(self._infos)}

"""`Screen`: all search vectors in eight bits, scored for a probe in one pass, with a bound of what rounding can do.

A search vector g (`ranking`) is kept as whole numbers c in -127..127 and a scale s, with the length of what that
loses, r = |g - s c|. So is the probe q, which loses t. The products of whole numbers are exact, so that by the
Cauchy-Schwarz inequality a score is off by at most r |q| + |s c| t, and by float32's rounding of the few sums that
follow. A quarter of the bytes of float32 are read, and search is as fast as memory is; the few templates that the bound
leaves in doubt are compared again exactly (`ranking.nearest_people`).
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.files import atomic_path
from gaitprint.gallery.ranking import ROUNDING, ProbeScores

_LARGEST = 127
# Rows of one segment in memory; adding a template copies at most so many.
_SEGMENT_ROWS = 1 << 16
# Above this length the sum of products might not fit into 32 bits.
_LONGEST_FOR_INTEGERS = 130_000
_FLOAT_ROWS = 1 << 14
_MAGIC = b"gaitprint screen 1\n"
_COLUMNS: tuple[tuple[str, type[np.generic]], ...] = (
    ("numbers", np.int64),
    ("scale", np.float32),
    ("offset", np.float32),
    ("lost", np.float32),
    ("length", np.float32),
)


@dataclass(frozen=True, eq=False)
class Segment:
    """A run of rounded search vectors.

    Args:
        codes: int8 [n, L].
        numbers: int64 [n], of the templates, ascending.
        scale: float32 [n]: s.
        offset: float32 [n]: o, added to a score.
        lost: float32 [n]: r.
        length: float32 [n]: |s c|.
    """

    codes: NDArray[np.int8]
    numbers: NDArray[np.int64]
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]
    lost: NDArray[np.float32]
    length: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def of(
        cls,
        numbers: NDArray[np.int64],
        vectors: NDArray[np.float32],
        offset: NDArray[np.float32],
    ) -> Segment:
        """Round search vectors float32 [n, L]."""
        scale = np.abs(vectors).max(axis=1, initial=0) / _LARGEST
        scale[scale == 0] = 1
        codes = np.rint(vectors / scale[:, None])
        rounded = codes * scale[:, None]
        above = np.float32(1 + 1e-5)  # the lengths themselves are rounded
        lost = np.linalg.norm(vectors - rounded, axis=1) * above
        length = np.linalg.norm(rounded, axis=1) * above
        return cls(codes.astype(np.int8), numbers, scale, offset, lost, length)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Segment:
        """Return some of the rows."""
        return Segment(self.codes[rows], *(getattr(self, name)[rows] for name, _ in _COLUMNS))

    @classmethod
    def join(cls, segments: list[Segment]) -> Segment:
        """Put segments one behind the other."""
        names = ("codes", *(name for name, _ in _COLUMNS))
        return cls(*(np.concatenate([getattr(segment, name) for segment in segments]) for name in names))


class Screen:
    """The rounded search vectors of all templates of one model.

    Args:
        length: L.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.segments: list[Segment] = []

    def __len__(self) -> int:
        return sum(map(len, self.segments))

    @property
    def last_number(self) -> int:
        """The largest number of a template in it; 0 when it is empty."""
        return int(self.segments[-1].numbers[-1]) if self.segments else 0

    def add(self, segment: Segment) -> None:
        """Append templates, whose numbers are all larger than those that are there."""
        if not len(segment):
            return
        if self.segments and len(self.segments[-1]) + len(segment) <= _SEGMENT_ROWS:
            segment = Segment.join([self.segments.pop(), segment])
        self.segments.append(segment)

    def keep(self, numbers: NDArray[np.int64]) -> None:
        """Drop every template whose number is not among `numbers`, ascending."""
        kept = []
        for segment in self.segments:
            place = np.searchsorted(numbers, segment.numbers)
            there = np.zeros(len(segment), np.bool_)
            inside = place < len(numbers)
            there[inside] = numbers[place[inside]] == segment.numbers[inside]
            if there.any():
                kept.append(segment if there.all() else segment.take(there))
        self.segments = kept

    def score(self, probe: ProbeScores) -> ScreenScores:
        """Score a probe with everything."""
        step, codes, lost = _round_probe(probe.vector)
        scores = np.empty(len(self), np.float32)
        for segment, rows in zip(self.segments, self._places(), strict=True):
            np.multiply(_products(segment.codes, codes), segment.scale * step, out=scores[rows])
            if probe.key.distance != "cosine":
                scores[rows] += segment.offset
        return ScreenScores(self, scores, float(np.linalg.norm(probe.vector.astype(np.float64))), lost)

    def error(self, rows: NDArray[np.intp], size: float, lost: float) -> NDArray[np.float64]:
        """How far scores may be off, float64 [K], for rows [K] of all segments; see `ScreenScores`."""
        error = np.zeros(len(rows))
        for segment, place in zip(self.segments, self._places(), strict=True):
            here = (rows >= place.start) & (rows < place.stop)
            chosen = rows[here] - place.start
            error[here] = segment.lost[chosen] * size + segment.length[chosen] * (lost + ROUNDING * size)
            error[here] += ROUNDING * np.abs(segment.offset[chosen])
        return error

    def largest_error(self, size: float, lost: float) -> float:
        """No score is off by more than this."""
        limits = [(float(part.lost.max()), float(part.length.max())) for part in self.segments]
        offset = max((float(np.abs(part.offset).max()) for part in self.segments), default=0.0)
        of_vectors = max((less * size + length * (lost + ROUNDING * size) for less, length in limits), default=0.0)
        return of_vectors + ROUNDING * offset

    def _places(self) -> list[slice]:
        """Where the rows of each segment are among those of all."""
        ends = np.cumsum([0, *map(len, self.segments)]).tolist()
        return [slice(*pair) for pair in itertools.pairwise(ends)]

    def numbers(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Numbers of the templates in some rows of all segments."""
        numbers = np.empty(len(rows), np.int64)
        for segment, place in zip(self.segments, self._places(), strict=True):
            here = (rows >= place.start) & (rows < place.stop)
            numbers[here] = segment.numbers[rows[here] - place.start]
        return numbers

    def save(self, path: Path, state: dict[str, Any]) -> None:
        """Write everything as one file that `load` maps into memory; atomic.

        Args:
            path: where.
            state: plain values that say what the file was made from; `load` compares them.
        """
        header = json.dumps({"rows": len(self), "length": self.length, "state": state}).encode()
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            stream.write(_MAGIC + len(header).to_bytes(8, "little") + header)
            for name in (*(name for name, _ in _COLUMNS), "codes"):
                stream.write(b"\0" * (-stream.tell() % 64))
                for segment in self.segments:
                    stream.write(np.ascontiguousarray(getattr(segment, name)).data)
            temporary.chmod(0o600)

    @classmethod
    def load(cls, path: Path, state: dict[str, Any]) -> Screen | None:
        """Map a file that `save` wrote; None where there is none, or one of another state.

        Raises:
            UnreadableFileError: another file, or one cut short.
        """
        try:
            with path.open("rb") as stream:
                if stream.read(len(_MAGIC)) != _MAGIC:
                    raise ValueError("another kind of file")
                header = json.loads(stream.read(int.from_bytes(stream.read(8), "little") % (1 << 20)))
                place = stream.tell()
            if header["state"] != state:
                return None
            rows, length = int(header["rows"]), int(header["length"])
            arrays: dict[str, Any] = {}
            for name, kind in (*_COLUMNS, ("codes", np.int8)):
                shape: tuple[int, ...] = (rows, length) if name == "codes" else (rows,)
                place += -place % 64
                # Copied on writing: nothing is written, and torch takes no read-only memory.
                arrays[name] = np.memmap(path, kind, "c", place, shape).view(np.ndarray)  # type: ignore[call-overload]
                place += arrays[name].nbytes
            if path.stat().st_size != place:
                raise ValueError("cut short")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UnreadableFileError(f"{path}: not a screen of templates ({error})") from error
        screen = cls(length)
        if rows:
            screen.segments.append(Segment(**arrays))
        return screen


class ScreenScores:
    """Scores of one probe with a screen.

    Args:
        screen: what was scored.
        scores: float32 [M].
        size: |q|.
        lost: t, how much of it rounding lost.
    """

    def __init__(self, screen: Screen, scores: NDArray[np.float32], size: float, lost: float) -> None:
        self._screen = screen
        self._scores = scores
        self._size = size
        self._lost = lost

    def best(self, count: int) -> NDArray[np.int64]:
        """Numbers of the templates of the `count` best scores, best first."""
        import torch

        rows = torch.topk(torch.from_numpy(self._scores), min(count, len(self._scores))).indices.numpy()
        return self._numbers(rows)

    def at_least(self, score: float) -> NDArray[np.int64]:
        """Numbers of all templates whose true score may be `score` or more."""
        limit = self._screen.largest_error(self._size, self._lost)
        rows = np.flatnonzero(self._scores >= np.nextafter(np.float32(score - limit), np.float32(-np.inf)))
        possible = self._scores[rows] + self._screen.error(rows, self._size, self._lost) >= score
        return self._numbers(rows[possible])

    def _numbers(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        return self._screen.numbers(rows)


def _round_probe(vector: NDArray[np.float32]) -> tuple[np.float32, NDArray[np.int8], float]:
    """Scale, codes int8 [L], and the length of what they lose, of a vector [L]."""
    exact = vector.astype(np.float64)
    scale = np.float32(np.abs(exact).max(initial=0) / _LARGEST or 1.0)
    codes = np.rint(exact / scale)
    return scale, codes.astype(np.int8), float(np.linalg.norm(exact - scale * codes)) * (1 + 1e-5)


def _products(codes: NDArray[np.int8], probe: NDArray[np.int8]) -> NDArray[np.float32]:
    """Products float32 [n] of codes [n, L] and a probe [L]."""
    import torch

    rows, column = torch.from_numpy(codes), torch.from_numpy(probe)[:, None]
    multiply = getattr(torch, "_int_mm", None)
    if multiply is not None and codes.shape[1] <= _LONGEST_FOR_INTEGERS:
        # Turned into floats without torch, whose threads would have to be woken for it.
        return np.asarray(multiply(rows, column)[:, 0].numpy(), np.float32)
    # Slower, and as exact as the bound supposes: blocks of rows become float32.
    blocks = [block.float() @ column[:, 0].float() for block in torch.split(rows, _FLOAT_ROWS)]
    return np.asarray(torch.cat(blocks).numpy(), np.float32)

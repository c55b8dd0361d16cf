"""Following people from frame to frame: where each will be, which box is whose, and who is who after a crossing.

Each person has a Kalman filter of constant velocity; boxes go to people by the assignment of least total cost (the
Hungarian method), as in *Simple Online and Realtime Tracking* (Bewley et al., ICIP 2016). How colours are spread over
a person joins the cost, so that people who were one piece for a while are told apart afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gaitprint.video.people import Detections

# Seconds after which somebody who is not seen is given up; at the picture's edge that takes less.
_LOST_SECONDS, _LOST_AT_EDGE_SECONDS = 1.5, 0.3
# Seconds after which somebody is known, and after which two who are still one piece were never two, or are lost.
_KNOWN_SECONDS, _HIDDEN_SECONDS = 0.4, 3.0
# Deviations in the person's heights: of a measured box, which breathes with the stride; and of the change of velocity,
_MEASURED, _PUSHED = 0.10, 0.25
# Cost of a box: distance in heights, difference of the logarithms of sizes, difference of colours (0 to 1). A box that
# costs more than the last is somebody else's.
_COST_SIZE, _COST_COLOURS, _MOST_COST = 1.0, 0.6, 1.3
# Share of a person's expected box that a piece must cover to hide them, and of the piece, to be theirs.
_COVERED = 0.5
# Weight of the latest colours.
_COLOURS_KEPT = 0.9


@dataclass
class Track:
    """One person's way through a video; lists have one entry for each frame from the first to the last.

    Args:
        number: from 1, in the order of appearance.
        first: number of the first frame.
        boxes: float64 [4] each, x, y, width, height in pixels: measured or, where nothing was, expected.
        seen: whether the box was measured.
        shared: whether the person was one piece with another one.
    """

    number: int
    first: int
    boxes: list[NDArray[np.float64]] = field(default_factory=list)
    seen: list[bool] = field(default_factory=list)
    shared: list[bool] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.boxes)


class _Follower:
    """A track that goes on: its filter and its colours. All four numbers of a box share one covariance."""

    def __init__(self, track: Track, box: NDArray[np.float64], colours: NDArray[np.float32]) -> None:
        self.track, self.colours = track, colours
        self.state = np.stack([_centred(box), np.zeros(4)])  # [2 (value, velocity a frame), 4]
        self.missed = self.unmeasured = 0
        self.measured = 1
        self.covariance = np.diag([_MEASURED**2, 0.05**2])

    def predict(self, pushed: float) -> None:
        step = np.array([[1.0, 1.0], [0.0, 1.0]])
        self.state = step @ self.state
        # Sizes change slowly; left alone, an error of their speed would shrink a hidden person to nothing.
        self.state[1, 2:] *= 0.8
        noise = pushed**2 * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
        self.covariance = step @ self.covariance @ step.T + noise

    def correct(self, box: NDArray[np.float64], colours: NDArray[np.float32] | None) -> None:
        gain = self.covariance[:, 0] / (self.covariance[0, 0] + _MEASURED**2)
        self.state = self.state + gain[:, None] * (_centred(box) - self.state[0])
        self.covariance = self.covariance - np.outer(gain, self.covariance[0])
        if colours is not None:
            self.colours = _COLOURS_KEPT * self.colours + (1 - _COLOURS_KEPT) * colours

    @property
    def box(self) -> NDArray[np.float64]:
        x, y, width, height = self.state[0]
        width, height = max(width, 1.0), max(height, 1.0)
        return np.array([x - width / 2, y - height / 2, width, height])


class Tracker:
    """Follows everybody through a video, frame after frame.

    Args:
        size: H and W of the frames, pixels.
        frame_rate_hz: frames a second.
    """

    def __init__(self, size: tuple[int, int], frame_rate_hz: float) -> None:
        self._size, self._rate_hz = size, frame_rate_hz
        self._followers: list[_Follower] = []
        self._count = 0

    @property
    def tracks(self) -> list[Track]:
        """Those who are followed at the moment."""
        return [follower.track for follower in self._followers]

    def update(self, number: int, found: Detections) -> list[Track]:
        """Take in the boxes of the next frame.

        Args:
            number: of the frame.
            found: what is in it.

        Returns:
            the tracks that are over; those that go on are in `tracks`.
        """
        # Heights a frame, from heights a second.
        pushed = _PUSHED / self._rate_hz**1.5
        for follower in self._followers:
            follower.predict(pushed)
        expected = np.array([follower.box for follower in self._followers]).reshape(-1, 4)
        # Pieces of one body that only just came in are no two people.
        known = np.array([follower.measured >= _KNOWN_SECONDS * self._rate_hz for follower in self._followers], bool)
        hidden, crowds = _merged(expected, found.extents, known)
        free = np.flatnonzero(~crowds)
        assigned = self._assign(np.flatnonzero(~hidden), free, expected, found)
        for position, follower in enumerate(self._followers):
            track, which = follower.track, assigned.get(position)
            follower.unmeasured = follower.unmeasured + 1 if which is None else 0
            if which is None:
                follower.missed = 0 if hidden[position] else follower.missed + 1
                track.boxes.append(follower.box)
            else:
                follower.missed = 0
                follower.measured += 1
                follower.correct(found.boxes[which], found.colours[which])
                track.boxes.append(found.boxes[which])
            track.seen.append(which is not None)
            track.shared.append(bool(hidden[position]))
        over = [follower for follower in self._followers if self._is_over(follower)]
        self._followers = [follower for follower in self._followers if follower not in over]
        for which in sorted(set(free.tolist()) - set(assigned.values())):
            self._begin(number, found.boxes[which], found.colours[which])
        return [_ended(follower.track) for follower in over]

    def finish(self) -> list[Track]:
        """End everything that is still followed."""
        over = [_ended(follower.track) for follower in self._followers]
        self._followers = []
        return over

    def cut(self, track: Track) -> None:
        """Begin a new track for one that has become too long to be kept; it keeps its number."""
        for follower in self._followers:
            if follower.track is track:
                follower.track = Track(track.number, track.first + len(track))

    def _assign(
        self,
        followed: NDArray[np.int64],
        free: NDArray[np.int64],
        expected: NDArray[np.float64],
        found: Detections,
    ) -> dict[int, int]:
        """Return which box, of `free`, goes to which follower, of `followed`."""
        if len(followed) == 0 or len(free) == 0:
            return {}
        before, after = expected[followed], found.boxes[free]
        tall = np.maximum(before[:, None, 3], 1.0)
        apart = (before[:, None, :2] + before[:, None, 2:] / 2) - (after[None, :, :2] + after[None, :, 2:] / 2)
        # Who was not seen for a while may be farther from where they should be.
        unmeasured = np.array([self._followers[position].unmeasured for position in followed])
        reach = 1.0 + 1.5 * unmeasured / self._rate_hz
        distance = np.linalg.norm(apart, axis=2) / tall / reach[:, None]
        sizes = np.abs(np.log(after[None, :, 3] / tall))
        known = np.stack([self._followers[position].colours for position in followed])
        likeness = np.sqrt(known[:, None] * found.colours[free][None]).sum(axis=2)
        colours = np.sqrt(np.clip(1 - likeness, 0, 1))
        cost = distance + _COST_SIZE * sizes + _COST_COLOURS * colours
        rows, columns = linear_sum_assignment(np.minimum(cost, 10 * _MOST_COST))
        return {
            int(followed[row]): int(free[column])
            for row, column in zip(rows, columns, strict=True)
            if cost[row, column] <= _MOST_COST
        }

    def _begin(self, number: int, box: NDArray[np.float64], colours: NDArray[np.float32]) -> None:
        self._count += 1
        track = Track(self._count, number, [box], [True], [False])
        follower = _Follower(track, box, colours)
        self._followers.append(follower)

    def _is_over(self, follower: _Follower) -> bool:
        height, width = self._size
        x, y = follower.state[0, :2]
        margin = 0.4 * follower.state[0, 2]
        at_edge = not (margin <= x <= width - margin and 0 <= y <= height)
        lost = _LOST_AT_EDGE_SECONDS if at_edge else _LOST_SECONDS
        # A track of a moment is noise, and waits for nothing.
        lost = min(lost, len(follower.track) / self._rate_hz)
        outside = not (-width * 0.2 <= x <= width * 1.2)
        hidden_for_good = follower.unmeasured > _HIDDEN_SECONDS * self._rate_hz
        return outside or hidden_for_good or follower.missed > max(2.0, lost * self._rate_hz)


def _merged(
    expected: NDArray[np.float64], extents: NDArray[np.float64], known: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find pieces that are several people.

    Args:
        expected: float64 [P, 4], where people should be.
        extents: float64 [N, 4], pieces.
        known: bool [P], who was seen for long enough to be somebody.

    Returns:
        which people are in such a piece, bool [P], and which pieces are such, bool [N].
    """
    if len(expected) == 0 or len(extents) == 0:
        return np.zeros(len(expected), bool), np.zeros(len(extents), bool)
    low = np.maximum(expected[:, None, :2], extents[None, :, :2])
    high = np.minimum(expected[:, None, :2] + expected[:, None, 2:], extents[None, :, :2] + extents[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    covered = (common > _COVERED * expected[:, 2:].prod(axis=1)[:, None]) & known[:, None]  # [P, N]
    crowds = covered.sum(axis=0) >= 2
    hidden: NDArray[np.bool_] = (covered & crowds).any(axis=1)
    return hidden, crowds


def _centred(box: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([box[0] + box[2] / 2, box[1] + box[3] / 2, box[2], box[3]])


def _ended(track: Track) -> Track:
    """Cut off the frames at the end in which nobody was seen."""
    length = len(track) - track.seen[::-1].index(True) if any(track.seen) else 0
    for entries in (track.boxes, track.seen, track.shared):
        del entries[length:]
    return track

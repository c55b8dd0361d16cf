"""From a video to walks: people are found and followed frame by frame, and looked at closely once they have passed.

Frames come once and are let go: of each person only crops are kept while they are followed, so that memory is bounded
by how many people are in the picture, not by how long a video is, and a live source is served as a file is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gaitprint.core.errors import UnreadableFileError
from gaitprint.video.background import BackgroundMemory
from gaitprint.video.crop_memory import CropMemory, without_gaps
from gaitprint.video.frame_source import Frame, FrameSource
from gaitprint.video.front_ends import FrontEnds
from gaitprint.video.passage import Passage, PassageOptions, PassageReader, shared_places, without_pictures
from gaitprint.video.people import Detections, MotionFinder, box_colours, no_detections
from gaitprint.video.stages import Stages
from gaitprint.video.tracking import Track, Tracker

# Frames, and from how many seconds of a file, that the background is learnt from before anybody is looked for.
_LEARNT_FRAMES, _LEARNT_SECONDS = 100, 40.0
# Longest stretch that is kept before it is looked at, seconds; and shorter ones are noise.
_LONGEST_SECONDS, _LEAST_SECONDS = 12.0, 0.4
# Frames of so many seconds may be missing within a track; those who were followed before a longer gap are over.
_MISSING_SECONDS = 0.5
# A moving thing is a person's size and shape: less high in pixels, or wider for its height, it is not worth a word.
_LEAST_HEIGHT_PX, _WIDEST = 12.0, 0.95
# Where the camera moves, people are looked for in every such frame: the detector takes as long as all the rest.
_DETECTED_EVERY = 2
# Share of frames with a moving camera from which on the background means nothing.
_MOVING_SHARE = 0.1
# Two passages are of one body where their squares have so much in common, on the average of their common frames.
_ONE_BODY = 0.6


class Extraction:
    """Finds walks in a source; an iterator of passages as people leave the picture.

    Args:
        source: where frames come from.
        front_ends: what finds silhouettes and joints.
        options: of the passages.

    Attributes:
        frames: how many were seen.
        size: H and W of the frames, pixels; 0 before the first.
        people: how many were followed.
        other_things: how many moving things were none by size or shape.
        camera_moved: in how many frames the camera moved, or the light changed.
        stages: where time went.
    """

    def __init__(self, source: FrameSource, front_ends: FrontEnds, options: PassageOptions | None = None) -> None:
        self.source, self.front_ends, self.options = source, front_ends, options or PassageOptions()
        self.frames = self.people = self.other_things = self.camera_moved = 0
        self.size = (0, 0)
        self.stages = Stages()
        self._numbers: set[int] = set()
        self._recent: list[Passage] = []
        self._kept_frames = round(2 * _LONGEST_SECONDS * source.frame_rate_hz)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of how people were looked for, each one line; complete at the end."""
        if self.front_ends.detector is not None or self.camera_moved <= _MOVING_SHARE * self.frames:
            return ()
        return (
            f"{self.source.name}: the camera moves, or the light changes, in {self.camera_moved} of {self.frames} "
            "frames, in which nobody is found without the MediaPipe front-end",
        )

    def __iter__(self) -> Iterator[Passage]:
        """Yield the passages, usable and refused ones, in the order of their ends.

        Raises:
            UnreadableFileError: not one frame.
        """
        rate_hz = self.source.frame_rate_hz
        frames = self._timed(iter(self.source), "decode")
        first = next(frames, None)
        if first is None:
            raise UnreadableFileError(f"{self.source.name}: not one frame")
        self.size = first.pixels.shape[0], first.pixels.shape[1]
        finder, tracker = MotionFinder(self.size, rate_hz), Tracker(self.size, rate_hz)
        with self.stages.measure("find people"):
            finder.learn(self.source.sample(_LEARNT_FRAMES, _LEARNT_SECONDS))
        self._memory = BackgroundMemory(self.size, rate_hz)
        self._crops = CropMemory()
        self._reader = PassageReader(self.size, rate_hz, self.front_ends, self.options, self.stages)
        longest = round(_LONGEST_SECONDS * rate_hz)
        frame: Frame | None = first
        last = first.number
        while frame is not None:
            self.frames += 1
            if frame.number - last > _MISSING_SECONDS * rate_hz:
                for track in tracker.finish():
                    yield from self._passages(track)
            last = frame.number
            with self.stages.measure("find people"):
                found = self._find(finder, frame)
                over = tracker.update(frame.number, found)
                self._crops.keep(frame, tracker.tracks, camera_moves=found.camera_moves)
                expected = [track.boxes[-1] for track in tracker.tracks]
                if not found.camera_moves:
                    self._memory.remember(frame.number, frame.pixels, [*found.extents, *expected])
            for track in tracker.tracks:
                if len(track) >= longest:
                    tracker.cut(track)
                    over.append(track)
            for track in over:
                yield from self._passages(track)
            frame = next(frames, None)
        for track in tracker.finish():
            yield from self._passages(track)

    def _find(self, finder: MotionFinder, frame: Frame) -> Detections:
        """Find people by their motion or, where everything moves, by their looks."""
        found = finder.find(frame.pixels)
        if not found.camera_moves:
            return found
        self.camera_moved += 1
        if self.front_ends.detector is None or self.camera_moved % _DETECTED_EVERY:
            return no_detections(camera_moves=True)
        boxes = self.front_ends.detector.find(frame.pixels)
        colours = np.stack([box_colours(frame.pixels, box) for box in boxes]) if len(boxes) else found.colours
        return Detections(boxes, boxes, colours, camera_moves=True)

    def _passages(self, track: Track) -> Iterator[Passage]:
        """Look closely at somebody who has passed."""
        track, crops = without_gaps(track, self._crops.take(track))
        if len(track) < max(3, _LEAST_SECONDS * self.source.frame_rate_hz):
            return
        boxes = np.stack(track.boxes)
        boxes[~np.array(track.seen)] = np.nan
        height, width = np.nanmedian(boxes[:, 3]), np.nanmedian(boxes[:, 2])
        if height < _LEAST_HEIGHT_PX or width > _WIDEST * height:
            self.other_things += 1
            return
        with self.stages.measure("background"):
            plate = self._memory.plate(crops.numbers[0], crops.numbers[-1])
        moved = float(np.mean(crops.camera_moves)) > _MOVING_SHARE
        passages = self._reader.read(track, boxes, crops, None if moved else plate)
        if passages and track.number not in self._numbers:
            self._numbers.add(track.number)
            self.people += 1
        for passage in passages:
            yield self._once(passage)

    def _once(self, passage: Passage) -> Passage:
        """Refuse a body that was seen before in the same frames: motion may follow two halves of one person."""
        start = int(passage.numbers[0])
        self._recent = [one for one in self._recent if start - int(one.numbers[-1]) < self._kept_frames]
        if passage.refused is not None:
            return passage
        for before in self._recent:
            if before.track != passage.track and shared_places(before, passage) > _ONE_BODY:
                return replace(passage, walk=None, refused=f"found twice: the body of person {before.track}")
        self._recent.append(without_pictures(passage))
        return passage

    def _timed(self, frames: Iterator[Frame], stage: str) -> Iterator[Frame]:
        while True:
            with self.stages.measure(stage):
                frame = next(frames, None)
            if frame is None:
                return
            yield frame

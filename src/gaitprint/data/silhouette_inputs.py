"""Silhouettes as model input: frame by frame, or averaged into a gait energy image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.frame_sampling import Sampling, choose_frames
from gaitprint.data.inputs import ModelInput
from gaitprint.data.store import SequenceInfo, Store


@config_dataclass
class GeiConfig:
    """Options of `GeiInput`.

    Args:
        size: (H, W) in pixels; wider silhouettes lose their margins, then all are scaled to it.
        training_frames: how many frames in a row, from a random start, a walk's image is the mean of in training, so
            that it differs each time as short passages do; null for all frames, as in evaluation.
    """

    size: tuple[int, int] = (128, 88)
    training_frames: int | None = None

    def __post_init__(self) -> None:
        _check_size(self.size)
        if self.training_frames is not None and self.training_frames < 1:
            raise UsageError(f"input.training_frames is {self.training_frames}, must be at least 1")


@config_dataclass
class SilhouettesConfig:
    """Options of `SilhouettesInput`.

    Args:
        size: (H, W) in pixels; wider silhouettes lose their margins, then all are scaled to it.
        frames: T, frames a walk gives.
        sampling: ``uniform``: evenly spaced over the whole walk; ``clip``: every `stride`-th one, from a random start
            in training and from the middle in evaluation; ``random``: any frames in training, evenly spaced ones in
            evaluation, for models to which a walk is a set.
        stride: of a clip; 1 takes consecutive frames.
        evaluation_clips: clips of T frames that a walk gives in evaluation, from its beginning to its end; their
            embeddings are averaged.
        evaluation_frames: frames that a walk gives in evaluation, of each clip; null for as many as in training.
    """

    size: tuple[int, int] = (64, 44)
    frames: int = 30
    sampling: Literal["uniform", "clip", "random"] = "clip"
    stride: int = 1
    evaluation_clips: int = 1
    evaluation_frames: int | None = None

    def __post_init__(self) -> None:
        _check_size(self.size)
        for name in ("frames", "stride", "evaluation_clips", "evaluation_frames"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"input.{name} is {value}, must be at least 1")
        for name in ("stride", "evaluation_clips"):
            if getattr(self, name) > 1 and self.sampling != "clip":
                raise UsageError(f"input.{name} needs input.sampling=clip, not {self.sampling}")


def _check_size(size: tuple[int, int]) -> None:
    if min(size) < 1:
        raise UsageError(f"input.size is {size[0]}, {size[1]}; both must be at least 1")


class _AlignedSilhouettes(ModelInput):
    """What both have in common: aligned silhouettes of one size, cropped to the model's width and scaled."""

    modality: ClassVar[str] = "silhouettes"

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def check(self, infos: Iterable[SequenceInfo]) -> None:
        """See `ModelInput.check`."""
        infos = list(infos)
        super().check(infos)
        sizes = {info.silhouette_size: info for info in infos if info.silhouette_size is not None}
        for size, info in sizes.items():
            self._columns(size, info.id)
        if len(sizes) > 1:
            (size, info), (other_size, other) = list(sizes.items())[:2]
            raise IncompatibleError(f"silhouettes differ in size: {info.id} has {size}, {other.id} {other_size}")

    def _columns(self, size: tuple[int, int], walk: str) -> slice:
        """Middle columns of silhouettes [H, W] that have the model's proportions."""
        (height, width), (model_height, model_width) = size, self.size
        wanted = round(height * model_width / model_height)
        # Aligned silhouettes are at most square; anything else was never cropped to the person.
        if not wanted <= width <= height:
            raise IncompatibleError(
                f"{walk}: silhouettes are {height} x {width}, need height {height} and width {wanted}..{height}; "
                "align them first (gaitprint prepare does, or data.silhouettes.align_silhouettes)"
            )
        start = (width - wanted) // 2
        return slice(start, start + wanted)

    def _cropped(self, silhouettes: NDArray[np.uint8], walk: str) -> NDArray[np.uint8]:
        """[..., H, W] -> [..., H, w]."""
        return silhouettes[..., self._columns((silhouettes.shape[-2], silhouettes.shape[-1]), walk)]

    def _scaled(self, images: Tensor) -> Tensor:
        """uint8 [N, h, w] in 0..255 -> float32 [N, 1, H, W] in [-1, 1]."""
        values = images.unsqueeze(1).float()
        if values.shape[2:] != self.size:
            shrinks = values.shape[2] > self.size[0]
            values = functional.interpolate(values, self.size, mode="bilinear", antialias=shrinks)
        return values / 127.5 - 1


class GeiInput(_AlignedSilhouettes):
    """Gait energy image: the mean of all aligned silhouettes of a walk; [B, 1, H, W] in [-1, 1]."""

    Config: ClassVar[type] = GeiConfig

    def __init__(self, config: GeiConfig) -> None:
        super().__init__(config.size)
        self.training_frames = config.training_frames

    @property
    def cacheable(self) -> bool:
        """See `ModelInput`."""
        return self.training_frames is None

    def choose_frames(self, lengths: NDArray[np.int64], rng: np.random.Generator | None) -> NDArray[np.int64] | None:
        """See `ModelInput.choose_frames`."""
        if rng is None or self.training_frames is None:
            return None
        return choose_frames(lengths, self.training_frames, "clip", rng)

    def read(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[Any]:
        """Gait energy image of a stored walk, uint8 [h, w] as a GEI file has it."""
        return self._image(store.read_silhouettes(position, frames), store.infos[position].id)

    def encode(self, sequence: GaitSequence) -> NDArray[Any]:
        """Gait energy image of a walk in memory, uint8 [h, w]."""
        return self._image(self.recorded(sequence), sequence.id)

    def _image(self, silhouettes: NDArray[np.uint8], walk: str) -> NDArray[np.uint8]:
        cropped = self._cropped(silhouettes, walk)
        total = cropped.sum(axis=0, dtype=np.uint32)
        count = np.uint32(len(cropped))
        # Rounded half up, in integers: the same image on every platform.
        image: NDArray[np.uint8] = ((total * np.uint32(2) + count) // (np.uint32(2) * count)).astype(np.uint8)
        return image

    def finish(self, batch: Tensor) -> Tensor:
        """uint8 [B, h, w] -> float32 [B, 1, H, W] in [-1, 1]."""
        return self._scaled(batch)


class SilhouettesInput(_AlignedSilhouettes):
    """A fixed number of silhouettes of a walk; [B, T, 1, H, W] in [-1, 1]."""

    Config: ClassVar[type] = SilhouettesConfig

    def __init__(self, config: SilhouettesConfig) -> None:
        super().__init__(config.size)
        self.frames = config.frames
        self.evaluation_frames = config.evaluation_frames or config.frames
        self.evaluation_clips = config.evaluation_clips
        self.sampling: Sampling = config.sampling
        self.stride = config.stride

    def choose_frames(self, lengths: NDArray[np.int64], rng: np.random.Generator | None) -> NDArray[np.int64]:
        """See `ModelInput.choose_frames`."""
        clips = self.evaluation_clips if rng is None else 1
        count = self.evaluation_frames if rng is None else self.frames
        return choose_frames(lengths, count, self.sampling, rng, stride=self.stride, clips=clips)

    def read(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[Any]:
        """Chosen silhouettes of a stored walk, uint8 [T, h, w]."""
        return self._cropped(store.read_silhouettes(position, frames), store.infos[position].id)

    def read_batch(self, store: Store, positions: NDArray[np.int64], frames: NDArray[np.int64] | None) -> Tensor:
        """Chosen silhouettes of stored walks, uint8 [B, T, h, w]; faster than one `read` a walk."""
        if frames is None:
            return super().read_batch(store, positions, frames)
        clips = store.read_clips(positions.tolist(), frames)
        # A view: `finish` copies what is left of it anyway.
        return from_numpy(self._cropped(clips, store.infos[positions[0]].id))

    def encode(self, sequence: GaitSequence) -> NDArray[Any]:
        """Silhouettes of a walk in memory, uint8 [T, h, w]."""
        silhouettes = self.recorded(sequence)
        frames = self.choose_frames(np.array([len(silhouettes)]), None)
        return self._cropped(silhouettes[frames[0]], sequence.id)

    def finish(self, batch: Tensor) -> Tensor:
        """uint8 [B, T, h, w] -> float32 [B, T, 1, H, W] in [-1, 1]."""
        frames = self._scaled(batch.flatten(0, 1))  # [B * T, 1, H, W]
        return frames.view(*batch.shape[:2], 1, *self.size)

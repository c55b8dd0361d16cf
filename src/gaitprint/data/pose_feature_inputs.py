"""What a pose network sees in frames, as model input: a frozen network's features, computed once a walk."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.memory_format import channels_last
from gaitprint.core.progress import track
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.feature_cache import FeatureCache, cache_folder
from gaitprint.data.frame_inputs import FrameClipConfig, FrameClips
from gaitprint.data.frames import square_frames, to_model
from gaitprint.data.store import SequenceInfo, Store
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.weights import PoseCard, find_pose_weights, load_pose_network
from gaitprint.models.weight_files import read_card_of

# Kept features are found by walk and weights alone. Whoever changes what is computed from these (how frames are padded
# and resized, what of a network its features are) gives the folder another name.
_FOLDER = "pose-features"
# Frames that the network sees at once.
_BATCH_FRAMES = 32


@config_dataclass
class PoseFeaturesConfig(FrameClipConfig):
    """Options of `PoseFeaturesInput`, besides those of `FrameClipConfig`.

    Args:
        network: a shipped pose network's name, a run folder, or a weights folder or file.
        weights_hash: of its weights, as their card says; empty for whatever weights are found. Filled in when a recipe
            is resolved, so that a model never meets features of other weights than it learnt from.
    """

    network: str
    weights_hash: str = ""


class PoseFeaturesInput(FrameClips):
    """Features that a frozen pose network finds in frames; [B, T, 32, 17, 17].

    The features of a whole walk are computed when it is first read (a training does that for all of its walks before
    the first step), on the first GPU where there is one, and kept in the user's cache folder (`feature_cache`) by the
    walk's digest and the hash of the weights: 18.5 kB a frame, as half-precision numbers.
    """

    Config: ClassVar[type] = PoseFeaturesConfig

    def __init__(self, config: PoseFeaturesConfig) -> None:
        super().__init__(config)
        self.network = config.network
        self.weights_hash = config.weights_hash
        self._loaded: tuple[PoseNetwork, FeatureCache] | None = None

    @classmethod
    def pinned(cls, config: PoseFeaturesConfig) -> PoseFeaturesConfig:
        """See `ModelInput.pinned`: the hash of the network's weights, and its whole path.

        A network that is not there is no fault of a recipe that is only read; `check` reports it.
        """
        path = Path(config.network)
        if path.exists():
            config = dataclasses.replace(config, network=str(path.absolute()))
        if not config.weights_hash:
            try:
                card = read_card_of(find_pose_weights(config.network), PoseCard)
            except UsageError:
                return config
            config = dataclasses.replace(config, weights_hash=card.weights_hash)
        return config

    def check(self, infos: Iterable[SequenceInfo]) -> None:
        """See `ModelInput.check`; the network is loaded, too."""
        super().check(infos)
        self._load()

    def warm_up(self, store: Store, positions: NDArray[np.int64]) -> None:
        """Compute the features of all these walks; see `ModelInput.warm_up`."""
        for position in track(positions.tolist(), "computing pose features"):
            self._whole(store, position)

    def read(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[Any]:
        """Features of chosen frames of a stored walk, float16 [T, 32, 17, 17]."""
        whole = self._whole(store, position)
        return np.array(whole if frames is None else whole[frames])

    def encode(self, sequence: GaitSequence) -> NDArray[Any]:
        """Features of frames of a walk in memory, float16 [T, 32, 17, 17]."""
        return self._compute(self.frames_of(sequence), sequence.id)

    def finish(self, batch: Tensor) -> Tensor:
        """float16 [B, T, 32, 17, 17] -> the same in float32."""
        return batch.float()

    def _whole(self, store: Store, position: int) -> NDArray[np.float16]:
        network, cache = self._load()
        info = store.infos[position]
        return cache.get(
            info.digest,
            (info.num_frames, *network.feature_shape),
            lambda: self._compute_stored(store, position),
        )

    def _compute_stored(self, store: Store, position: int) -> NDArray[np.float16]:
        info = store.infos[position]
        starts = range(0, info.num_frames, _BATCH_FRAMES)
        # Read in pieces: whole walks of large pictures may not fit into memory.
        pieces = (store.read_frames(position, slice(start, start + _BATCH_FRAMES)) for start in starts)
        return np.concatenate([self._compute(piece, info.id) for piece in pieces])

    def _compute(self, frames: NDArray[np.uint8], walk: str) -> NDArray[np.float16]:
        """Frames uint8 [n, H, W, 3] -> float16 [n, 32, 17, 17]."""
        network, _ = self._load()
        device = next(network.parameters()).device
        squares = torch.from_numpy(square_frames(frames, network.resolution))
        with torch.inference_mode():
            parts = (squares[start : start + _BATCH_FRAMES] for start in range(0, len(squares), _BATCH_FRAMES))
            features = torch.cat([network.features(to_model(part.to(device))) for part in parts])
            values: NDArray[np.float16] = features.half().cpu().numpy()
        if not np.isfinite(values).all():
            raise IncompatibleError(f"{walk}: {self.network} gives features beyond half precision, or none at all")
        return values

    def _load(self) -> tuple[PoseNetwork, FeatureCache]:
        if self._loaded is None:
            network, card = load_pose_network(self.network)
            if self.weights_hash not in ("", card.weights_hash):
                raise IncompatibleError(
                    f"{self.network}: holds weights {card.weights_hash[:12]}; "
                    f"the model takes features of {self.weights_hash[:12]}"
                )
            device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
            folder = cache_folder() / _FOLDER / card.weights_hash[:32]
            self._loaded = channels_last(network.to(device)), FeatureCache(folder)
        return self._loaded

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": None}  # each process loads for itself

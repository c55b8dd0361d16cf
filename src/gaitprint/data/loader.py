"""From step number to batch: walks sampled, read, and put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy
from torch.utils.data import DataLoader, Dataset

from gaitprint.core.progress import track
from gaitprint.data.inputs import ModelInput
from gaitprint.data.sampling import Sampler, generator
from gaitprint.data.store import Store

# A set of walks that takes more than this is read from the store again and again, which caches it as memory allows.
CACHE_LIMIT_BYTES = 2 << 30


class BatchStream(Dataset[tuple[Tensor, Tensor]]):
    """The batches of a training by step number; each process gets its slice of them.

    Args:
        store: the data.
        positions: int64 [N], the walks of the training.
        labels: int64 [N], who walks.
        model_input: the representation.
        sampler: indices into `positions` for each step.
        seed: of the frames that are chosen.
        process: the number of this process, 0..processes-1.
        processes: how many share each batch; must divide the sampler's batch size.
    """

    def __init__(
        self,
        store: Store,
        positions: NDArray[np.int64],
        labels: NDArray[np.int64],
        model_input: ModelInput,
        sampler: Sampler,
        seed: int,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        self._store, self._positions, self._labels = store, positions, labels
        self._input, self._sampler, self._seed = model_input, sampler, seed
        share = sampler.batch_size // processes
        self._own = slice(process * share, (process + 1) * share)
        self._lengths = model_input.num_frames(store.infos[position] for position in positions)
        model_input.warm_up(store, positions)
        self._cache = read_all(store, positions, model_input) if model_input.cacheable else None

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this process's share of the batch of a step: compact arrays [b, ...] and labels int64 [b]."""
        indices = self._sampler.batch(step)
        # Frames are chosen for the whole batch, so that they do not depend on the number of processes.
        frames = self._input.choose_frames(self._lengths[indices], generator(self._seed, "frames", step))
        own = indices[self._own]
        labels = from_numpy(self._labels[own])
        if self._cache is not None:
            return from_numpy(self._cache[own]), labels
        chosen = None if frames is None else frames[self._own]
        return self._input.read_batch(self._store, self._positions[own], chosen), labels

    def batches(self, first: int, last: int, workers: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of steps first..last-1, prepared ahead by `workers` processes."""
        loader = DataLoader(self, sampler=range(first, last), batch_size=None, num_workers=workers)
        yield from loader


def read_all(store: Store, positions: NDArray[np.int64], model_input: ModelInput) -> NDArray[Any] | None:
    """Read the compact arrays of all walks into one [N, ...]; None where that is more than `CACHE_LIMIT_BYTES`."""
    arrays: NDArray[Any] | None = None
    for row, position in enumerate(track(positions.tolist(), "reading walks")):
        walk = model_input.read(store, position, None)
        if arrays is None:
            if walk.nbytes * len(positions) > CACHE_LIMIT_BYTES:
                return None
            arrays = np.empty((len(positions), *walk.shape), walk.dtype)
        arrays[row] = walk
    return arrays

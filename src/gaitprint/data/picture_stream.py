"""From step number to batch of pictures: walks sampled, one random frame of each, and where the joints are in it."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, from_numpy
from torch.utils.data import DataLoader, Dataset

from gaitprint.data.pictures import Pictures
from gaitprint.data.sampling import Sampler, generator


class PictureStream(Dataset[tuple[Tensor, Tensor]]):
    """The batches of a pose network's training by step number; each process gets its slice of them.

    Args:
        pictures: of the walks of the training.
        sampler: indices for each step; modulo the number of walks they are walks.
        seed: of the frames that are chosen.
        process: the number of this process, 0..processes-1.
        processes: how many share each batch; must divide the sampler's batch size.
    """

    def __init__(self, pictures: Pictures, sampler: Sampler, seed: int, process: int = 0, processes: int = 1) -> None:
        self._pictures, self._sampler, self._seed = pictures, sampler, seed
        share = sampler.batch_size // processes
        self._own = slice(process * share, (process + 1) * share)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return this process's share of the batch of a step: uint8 [b, R, R, 3] and joints float32 [b, 16, 3]."""
        lengths = self._pictures.lengths
        rows = self._sampler.batch(step) % len(lengths)
        # Frames are chosen for the whole batch, so that they do not depend on the number of processes.
        frames = generator(self._seed, "frames", step).integers(0, lengths[rows])
        images, joints = self._pictures.read(rows[self._own], frames[self._own])
        return from_numpy(images), from_numpy(joints)

    def batches(self, first: int, last: int, workers: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of steps first..last-1, prepared ahead by `workers` processes."""
        yield from DataLoader(self, sampler=range(first, last), batch_size=None, num_workers=workers)

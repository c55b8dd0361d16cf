"""Which walks take part, and which of them make up the batch of step n.

The batch of a step is a pure function of the seed and the step's number. So a training that was interrupted goes on
with the batches it would have seen, without any generator's state, and any number of processes share the same batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.choices import read_choice
from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.registry import Registry
from gaitprint.data.store import SequenceInfo

SAMPLERS = Registry(
    "sampler",
    {
        "pk": "gaitprint.data.sampling:PKSampler",
        "plain": "gaitprint.data.sampling:PlainSampler",
    },
)

# Each use of randomness has its own stream, so that none shifts another.
STREAMS = {"batches": 0, "frames": 1, "validation": 2, "torch": 3, "subjects": 4, "folds": 5}


def generator(seed: int, stream: str, *numbers: int) -> np.random.Generator:
    """Return the random generator of one use of randomness (`STREAMS`) at one step or epoch."""
    return np.random.default_rng(np.random.SeedSequence([seed, STREAMS[stream], *numbers]))


def select_walks(
    infos: Sequence[SequenceInfo],
    subjects: Collection[str],
    conditions: Iterable[str] | None = None,
    views: Collection[str] | None = None,
) -> NDArray[np.int64]:
    """Return the positions of the walks of some subjects under some conditions from some views.

    Args:
        infos: the walks of a store.
        subjects: labels.
        conditions: labels (``"nm-01"``), or what stands before a hyphen in them (``"nm"``); None for all.
        views: labels; None for all.

    Returns:
        int64 [n], ascending.

    Raises:
        UsageError: a condition or view that none of these subjects has.
    """
    people = set(subjects)
    among = [(position, info) for position, info in enumerate(infos) if info.subject in people]
    for view in views or ():
        if not any(info.view == view for _, info in among):
            raise UsageError(f"no walk from view '{view}'; there are: {', '.join(sorted({i.view for _, i in among}))}")
    wanted = None if conditions is None else tuple(conditions)
    for condition in wanted or ():
        if not any(_matches(info.condition, condition) for _, info in among):
            known = ", ".join(sorted({info.condition for _, info in among})[:20])
            raise UsageError(f"no walk under condition '{condition}'; there are: {known}")
    return np.array(
        [
            position
            for position, info in among
            if (views is None or info.view in views)
            and (wanted is None or any(_matches(info.condition, condition) for condition in wanted))
        ],
        dtype=np.int64,
    )


def _matches(condition: str, wanted: str) -> bool:
    return condition == wanted or condition.startswith(wanted + "-")


class Sampler(ABC):
    """Base of all samplers: step number -> the walks of that step's batch.

    Args:
        config: an instance of `Config`.
        labels: int64 [N], whose walk each is.
        seed: of all batches.

    Attributes:
        Config: the `config_dataclass` with the sampler's options.
        batch_size: B, walks a batch, over all processes.
        steps_per_epoch: batches after which every walk has been seen about once, >= 1.
    """

    Config: ClassVar[type]
    batch_size: int
    steps_per_epoch: int

    @abstractmethod
    def __init__(self, config: Any, labels: NDArray[np.int64], seed: int) -> None: ...

    @abstractmethod
    def batch(self, step: int) -> NDArray[np.int64]:
        """Return the batch of step 0, 1, ...: int64 [B], indices into the labels."""


@config_dataclass
class PlainConfig:
    """Options of `PlainSampler`.

    Args:
        batch_size: walks a batch, over all processes.
    """

    batch_size: int = 16


class PlainSampler(Sampler):
    """Every walk once an epoch in random order; what is left over for no full batch waits for the next epoch."""

    Config: ClassVar[type] = PlainConfig

    def __init__(self, config: PlainConfig, labels: NDArray[np.int64], seed: int) -> None:
        if not 1 <= config.batch_size <= len(labels):
            raise IncompatibleError(f"sampler.batch_size is {config.batch_size}, must be in 1..{len(labels)} (walks)")
        self.batch_size = config.batch_size
        self.steps_per_epoch = len(labels) // config.batch_size
        self._count, self._seed = len(labels), seed
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def batch(self, step: int) -> NDArray[np.int64]:
        """See `Sampler.batch`."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, generator(self._seed, "batches", epoch).permutation(self._count)
        return self._order[place * self.batch_size : (place + 1) * self.batch_size]


@config_dataclass
class PKConfig:
    """Options of `PKSampler`.

    Args:
        subjects: P, different people a batch.
        walks: K, walks of each.
    """

    subjects: int = 8
    walks: int = 4


class PKSampler(Sampler):
    """P people drawn at random, K walks of each; a person with fewer walks gives some twice."""

    Config: ClassVar[type] = PKConfig

    def __init__(self, config: PKConfig, labels: NDArray[np.int64], seed: int) -> None:
        self._walks_of = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        if not 1 <= config.subjects <= len(self._walks_of):
            people = len(self._walks_of)
            raise IncompatibleError(
                f"sampler.subjects is {config.subjects}, must be in 1..{people}, the people there are"
            )
        if config.walks < 1:
            raise UsageError(f"sampler.walks is {config.walks}, must be at least 1")
        self._subjects, self._walks, self._seed = config.subjects, config.walks, seed
        self.batch_size = config.subjects * config.walks
        self.steps_per_epoch = max(1, len(labels) // self.batch_size)

    def batch(self, step: int) -> NDArray[np.int64]:
        """See `Sampler.batch`; the walks of one person stand together."""
        rng = generator(self._seed, "batches", step)
        people = rng.choice(len(self._walks_of), self._subjects, replace=False)
        return np.concatenate(
            [
                rng.choice(walks, self._walks, replace=len(walks) < self._walks)
                for walks in map(self._walks_of.__getitem__, people)
            ]
        )


def build_sampler(choice: Mapping[str, Any], labels: NDArray[np.int64], seed: int) -> Sampler:
    """Build a sampler from ``{"name": ..., option: value, ...}``.

    Raises:
        UsageError: unknown name or option.
        IncompatibleError: there are too few walks or people for one batch.
    """
    sampler_type: type[Sampler]
    sampler_type, config = read_choice(SAMPLERS, choice, "sampler")
    return sampler_type(config, labels, seed)

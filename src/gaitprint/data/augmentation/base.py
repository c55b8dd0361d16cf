"""What every augmentation is: a batch of model inputs in, a changed one of the same shape out, on its device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor

from gaitprint.core.choices import read_choice
from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.registry import Registry
from gaitprint.data.augmentation import AUGMENTATIONS


@config_dataclass
class AugmentationConfig:
    """Options of every augmentation.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.

    Raises:
        UsageError: a value outside its limits.
    """

    probability: float = 0.5

    def __post_init__(self) -> None:
        self._check_value("probability", 0.0, 1.0)

    def _check_value(self, name: str, lowest: float, highest: float) -> None:
        value = getattr(self, name)
        if not lowest <= value <= highest:
            raise UsageError(f"augment.{name} is {value}, must be in {lowest:g}..{highest:g}")

    def _check_range(self, name: str, above: float, highest: float) -> None:
        low, high = getattr(self, name)
        if not above < low <= high <= highest:
            raise UsageError(f"augment.{name} is {low}, {high}; must be {above:g} < lowest <= highest <= {highest:g}")


ConfigT = TypeVar("ConfigT", bound=AugmentationConfig)


class Configured(ABC, Generic[ConfigT]):
    """What augmentations of walks and of pictures have in common.

    Everything random comes from torch's generator of the batch's device, which the training seeds anew for each step,
    and is drawn for each walk or picture by itself.

    Args:
        config: an instance of `Config`.

    Attributes:
        Config: the `config_dataclass` with the options, an `AugmentationConfig`.
    """

    Config: ClassVar[type]

    def __init__(self, config: ConfigT) -> None:
        self.config = config


class Augmentation(Configured[ConfigT]):
    """Base of all augmentations of walks.

    Attributes:
        modality: of the inputs it changes: ``silhouettes`` or ``joints``.
    """

    modality: ClassVar[str]

    @abstractmethod
    def __call__(self, batch: Tensor) -> Tensor:
        """Change a batch.

        Args:
            batch: what `ModelInput.finish` gives; it is not changed itself. Silhouettes: float32 [B, T, 1, H, W] or
                [B, 1, H, W] (gait energy images) in [-1, 1], -1 is background. Joints: float32 [B, T, J, A + 1],
                positions and confidence; what has confidence 0 was not seen.

        Returns:
            the same shape and range.
        """


def build_augmentations(choices: Sequence[Mapping[str, Any]]) -> Callable[[Tensor], Tensor]:
    """Build the chain of augmentations that a recipe lists, each ``{"name": ..., option: value, ...}``.

    Raises:
        UsageError: unknown name or option.
    """
    chain: list[Augmentation[Any]] = build_each(AUGMENTATIONS, choices)

    def augment(batch: Tensor) -> Tensor:
        for augmentation in chain:
            batch = augmentation(batch)
        return batch

    return augment


def build_each(table: Registry, choices: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Build the augmentations that a recipe lists, in its order; errors as `build_augmentations`."""
    read = (read_choice(table, choice, "augment") for choice in choices)
    return [augmentation_type(config) for augmentation_type, config in read]


def between(drawn: Tensor, limits: tuple[float, float]) -> Tensor:
    """Stretch numbers in 0..1 to `limits`."""
    return limits[0] + (limits[1] - limits[0]) * drawn


def around_zero(drawn: Tensor, limit: float) -> Tensor:
    """Stretch numbers in 0..1 to -limit..limit."""
    return between(drawn, (-limit, limit))

"""What is read from every TensorFlow checkpoint: which variables serve training alone, values, names in messages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.errors import IncompatibleError

_PATTERNS = {
    re.compile(r"(.*/)?global_step"): "counts training steps",
    re.compile(r"OptimizeLoss/.*"): "state of the optimiser",
    re.compile(r".*/(RMSProp|Momentum|Adam|Adagrad)(_\d+)?"): "state of the optimiser",
    re.compile(r"beta[12]_power"): "state of the optimiser",
}


def training_variables(names: Iterable[str]) -> dict[str, str]:
    """Return which of these variables no trained network needs, each with the reason.

    >>> training_variables(["global_step", "GaitNN/FullyConnected/fully_connected/weights"])
    {'global_step': 'counts training steps'}
    """
    return {name: why for name in names for pattern, why in _PATTERNS.items() if pattern.fullmatch(name)}


def tensor_of(name: str, values: NDArray[Any], shape: tuple[int, ...], network: str) -> Tensor:
    """Return the values of a variable as a float32 tensor.

    Args:
        name: of the variable.
        values: as the checkpoint has them.
        shape: that the network's variable has.
        network: as messages call it.

    Raises:
        IncompatibleError: another shape, or values that are not finite in float32.
    """
    if values.shape != shape:
        raise IncompatibleError(f"variable '{name}' is {list(values.shape)}, {network}'s is {list(shape)}")
    with np.errstate(over="ignore"):
        tensor = torch.tensor(np.ascontiguousarray(values, np.float32))
    if not tensor.isfinite().all():
        raise IncompatibleError(f"variable '{name}' has values that are not finite")
    return tensor


def some_names(names: Collection[str]) -> str:
    """Name a few of many.

    >>> some_names(["a", "b", "c", "d", "e", "f"])
    "'a', 'b', 'c', 'd' and 2 more"
    """
    shown = ", ".join(f"'{name}'" for name in sorted(names)[:4])
    return shown + (f" and {len(names) - 4} more" if len(names) > 4 else "")

"""Which variables of a TensorFlow checkpoint serve training alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

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

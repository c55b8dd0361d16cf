import math

import pytest
import torch

from gaitprint.models.temporal_encoding import temporal_encoding


def test_temporal_encoding_follows_its_formula() -> None:
    encoding = temporal_encoding(7, 6, torch.device("cpu"))
    for time in range(7):
        for pair in range(3):
            angle = time / 10_000 ** (2 * pair / 6)
            assert encoding[time, 2 * pair] == pytest.approx(math.sin(angle), abs=1e-6)
            assert encoding[time, 2 * pair + 1] == pytest.approx(math.cos(angle), abs=1e-6)

"""Options that say nothing under a protocol are refused before anything is compared."""

import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import UsageError
from gaitprint.evaluation.evaluate import evaluate_embeddings

NOBODY = EmbeddingSet(np.zeros((0, 1, 2), np.float32), *[np.zeros(0, np.str_)] * 3)


@pytest.mark.parametrize(
    ("protocol", "options", "message"),
    [
        ("verification", {"svm": True}, "'verification' compares pairs; a support vector machine needs a gallery"),
        ("verification", {"remove_unmatched": True}, "'verification' compares pairs; no gallery could lack"),
        ("verification", {"sample_pairs": 0}, "0 sampled pairs; give at least 1"),
        ("verification", {"sample_pairs": -1}, "-1 sampled pairs; give at least 1"),
        ("casia-b", {"sample_pairs": 10}, "'casia-b' searches a gallery; a sample of pairs is for verification"),
    ],
)
def test_options_that_say_nothing(protocol: str, options: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        evaluate_embeddings(NOBODY, protocol, **options)

"""Naming people with a linear support vector machine that learns the gallery.

The identification vectors of GaitNN were published with this classifier: a network that was trained on some people
gives vectors of others that a hyperplane tells apart. Unlike the nearest neighbour it needs several walks a person,
and is trained anew whenever somebody is enrolled.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import Metric
from gaitprint.core.errors import IncompatibleError
from gaitprint.core.score_normalisation import unit_parts


def linear_svm(
    gallery: NDArray[np.float32], subject: NDArray[np.int64], probes: NDArray[np.float32], metric: Metric
) -> NDArray[np.int64]:
    """Name probes with a linear support vector machine, one person against the rest, learnt from the gallery.

    Args:
        gallery: float32 [G, P, D], walks of known people.
        subject: int64 [G], whose walks they are.
        probes: float32 [N, P, D].
        metric: how the model's embeddings are compared; vectors that are compared by cosine are made of length 1
            first. Every dimension is then scaled to mean 0 and deviation 1 in the gallery.

    Returns:
        int64 [N], one of `subject` for each probe.

    Raises:
        IncompatibleError: a gallery of fewer than two people.
    """
    # A second to import, and only needed where it is asked for.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    if len(np.unique(subject)) < 2:
        raise IncompatibleError("a support vector machine needs at least two people in the gallery")
    classifier = make_pipeline(StandardScaler(), LinearSVC(random_state=0))
    with warnings.catch_warnings():
        # Vectors that are not separable stop at the limit of iterations; the hyperplanes found by then are used.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(_flat(gallery, metric), subject)
    named: NDArray[np.int64] = classifier.predict(_flat(probes, metric))
    return named


def _flat(embeddings: NDArray[np.float32], metric: Metric) -> NDArray[np.float32]:
    """One vector a walk: [N, P, D] -> [N, P * D]."""
    if metric == "normalised-cosine":
        embeddings = embeddings[..., :-2]  # without mean and deviation of the cosines with strangers
    if metric != "euclidean":
        embeddings = unit_parts(embeddings)
    return embeddings.reshape(len(embeddings), -1)

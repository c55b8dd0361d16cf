"""How alike strangers look to a model: what a cosine has to be compared with.

A walk that is like everybody's reaches high cosines with strangers, an unusual one does not; the same cosine means
more for the second. So a cosine is expressed in standard deviations above the mean of the cosines that the walk reaches
with strangers, once for either of the two walks, and both are averaged: the symmetric score normalisation (S-norm) of
speaker verification (Kenny, "Bayesian speaker verification with heavy-tailed priors", Odyssey 2010). The strangers are
described by the mean m and covariance S of their embeddings, which give the mean e m and variance e S e of their
cosines with any embedding e in closed form: nobody's own embedding has to be kept or shipped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError

# Least deviation of cosines with strangers that is believed; fewer digits than that are noise.
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True, eq=False)
class Strangers:
    """Embeddings of people whom a model will not be asked about, as a distribution.

    Args:
        mean: float32 [P, D].
        covariance: float32 [P, D, D].
    """

    mean: NDArray[np.float32]
    covariance: NDArray[np.float32]

    @classmethod
    def of(cls, embeddings: NDArray[np.float32], subjects: NDArray[np.str_]) -> Strangers:
        """Describe a set of walks, in which everybody has the same weight however many walks there are of them.

        Args:
            embeddings: float32 [N, P, D], made of length 1 here.
            subjects: str [N].

        Raises:
            IncompatibleError: walks of fewer than 2 people.
        """
        _, person, walks = np.unique(subjects, return_inverse=True, return_counts=True)
        if len(walks) < 2:
            raise IncompatibleError(
                f"walks of {len(walks)} people do not tell how alike strangers are; need at least 2"
            )
        weights = 1.0 / (len(walks) * walks[person])
        units = unit_parts(embeddings).astype(np.float64)
        mean = np.einsum("n,npd->pd", weights, units)
        apart = units - mean
        covariance = np.einsum("n,npd,npe->pde", weights, apart, apart)
        return cls(mean.astype(np.float32), covariance.astype(np.float32))

    def annotate(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return embeddings for the metric ``normalised-cosine``.

        Args:
            embeddings: float32 [N, P, D].

        Returns:
            float32 [N, P, D + 2]: every part made of length 1, then mean and standard deviation of its cosines with
            strangers.
        """
        units = unit_parts(embeddings)
        mean = np.einsum("npd,pd->np", units, self.mean)
        variance = np.einsum("npd,pde,npe->np", units, self.covariance, units, optimize=True)
        deviation = np.sqrt(np.maximum(variance, _LEAST_DEVIATION**2))
        return np.concatenate([units, mean[..., None], deviation[..., None]], axis=-1).astype(np.float32)


def unit_parts(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale every part of [N, P, D] to length 1; zero stays zero."""
    norms = np.linalg.norm(embeddings, axis=-1, keepdims=True)
    units: NDArray[np.float32] = np.divide(embeddings, norms, out=np.zeros_like(embeddings), where=norms > 0)
    return units

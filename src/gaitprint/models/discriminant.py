"""Linear discriminant: what tells people apart, with what varies between the walks of one person taken out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaitprint.core.errors import IncompatibleError


class Discriminant(nn.Module):
    """Measurements of a walk -> coordinates in which the walks of one person vary equally in all directions.

    Fisher's discriminant with a shrunk covariance within people (Friedman, "Regularized discriminant analysis", JASA
    1989; the same within-class normalisation as in speaker verification), in closed form.

    Args:
        measurements: F.
        dimensions: K, the directions kept: those in which people differ most.
        shrinkage: share of the identity in the covariance within people, in 0..1.
    """

    mean: Tensor
    scale: Tensor
    projection: Tensor

    def __init__(self, measurements: int, dimensions: int, shrinkage: float) -> None:
        super().__init__()
        self.dimensions = min(dimensions, measurements)
        self.shrinkage = shrinkage
        self.register_buffer("mean", torch.zeros(measurements))
        self.register_buffer("scale", torch.ones(measurements))
        self.register_buffer("projection", torch.eye(measurements, self.dimensions))

    def forward(self, values: Tensor) -> Tensor:
        """[B, F] -> [B, K]; a measurement that is NaN counts as the mean of the training walks."""
        standard = ((values - self.mean) / self.scale).nan_to_num(0.0)
        return standard @ self.projection

    def fit(self, values: Tensor, labels: Tensor) -> None:
        """Set the weights.

        Args:
            values: [N, F], NaN for what a walk does not show.
            labels: int64 [N] in 0..S - 1.

        Raises:
            IncompatibleError: fewer than 2 people, or nobody with 2 walks.
        """
        people, member, counts = torch.unique(labels, return_inverse=True, return_counts=True)
        if len(people) < 2 or counts.max() < 2:
            raise IncompatibleError(
                f"{len(labels)} walks of {len(people)} people: a discriminant needs 2 people, and 2 walks of somebody"
            )
        values = values.double()
        known = ~values.isnan()
        mean = values.nanmean(dim=0).nan_to_num(0.0)
        filled = torch.where(known, values - mean, 0.0)
        scale = filled.square().mean(dim=0).sqrt()
        scale = torch.where(scale > 1e-9, scale, 1.0)  # what never varies is 0 and tells nothing
        standard = filled / scale

        sums = torch.zeros(len(people), standard.shape[1], dtype=standard.dtype, device=standard.device)
        person_means = sums.index_add_(0, member, standard) / counts[:, None]  # [S, F]
        apart = standard - person_means[member]
        within = apart.T @ apart / max(len(labels) - len(people), 1)
        size = len(within)
        identity = torch.eye(size, dtype=within.dtype, device=within.device)
        within = (1 - self.shrinkage) * within + (self.shrinkage * within.trace() / size + 1e-9) * identity
        variances, directions = torch.linalg.eigh(within)
        whiten = directions / variances.sqrt()
        differing = torch.linalg.svd((person_means - person_means.mean(dim=0)) @ whiten, full_matrices=False).Vh
        kept = min(self.dimensions, len(people) - 1, len(differing))
        projection = torch.zeros_like(self.projection, dtype=torch.float64)
        projection[:, :kept] = whiten @ _with_fixed_sign(differing[:kept]).T
        for name, value in (("mean", mean), ("scale", scale), ("projection", projection)):
            getattr(self, name).copy_(value)


def _with_fixed_sign(directions: Tensor) -> Tensor:
    """Turn every row so that its largest entry is positive: an eigenvector's sign is the solver's whim."""
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    return directions * largest.sign()

import numpy as np
import torch

from gaitprint.models.masked_statistics import masked_mean_and_deviation, masked_quantiles


def test_agrees_with_numpy_on_what_was_seen() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 17, 4))
    seen = rng.random((3, 17, 4)) < 0.6
    hidden = np.where(seen, values, np.nan)
    arguments = torch.from_numpy(np.where(seen, values, 1e9)), torch.from_numpy(seen)
    mean, deviation = masked_mean_and_deviation(*arguments)
    np.testing.assert_allclose(mean, np.nanmean(hidden, axis=1))
    np.testing.assert_allclose(deviation, np.nanstd(hidden, axis=1))
    quantiles = (0.0, 0.2, 0.5, 0.8, 1.0)
    for quantile, result in zip(quantiles, masked_quantiles(*arguments, quantiles), strict=True):
        np.testing.assert_allclose(result, np.nanquantile(hidden, quantile, axis=1))


def test_what_was_never_seen_is_nan() -> None:
    values, seen = torch.ones(1, 3, 2), torch.tensor([[[True, False]] * 3])
    (median,) = masked_quantiles(values, seen, (0.5,))
    mean, deviation = masked_mean_and_deviation(values, seen)
    for result, expected in ((median, 1.0), (mean, 1.0), (deviation, 0.0)):
        assert result[0, 0] == expected
        assert result[0, 1].isnan()

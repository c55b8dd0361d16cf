import pytest
import torch

from gaitprint.losses.center import Center


@pytest.mark.parametrize(("seed", "parts"), [(0, 1), (1, 2), (2, 5)])
def test_agrees_with_brute_force(seed: int, parts: int) -> None:
    torch.manual_seed(seed)
    loss = Center(4, (parts, 3)).double()
    values, labels = torch.randn(6, parts, 3, dtype=torch.float64), torch.tensor([2, 0, 0, 2, 2, 3])
    total = 0.0
    for walk in range(6):
        for part in range(parts):
            center = loss.centers[part, labels[walk]].tolist()
            offsets = [a - b for a, b in zip(values[walk, part].tolist(), center, strict=True)]
            total += sum(offset**2 for offset in offsets) / 2
    assert loss(values, labels).item() == pytest.approx(total / 6 / parts, rel=1e-9)


def test_descent_moves_centers_to_the_mean_of_their_walks_and_leaves_others_alone() -> None:
    torch.manual_seed(0)
    loss, values, labels = Center(3, (2, 4)), torch.randn(5, 2, 4), torch.tensor([0, 2, 2, 0, 2])
    before = loss.centers.detach().clone()
    optimizer = torch.optim.SGD(loss.parameters(), lr=2.0)
    for _ in range(100):
        optimizer.zero_grad()
        loss(values, labels).backward()
        optimizer.step()
    torch.testing.assert_close(loss.centers[:, 0], values[[0, 3]].mean(dim=0))
    torch.testing.assert_close(loss.centers[:, 2], values[[1, 2, 4]].mean(dim=0))
    assert torch.equal(loss.centers[:, 1], before[:, 1])

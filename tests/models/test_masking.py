import pytest
import torch

from gaitprint.core.config import from_mapping
from gaitprint.core.errors import UsageError
from gaitprint.models.masking import Masking, sample_hidden

SHAPE = torch.Size([200, 16, 1, 32, 24])
CPU = torch.device("cpu")


def _draw(masking: Masking, seed: int = 0, shape: torch.Size = SHAPE) -> torch.Tensor:
    return sample_hidden(shape, masking, CPU, torch.Generator().manual_seed(seed))


def test_every_clip_is_drawn_by_itself_and_by_the_seed() -> None:
    hidden = _draw(Masking())
    assert hidden.shape == SHAPE
    assert hidden.dtype == torch.bool
    assert torch.equal(hidden, _draw(Masking()))
    assert len(hidden.flatten(1).unique(dim=0)) == len(hidden)


def test_whole_frames_come_in_runs_within_the_share_and_one_stays() -> None:
    masking = Masking(frames=0.3, longest_run=4, blocks=0)
    hidden = _draw(masking)[:, :, 0]
    whole = hidden.flatten(2).all(dim=2)  # [B, T]
    assert torch.equal(whole, hidden.flatten(2).any(dim=2))
    counts = whole.sum(dim=1)
    assert counts.max() <= round(0.3 * 16)
    assert 0.12 < counts.float().mean() / 16 <= 0.3
    assert not _draw(Masking(frames=1.0, longest_run=16, blocks=0))[:, :, 0, 0, 0].all(dim=1).any()
    # Hiding frames one by one would leave two frames in a row to chance; runs make them common.
    neighbours = (whole[:, 1:] & whole[:, :-1]).sum() / whole.sum()
    assert neighbours > 0.3


def test_blocks_are_boxes_of_the_given_sizes() -> None:
    ranges = {"block_frames": (0.25, 0.5), "block_height": (0.25, 0.5), "block_width": (0.5, 0.5)}
    hidden = _draw(Masking(frames=0.0, blocks=1, **ranges))[:, :, 0]
    for clip in hidden:
        where = clip.nonzero()
        low, high = where.amin(dim=0), where.amax(dim=0) + 1
        size = high - low
        assert clip.sum() == size.prod(), "the box is not full"
        assert 4 <= size[0] <= 8
        assert 8 <= size[1] <= 16
        assert size[2] == 12
    # Places differ over the whole frame: every row, column and time is hidden in some clip, and no pixel in all.
    assert hidden.any(dim=(0, 1, 3)).all()
    assert hidden.any(dim=(0, 1, 2)).all()
    assert hidden.any(dim=(0, 2, 3)).all()
    assert not hidden.all(dim=0).any()


def test_boxes_add_to_whole_frames() -> None:
    both = _draw(Masking(frames=0.25, blocks=2))
    frames_alone = _draw(Masking(frames=0.25, blocks=0))
    assert both.sum() > frames_alone.sum()


def test_share_of_clips() -> None:
    touched = _draw(Masking(clips=0.25)).flatten(1).any(dim=1).float().mean()
    assert 0.15 < touched < 0.35


def test_nothing_to_hide() -> None:
    assert not _draw(Masking(frames=0.0, blocks=0)).any()
    assert not _draw(Masking(blocks=0), shape=torch.Size([3, 1, 1, 8, 8])).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clips": 0.0}, r"model\.masking\.clips is 0.0"),
        ({"frames": 1.5}, r"model\.masking\.frames is 1.5"),
        ({"block_width": [0.5, 0.2]}, r"block_width is 0.5, 0.2"),
        ({"block_height": [0.0, 0.2]}, r"block_height is 0.0"),
        ({"longest_run": 0}, "longest_run"),
        ({"blocks": -1}, "blocks"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_mapping(Masking, options, "model.masking")

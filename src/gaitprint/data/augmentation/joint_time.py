"""What the augmentations of time share: walks looked at at other moments than those of their frames."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from gaitprint.data.augmentation.base import ConfigT
from gaitprint.data.augmentation.joint_augmentation import JointAugmentation

# Moments as near as this to a frame, in frames, are that frame; single precision is off by less.
_SAME = 1e-3


class TimeAugmentation(JointAugmentation[ConfigT]):
    """Base of the augmentations that move frames in time."""

    @abstractmethod
    def moments(self, lengths: Tensor, time: Tensor) -> Tensor:
        """Return what each frame of the result shows.

        Args:
            lengths: float32 [B, 1], frames of each walk without the padding at its end.
            time: float32 [T], 0..T-1.

        Returns:
            float32 [B, T], moments in frames of the walk as it is; outside 0..length-1 is nothing to be seen.
        """

    def change(self, walks: Tensor) -> Tensor:
        """See `JointAugmentation.change`."""
        time = torch.arange(walks.shape[1], device=walks.device, dtype=torch.float32)
        any_seen = (walks[..., -1] > 0).any(dim=2)
        lengths = torch.where(any_seen, time + 1, 0.0).amax(dim=1, keepdim=True)
        moments = self.moments(lengths, time)
        # What was padding stays padding, whatever the moment.
        return frames_at(walks, torch.where(time < lengths, moments, -1.0), lengths)


def frames_at(walks: Tensor, moments: Tensor, lengths: Tensor) -> Tensor:
    """Interpolate walks linearly in time.

    Args:
        walks: float [B, T, J, A + 1].
        moments: float32 [B, T'], in frames.
        lengths: float32 [B, 1], frames that each walk has.

    Returns:
        float [B, T', J, A + 1]; unseen where a moment lies outside the walk, and where one of its two neighbours was.
    """
    whole = moments.round()
    moments = torch.where((moments - whole).abs() < _SAME, whole, moments)
    inside = (moments >= 0) & (moments <= lengths - 1)
    last = walks.shape[1] - 1
    before = moments.floor().clamp(0, last)
    share = torch.where(inside, moments - before, 0.0).to(walks.dtype)[..., None, None]  # [B, T', 1, 1]
    walk = torch.arange(len(walks), device=walks.device).unsqueeze(1)
    earlier = walks[walk, before.long()]  # [B, T', J, A + 1]
    later = walks[walk, (before + 1).clamp(max=last).long()]
    seen = inside[..., None, None] & (earlier[..., -1:] > 0) & ((later[..., -1:] > 0) | (share == 0))
    return torch.where(seen, torch.where(share == 0, earlier, earlier + share * (later - earlier)), 0.0)

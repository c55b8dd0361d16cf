"""How well a model fills in what is hidden of walks, beside what copying from visible frames gives."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.progress import track
from gaitprint.core.reconstruction import Reconstruction
from gaitprint.data.store import Store
from gaitprint.evaluation.copying import BASELINES
from gaitprint.evaluation.embed import Embedder
from gaitprint.models.gaitbert import GaitBert
from gaitprint.models.masking import Masking, sample_hidden

# What is compared, the model first.
METHODS = ("model", *BASELINES)
# Where: all hidden pixels; those of frames that are hidden as a whole; those of all other frames.
REGIONS = ("hidden", "frames", "blocks")


@dataclass(frozen=True)
class RegionResult:
    """Overlap of predicted and true silhouettes in one kind of hidden pixels.

    Args:
        name: ``hidden``, ``frames`` or ``blocks``.
        clips: clips that count.
        left_out: clips that do not, for any method: in the truth, none of these pixels belongs to the person.
        iou: method -> intersection over union, in 0..1, the mean over the clips; None without any.
    """

    name: str
    clips: int
    left_out: int
    iou: dict[str, float | None]


@dataclass(frozen=True)
class GroupResult:
    """Figures of a group of walks.

    Args:
        name: ``all``, or what the conditions' names have before the hyphen: ``nm``, ``bg``, ``cl``.
        clips: walks in it; each gives one clip.
        hidden_share: share of the pixels that were hidden, the mean over the clips.
        regions: in the order of `REGIONS`.
    """

    name: str
    clips: int
    hidden_share: float
    regions: tuple[RegionResult, ...]


@dataclass(frozen=True)
class ReconstructionResult:
    """Everything that was measured.

    Args:
        subjects: how many people.
        clips: how many walks, each giving one clip.
        frames: of the longest clip.
        seed: of what was hidden.
        groups: ``all``, then each condition.
    """

    subjects: int
    clips: int
    frames: int
    seed: int
    groups: tuple[GroupResult, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what ``reconstruction.json`` holds, but for the model and the data; headline figures at the top."""
        everything = self.groups[0]
        iou = dict(everything.regions[0].iou)
        top = {name: getattr(self, name) for name in ("subjects", "clips", "frames", "seed")}
        top |= {"hidden_share": everything.hidden_share, "iou": iou.pop("model"), "baselines": iou}
        return top | {"groups": [dataclasses.asdict(group) for group in self.groups]}


@dataclass(frozen=True, eq=False)
class ReconstructedClip:
    """One walk's clip to look at.

    Args:
        walk: its id.
        seconds: float64 [T], when each frame was taken, from the start of the walk.
        truth: float32 [T, H, W] in 0..1.
        hidden: bool [T, H, W].
        probability: float32 [T, H, W] in 0..1, of the model.
        iou: method -> intersection over union in the hidden pixels; None where the truth shows nobody there.
    """

    walk: str
    seconds: NDArray[np.float64]
    truth: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    probability: NDArray[np.float32]
    iou: dict[str, float | None]


def measure_reconstruction(
    embedder: Embedder, store: Store, positions: Sequence[int], *, seed: int = 0, batch_size: int = 16
) -> ReconstructionResult:
    """Hide parts of walks, let the model fill them in, and compare with the truth in the hidden pixels alone.

    A pixel belongs to the person from one half on, of the truth as of the probability. Every method is measured on
    the same hidden pixels of the same clips.

    Args:
        embedder: a GaitBERT with its decoder; its own masking says how much is hidden, in every clip.
        store: the walks.
        positions: of the walks in the store, at least one.
        seed: of what is hidden.
        batch_size: clips that are computed together; changes nothing but time and memory.

    Raises:
        UsageError: another kind of model, one without a decoder, or one whose masking hides nothing.
        IncompatibleError: walks that the model cannot take, or none.
    """
    if not positions:
        raise IncompatibleError(f"{store.path}: no walk to reconstruct")
    row_of = {position: row for row, position in enumerate(positions)}
    intersection, union = (np.zeros((len(positions), len(METHODS), len(REGIONS)), np.int64) for _ in range(2))
    shown, hidden_share = np.zeros((len(positions), len(REGIONS)), np.bool_), np.zeros(len(positions))
    longest = 0
    with torch.inference_mode():
        for chosen, _, batch in reconstruct_walks(embedder, store, positions, seed=seed, batch_size=batch_size):
            rows = [row_of[position] for position in chosen]
            intersection[rows], union[rows], shown[rows] = overlaps(batch)
            hidden_share[rows] = batch.hidden.flatten(1).float().mean(dim=1).cpu().numpy()
            longest = max(longest, batch.truth.shape[1])

    infos = [store.infos[position] for position in positions]
    group_of = np.array([condition_group(info.condition) for info in infos])
    members = [("all", np.ones(len(infos), np.bool_)), *((name, group_of == name) for name in ordered_groups(group_of))]
    groups = (
        GroupResult(
            name,
            int(member.sum()),
            float(hidden_share[member].mean()),
            tuple(
                _region(REGIONS[n], intersection[member, :, n], union[member, :, n], shown[member, n])
                for n in range(len(REGIONS))
            ),
        )
        for name, member in members
    )
    return ReconstructionResult(len({info.subject for info in infos}), len(infos), longest, seed, tuple(groups))


def reconstruct_clips(
    embedder: Embedder, store: Store, positions: Sequence[int], *, seed: int = 0
) -> list[ReconstructedClip]:
    """Reconstruct a few walks to look at, hidden as `measure_reconstruction` hides them with this seed.

    Returns:
        the clips, in the order of `positions`.

    Raises:
        UsageError, IncompatibleError: as `measure_reconstruction`.
    """
    clips: dict[int, ReconstructedClip] = {}
    with torch.inference_mode():
        for chosen, frames, batch in reconstruct_walks(embedder, store, positions, seed=seed):
            intersection, union, shown = overlaps(batch)
            iou = intersection[:, :, 0] / np.maximum(union[:, :, 0], 1)  # [B, methods]
            parts = (batch.truth, batch.hidden, batch.logits.float().sigmoid())
            truth, hidden, probability = (part[:, :, 0].cpu().numpy() for part in parts)
            for row, position in enumerate(chosen):
                clips[position] = ReconstructedClip(
                    store.infos[position].id,
                    frames[row] / store.infos[position].frame_rate_hz,
                    truth[row],
                    hidden[row],
                    probability[row],
                    {name: float(iou[row, n]) if shown[row, 0] else None for n, name in enumerate(METHODS)},
                )
    return [clips[position] for position in positions]


def reconstruct_walks(
    embedder: Embedder, store: Store, positions: Sequence[int], *, seed: int = 0, batch_size: int = 16
) -> Iterator[tuple[list[int], NDArray[np.int64], Reconstruction]]:
    """Yield walks with what the model makes of their hidden parts, in batches of clips of one length.

    Of the clips that a walk gives in evaluation, the middle one is taken.
    A walk with too few frames for a clip gives the frames it has, none of them twice: what is hidden in one place
    must not be visible in a copy. So the walks come ordered by the length of their clips.

    Yields:
        positions of B walks, their frames int64 [B, T], and the `Reconstruction` [B, T, 1, H, W], on the model's
        device.

    Raises:
        UsageError, IncompatibleError: as `measure_reconstruction`.
    """
    model, masking = filling_model(embedder)
    infos = [store.infos[position] for position in positions]
    embedder.input.check(infos)
    frames = embedder.input.choose_frames(np.array([info.num_frames for info in infos], np.int64), None)
    if frames is None:
        raise IncompatibleError(f"{embedder.name}: its input is no clip of silhouettes, there is nothing to fill in")
    clips = embedder.input.evaluation_clips
    frames = frames.reshape(len(infos), clips, -1)[:, clips // 2]  # [N, clips x T] -> [N, T]
    new = np.diff(frames, axis=1, prepend=-1) > 0  # [N, T], no copy of the frame before
    lengths = new.sum(axis=1)
    batches = [
        rows[start : start + batch_size]
        for rows in (np.flatnonzero(lengths == length) for length in np.unique(lengths))
        for start in range(0, len(rows), batch_size)
    ]
    for rows in track(batches, "reconstructing, in batches"):
        chosen, chosen_frames = [positions[row] for row in rows], frames[rows][new[rows]].reshape(len(rows), -1)
        batch = embedder.input.read_batch(store, np.array(chosen, np.int64), chosen_frames)
        inputs = embedder.input.finish(batch.to(embedder.device))
        hidden = hidden_parts([infos[row].id for row in rows], inputs.shape[1:], masking, seed)
        yield chosen, chosen_frames, model.reconstruct(inputs, hidden.to(embedder.device))


def filling_model(embedder: Embedder) -> tuple[GaitBert, Masking]:
    """Return the model as one that fills in, and its masking with something hidden in every clip.

    Raises:
        UsageError: another kind of model, one without a decoder, or one whose masking hides nothing.
    """
    model = embedder.model
    if not isinstance(model, GaitBert):
        raise UsageError(f"{embedder.name} fills in nothing: reconstruct takes a gaitbert model")
    if model.decoder is None:
        raise UsageError(f"this {embedder.name} has no decoder (model.decoder=false): it fills in nothing")
    if not model.masking.frames and not model.masking.blocks:
        raise UsageError(f"the masking of this {embedder.name} hides neither frames nor blocks: nothing to fill in")
    return model, dataclasses.replace(model.masking, clips=1.0)


def hidden_parts(walks: Sequence[str], shape: torch.Size | Sequence[int], masking: Masking, seed: int) -> Tensor:
    """Draw what is hidden of each walk, from the seed and the walk's id alone, on the CPU.

    Args:
        walks: ids of B walks.
        shape: (T, 1, H, W) of each.
        masking: how much, and in what shape.
        seed: another one hides other parts.

    Returns:
        bool [B, T, 1, H, W], True where hidden.
    """
    device = torch.device("cpu")
    parts = []
    for walk in walks:
        digest = hashlib.blake2b(f"{seed}/{walk}".encode(), digest_size=8).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
        parts.append(sample_hidden(torch.Size((1, *shape)), masking, device, generator))
    return torch.cat(parts)


def overlaps(batch: Reconstruction) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Count pixels in which predicted and true silhouettes agree.

    Returns:
        intersections and unions, int64 [B, methods, regions], in the order of `METHODS` and `REGIONS`, and bool
        [B, regions]: whether the truth shows any of the person there.
    """
    true = batch.truth >= 0.5
    whole = batch.hidden.flatten(2).all(dim=2)[:, :, None, None, None]  # [B, T, 1, 1, 1]
    # A probability of one half is a logit of zero.
    predicted = [batch.logits >= 0, *(copy(batch.truth, batch.hidden) >= 0.5 for copy in BASELINES.values())]
    parts = (batch.hidden & whole, batch.hidden & ~whole)
    intersection = _counts([[guess & true & part for part in parts] for guess in predicted])
    union = _counts([[(guess | true) & part for part in parts] for guess in predicted])
    shown = _counts([[true & part for part in parts]])[:, 0] > 0
    return intersection, union, shown


def _counts(masks: list[list[Tensor]]) -> NDArray[np.int64]:
    """Count pixels of masks [methods][2] of [B, T, 1, H, W] as [B, methods, 3]: the sum of both, then each."""
    count = torch.stack([torch.stack([mask.flatten(1).sum(dim=1) for mask in row], dim=1) for row in masks], dim=1)
    values: NDArray[np.int64] = torch.cat([count.sum(dim=2, keepdim=True), count], dim=2).cpu().numpy()
    return values


def _region(
    name: str, intersection: NDArray[np.int64], union: NDArray[np.int64], shown: NDArray[np.bool_]
) -> RegionResult:
    """Means over clips of counts [N, methods] where `shown` [N]."""
    iou = (intersection[shown] / np.maximum(union[shown], 1)).mean(axis=0) if shown.any() else [None] * len(METHODS)
    figures = {method: None if value is None else float(value) for method, value in zip(METHODS, iou, strict=True)}
    return RegionResult(name, int(shown.sum()), int((~shown).sum()), figures)


def condition_group(condition: str) -> str:
    """Return what stands before a condition's hyphen.

    >>> condition_group("nm-01"), condition_group("walk")
    ('nm', 'walk')
    """
    return condition.partition("-")[0]


def ordered_groups(names: Sequence[str] | NDArray[np.str_]) -> list[str]:
    """Return the different names: ``nm``, ``bg``, ``cl`` first, in this order, then the others in the alphabet's.

    >>> ordered_groups(["cl", "walk", "nm", "cl", "bag"])
    ['nm', 'cl', 'bag', 'walk']
    """
    usual = {"nm": 0, "bg": 1, "cl": 2}
    return sorted({str(name) for name in names}, key=lambda name: (usual.get(name, len(usual)), name))

"""Training of networks that find joints in pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.errors import IncompatibleError
from gaitprint.data.frames import to_model
from gaitprint.data.picture_stream import PictureStream
from gaitprint.data.pictures import Pictures, walks_with_joints_in_frames
from gaitprint.data.pose_augmentation.base import build_pose_augmentations
from gaitprint.data.sampling import build_sampler
from gaitprint.data.store import Store
from gaitprint.evaluation.pose_metrics import head_size, pckh
from gaitprint.losses.pose.weighted_sum import PoseLosses
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.weights import PoseCard, build_pose_network, load_pose_network
from gaitprint.models.weight_files import transfer_tensors
from gaitprint.training.objective import Objective, PoseObjective
from gaitprint.training.people import People, choose_people
from gaitprint.training.recipe import Recipe
from gaitprint.training.tasks.base import AnyTrainingCard, Start, Task

# Pictures that weights are judged on, at most, evenly spread over the walks held out: PCKh of 16 joints in so many is
# certain to a fraction of a percent, and frames of one walk are much alike.
_VALIDATION_PICTURES = 1000
_VALIDATION_BATCH = 32


class PoseTask(Task):
    """Find the joints of people in pictures; see `Task`. Walks without frames and joints in pixels take no part.

    Raises:
        UsageError: the store lacks the subjects, conditions or views.
        IncompatibleError: no walk has frames and joints in pixels.
    """

    validation_figure: ClassVar[str] = "validation_pckh"
    unit: ClassVar[str] = "pictures"
    card_type: ClassVar[type[AnyTrainingCard]] = PoseCard

    def __init__(self, recipe: Recipe, store: Store, process: int = 0, processes: int = 1) -> None:
        super().__init__(recipe, store, process, processes)
        seed = recipe.training.seed
        self.people = _with_pictures(store, choose_people(store, recipe.data, seed))
        # Few walks give several pictures of a batch each.
        repeats = -(-recipe.sampler.get("batch_size", 1) // len(self.people.positions))
        self.sampler = build_sampler(recipe.sampler, np.tile(self.people.labels, repeats), seed)
        self._check_shares()
        resolution = recipe.input["resolution"]
        readers = processes * max(1, recipe.data.workers)
        pictures = Pictures(store, self.people.positions, resolution, readers)
        self._stream = PictureStream(pictures, self.sampler, seed, process, processes)
        self._validation = Pictures(store, self.people.validation, resolution)
        self._augment = build_pose_augmentations(recipe.augment)

    def build(self, *, resumed: bool) -> tuple[Objective, Start]:
        """See `Task.build`."""
        network, start = build_pose_network(self.recipe.model), Start()
        initial_weights = self.recipe.training.initial_weights
        if initial_weights is not None and not resumed:
            source, card = load_pose_network(initial_weights)
            taken = transfer_tensors(network, source.state_dict(), Path(initial_weights), card.network["name"])
            seen = {*card.train_subjects, *card.validation_subjects}
            start = Start(card.weights_hash, tuple(sorted(seen)), taken)
        return PoseObjective(network, PoseLosses(self.recipe.loss, network.resolution), self.processes), start

    def start_of(self, card: AnyTrainingCard) -> Start:
        """See `Task.start_of`."""
        seen = set(card.train_subjects) - set(self.people.subjects)
        return Start(subjects=tuple(sorted(seen)))

    def batches(self, first: int, last: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield images uint8 [b, R, R, 3] and joints float32 [b, 16, 3]."""
        return self._stream.batches(first, last, self.recipe.data.workers)

    def prepare(self, batch: tuple[Tensor, Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
        """Return images float32 [b, 3, R, R] in -1..1 and joints float32 [b, 16, 3]; see `Task.prepare`."""
        images, joints = (part.to(device, non_blocking=True) for part in batch)
        return self._augment(to_model(images), joints)

    def validate(self, objective: Objective, device: torch.device) -> float:
        """Return PCKh@0.5 in 0..1 of the people held out.

        Raises:
            IncompatibleError: no head is annotated, by whose size errors are measured.
        """
        network = objective.model
        assert isinstance(network, PoseNetwork)
        found, true = [], []
        network.eval()
        with torch.inference_mode():
            for rows, frames in _spread(self._validation.lengths):
                images, joints = self._validation.read(rows, frames)
                positions = network.joint_positions(to_model(torch.from_numpy(images).to(device))).positions
                found.append(positions.cpu().numpy())
                true.append(joints)
        joints = np.concatenate(true)
        present = joints[..., 2] > 0
        heads = head_size(joints[..., :2], present)
        figure = pckh(np.concatenate(found), joints[..., :2], present, heads, threshold=0.5).mean
        if not np.isfinite(figure):
            raise IncompatibleError(
                "no picture of the validation people has head top and neck annotated; set data.validation_subjects=0"
            )
        return figure

    def card(self, objective: Objective, start: Start, metrics: Mapping[str, float], step: int) -> PoseCard:
        """See `Task.card`. Whoever weights that the training started from had seen was trained on, too."""
        return PoseCard(
            network=self.recipe.model,
            train_subjects=tuple(sorted({*self.people.subjects, *start.subjects})),
            validation_subjects=self.people.validation_subjects,
            data=self.store.content_hash(),
            metrics=dict(metrics),
            recipe=self.recipe.name,
            step=step,
        )


def _with_pictures(store: Store, people: People) -> People:
    """Leave out the walks of which there are no pictures with joints, and people without any other."""
    learnt = np.isin(people.positions, walks_with_joints_in_frames(store, people.positions))
    if not learnt.any():
        raise IncompatibleError(f"{store.path}: none of {len(learnt)} walks has frames and joints in pixels")
    validation = walks_with_joints_in_frames(store, people.validation)
    if len(people.validation) and not len(validation):
        raise IncompatibleError(f"{store.path}: no walk of the validation people has frames and joints in pixels")
    known, labels = np.unique(people.labels[learnt], return_inverse=True)
    return replace(
        people,
        subjects=tuple(people.subjects[label] for label in known),
        positions=people.positions[learnt],
        labels=labels.astype(np.int64),
        validation=validation,
    )


def _spread(lengths: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield rows and frames of pictures evenly spread over walks of these lengths, a batch at a time."""
    total = int(lengths.sum())
    count = min(total, _VALIDATION_PICTURES)
    places = (2 * np.arange(count) + 1) * total // (2 * count)
    ends = np.cumsum(lengths)
    for start in range(0, count, _VALIDATION_BATCH):
        chosen = places[start : start + _VALIDATION_BATCH]
        rows = np.searchsorted(ends, chosen, side="right")
        yield rows, chosen - (ends - lengths)[rows]

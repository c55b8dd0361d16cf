"""`ModelSet`: the models of a gallery, and which of them can embed which walk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gaitprint.core.choices import read_choice
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import Skeleton, get_skeleton, mapping
from gaitprint.data.inputs import INPUTS
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.gallery.template import ModelKey, check_metric, weights_hash_of


@dataclass(frozen=True)
class Need:
    """What of a walk a model looks at.

    Args:
        modality: ``silhouettes``, ``joints`` or ``frames``.
        skeleton: whose joints; None where no joints are looked at.
        axes: coordinates of the joints, 2 or 3; None with `skeleton`.
    """

    modality: str
    skeleton: Skeleton | None = None
    axes: int | None = None

    @classmethod
    def of_card(cls, card: Mapping[str, Any]) -> Need:
        """Read what the ``input`` of a model's card says; errors as `core.choices.read_choice`."""
        input_type, options = read_choice(INPUTS, card["input"], "input", "representation")
        if input_type.modality != "joints":
            return cls(input_type.modality)
        return cls("joints", get_skeleton(options.skeleton), options.axes)

    def __str__(self) -> str:
        if self.skeleton is None:
            return self.modality
        return f"{self.axes}-D {self.modality} of {self.skeleton.name}"

    def is_met(self, walk: GaitSequence) -> bool:
        """Say whether a walk has it, or something that it can be derived from."""
        if self.modality not in walk.modalities:
            return False
        if self.skeleton is None or walk.joints is None or walk.skeleton is None:
            return True
        return walk.joints.shape[2] == self.axes and bool(mapping(walk.skeleton, self.skeleton)[1].all())


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model, and what it looks at.

    Args:
        embedder: the model.
        needs: one of each network in it, all of one modality.
        weights_hash: as `template.weights_hash_of`.
    """

    embedder: WalkEmbedder
    needs: tuple[Need, ...]
    weights_hash: str

    @classmethod
    def of(cls, model: WalkEmbedder) -> FittedModel:
        """Read a model's card.

        Raises:
            IncompatibleError: it does not say, or the model looks at several modalities; or it compares walks on the
                scale of a set.
        """
        check_metric(model.name, model.distance)
        card = model.card
        cards: list[Mapping[str, Any]] = list(card["members"].values()) if "members" in card else [card]
        needs = tuple(dict.fromkeys(Need.of_card(each) for each in cards if "input" in each))
        found = {need.modality for need in needs}
        if len(found) != 1:
            raise IncompatibleError(
                f"'{model.name}' has no card that says what of a walk it looks at; a gallery needs a model with weights"
                if not found
                else f"'{model.name}' looks at {' and '.join(sorted(found))}: a gallery needs one model for each"
            )
        return cls(model, needs, weights_hash_of(model))

    @property
    def name(self) -> str:
        """Of the model."""
        return self.embedder.name

    @property
    def modality(self) -> str:
        """What it looks at."""
        return self.needs[0].modality

    def takes(self, walk: GaitSequence) -> bool:
        """Say whether it can embed a walk of this kind."""
        return all(need.is_met(walk) for need in self.needs)

    def is_of(self, key: ModelKey) -> bool:
        """Say whether templates are of this model with these very weights."""
        return (self.name, self.weights_hash) == (key.name, key.weights_hash)


class ModelSet:
    """Models that look at walks side by side, each at the walks that it can embed.

    Args:
        models: any number.

    Raises:
        IncompatibleError: as `FittedModel.of`.
    """

    def __init__(self, models: Iterable[WalkEmbedder]) -> None:
        self._models = tuple(map(FittedModel.of, models))

    def __iter__(self) -> Iterator[FittedModel]:
        return iter(self._models)

    def for_walks(self, walks: Sequence[GaitSequence]) -> list[tuple[FittedModel, list[GaitSequence]]]:
        """Say which models embed which of some walks; models that embed none are left out.

        Raises:
            IncompatibleError: a walk that no model can embed.
            UsageError: a walk that two models look at in the same modality: their errors are not independent, so that
                their evidence cannot be added up.
        """
        fitting: dict[FittedModel, list[GaitSequence]] = {model: [] for model in self._models}
        for walk in walks:
            looking: dict[str, FittedModel] = {}
            for model in self._models:
                if not model.takes(walk):
                    continue
                if (other := looking.get(model.modality)) is not None:
                    raise UsageError(
                        f"{other.name} and {model.name} both look at {model.modality} of {walk.id}: their errors are "
                        "not independent, so that their evidence cannot be added up"
                    )
                looking[model.modality] = model
                fitting[model].append(walk)
            if not looking:
                wanted = "; ".join(f"{each.name} needs {' and '.join(map(str, each.needs))}" for each in self._models)
                raise IncompatibleError(f"{walk.id}: has {_described(walk)}; {wanted or 'there is no model'}")
        return [(model, found) for model, found in fitting.items() if found]

    def are_newer_than(self, key: ModelKey) -> bool:
        """Say whether a model has the name of a template's, but none has its very weights."""
        named = [model for model in self._models if model.name == key.name]
        return bool(named) and not any(model.is_of(key) for model in named)


def _described(walk: GaitSequence) -> str:
    """What a walk holds, as `Need` has it."""
    return " and ".join(
        str(Need("joints", walk.skeleton, walk.joints.shape[2]))
        if modality == "joints" and walk.joints is not None
        else modality
        for modality in walk.modalities
    )

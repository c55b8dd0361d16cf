"""Several models as one: their embeddings side by side, so that their distances are averaged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint import __version__
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UnreadableFileError
from gaitprint.core.files import write_json
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.evaluate import EvaluationMetric
from gaitprint.evaluation.walk_embedder import WalkEmbedder

FUSION_FILE = "fusion.json"


class FusedEmbedder(WalkEmbedder):
    """Models whose normalised cosines are averaged.

    Each member's cosines are in standard deviations above those of strangers (`core.score_normalisation`), which makes
    the scores of different models comparable without a weight for each: Jain, Nandakumar and Ross, "Score normalization
    in multimodal biometric systems", Pattern Recognition 2005. Every member has the same say, however many its parts.

    Args:
        members: by name; each compared by normalised cosine.
        name: what the fusion is called in tables.
        calibration: of the fused distances.

    Raises:
        IncompatibleError: fewer than two members, or one whose scores are not normalised.
    """

    def __init__(
        self, members: Mapping[str, WalkEmbedder], *, name: str, calibration: Calibration | None = None
    ) -> None:
        if len(members) < 2:
            raise IncompatibleError(f"{name}: a fusion needs at least 2 models, not {len(members)}")
        for label, member in members.items():
            if member.distance != "normalised-cosine":
                raise IncompatibleError(
                    f"{name}: {label} is compared by {member.distance}; models are fused by normalised scores "
                    "(training.normalise_scores=true)"
                )
        self.members = dict(members)
        self.name = name
        self.calibration = calibration

    @property
    def distance(self) -> EvaluationMetric:
        """See `WalkEmbedder.distance`."""
        return "normalised-cosine"

    @property
    def train_subjects(self) -> tuple[str, ...]:
        """Whom any member was trained on."""
        return tuple(sorted(set().union(*(member.train_subjects for member in self.members.values()))))

    @property
    def card(self) -> dict[str, Any]:
        """The members' cards; the weights' hash is one of theirs."""
        cards = {label: member.card for label, member in self.members.items()}
        hashes = "".join(card.get("weights_hash", "") + card.get("strangers_hash", "") for card in cards.values())
        return {
            "model": {"name": self.name},
            "members": cards,
            "weights_hash": hashlib.sha256(hashes.encode()).hexdigest(),
            "version": __version__,
        }

    @property
    def facts(self) -> dict[str, str | int]:
        """See `WalkEmbedder.facts`."""
        first = next(iter(self.members.values())).facts
        return {
            **first,
            "model": f"{self.name} ({' + '.join(self.members)})",
            "recipe": self.name,
            "train_subjects": len(self.train_subjects),
            "weights_hash": str(self.card["weights_hash"]),
        }

    def embed(self, sequences: Iterable[GaitSequence]) -> NDArray[np.float32]:
        """See `WalkEmbedder.embed`; the walks are kept in memory, since every member takes its turn."""
        walks = list(sequences)
        return side_by_side([member.embed(walks) for member in self.members.values()])

    def embed_store(self, store: Store, positions: Sequence[int] | NDArray[np.int64] | None = None) -> EmbeddingSet:
        """See `WalkEmbedder.embed_store`."""
        sets = [member.embed_store(store, positions) for member in self.members.values()]
        embeddings = side_by_side([one.embeddings for one in sets])
        return EmbeddingSet(embeddings, sets[0].subjects, sets[0].conditions, sets[0].views)


def side_by_side(embeddings: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Put annotated embeddings of several models into one.

    Args:
        embeddings: float32 [N, P, D + 2] for each model; P and D may differ.

    Returns:
        float32 [N, parts, largest D + 2]: each model's parts as often as gives all models the same number, filled up
        with zeros, which change no cosine, between the unit vector and what is known of strangers.
    """
    parts = int(np.lcm.reduce([each.shape[1] for each in embeddings]))
    width = max(each.shape[2] for each in embeddings)
    aligned = []
    for each in embeddings:
        gap = np.zeros((*each.shape[:2], width - each.shape[2]), np.float32)
        wide = np.concatenate([each[..., :-2], gap, each[..., -2:]], axis=-1)
        aligned.append(np.tile(wide, (1, parts // each.shape[1], 1)))
    return np.concatenate(aligned, axis=1)


def write_fusion(folder: Path, name: str, members: Sequence[str]) -> None:
    """Write which weights folders in `folder` are fused, and under which name."""
    write_json(folder / FUSION_FILE, {"name": name, "members": list(members)})


def read_fusion(folder: Path) -> tuple[str, tuple[Path, ...]]:
    """Return the name and the members' weights folders of a fusion.

    Raises:
        UnreadableFileError: the file is missing or damaged, or leads out of its folder.
    """
    path = folder / FUSION_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        name, members = str(values["name"]), [str(member) for member in values["members"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{path}: not the description of a fusion ({error})") from error
    for member in members:
        if Path(member).name != member or member in ("", ".", ".."):
            raise UnreadableFileError(f"{path}: member {member!r} is no folder beside it")
    return name, tuple(folder / member for member in members)

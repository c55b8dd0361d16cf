"""The table of what a leaderboard runs: data sets, and one line for each system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Modality = Literal["silhouettes", "skeletons", "frames"]


@dataclass(frozen=True)
class DataSet:
    """People on whom systems are trained and compared.

    Args:
        name: short, as on the command line.
        modality: what is seen of them.
        title: one line for the table.
        protocol: that the unseen people are measured under.
        validation: how many of the training people nobody learns from: the best weights, the best systems and the
            calibration of scores are chosen on them. The same people for every system and seed.
        overrides: ``key=value`` for every recipe.
    """

    name: str
    modality: Modality
    title: str
    protocol: str
    validation: int = 0
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class System:
    """One line of the leaderboard.

    Args:
        name: as tables quote it, and on the command line.
        data: names of the data sets that it is trained and measured on, each by itself.
        recipe: a shipped recipe, a fusion of other lines' recipes, or a model that needs no training.
        overrides: ``key=value`` for it.
        minutes: that one training takes on one core, roughly, with its first step.
        first_step: recipe of a pre-training whose weights the training starts from; it gets the overrides, too.
    """

    name: str
    data: tuple[str, ...]
    recipe: str
    overrides: tuple[str, ...] = ()
    minutes: float = 0.0
    first_step: str | None = None


# Short epochs: 55 people with 5 walks each are few batches.
_FEW_WALKS = "training.validate_every_epochs=10"

DATA_SETS = (
    DataSet("walkers", "silhouettes", "Synthetic walkers, silhouettes, 11 views", "casia-b"),
    DataSet("kinect", "skeletons", "Recorded people, skeletons of a Kinect", "first-walk", 12, (_FEW_WALKS,)),
    DataSet("rendered", "silhouettes", "The same recordings, rendered as silhouettes, 11 views", "first-walk", 12),
    DataSet("rgb", "frames", "Synthetic walkers, RGB frames, 2 views", "casia-b", 8),
    DataSet("filmed", "frames", "The recorded people, rendered as RGB frames, 2 views", "first-walk", 12),
)

_SILHOUETTES = ("walkers", "rendered")
_RGB = ("input.stride=1", "training.steps=656", "training.precision=bf16-mixed")

SYSTEMS = (
    System("cnn-gei", _SILHOUETTES, "cnn-gei", ("input.size=[64,44]",), minutes=4.5),
    System("cnn-gru", _SILHOUETTES, "cnn-gru-light", minutes=8),
    System("gait-base", _SILHOUETTES, "gait-base-light", minutes=20),
    System("gait-base-gei", _SILHOUETTES, "silhouettes", ("training.steps=2000",), minutes=5),
    System("gaitbert", _SILHOUETTES, "gaitbert-light", minutes=8.5),
    System(
        "gaitbert-pretrained", _SILHOUETTES, "gaitbert-light-finetune", minutes=7, first_step="gaitbert-light-pretrain"
    ),
    System("anthropometry", ("kinect",), "anthropometry"),
    System("gait-statistics", ("kinect",), "gait-statistics", minutes=0.5),
    System("gait-statistics-size-free", ("kinect",), "gait-statistics-size-free", minutes=0.5),
    System("resgcn", ("kinect",), "resgcn-light", minutes=9.5),
    System("skeleton-transformer", ("kinect",), "skeleton-transformer-light", minutes=9),
    System("skeleton", ("kinect",), "skeleton"),
    System("gait-nn-gru", ("rgb", "filmed"), "gait-nn-light", _RGB, minutes=8),
    System("gait-nn-lstm", ("rgb",), "gait-nn-light", ("model.recurrent_unit=LSTM", *_RGB), minutes=8),
)

# What a trial changes in every recipe.
QUICK_STEPS = 5
QUICK_BATCH_SUBJECTS = 4
QUICK_BATCH_WALKS = 16
QUICK_VALIDATION = 3

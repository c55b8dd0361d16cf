"""Pose networks go through the same loop as models that recognise people."""

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.resuming import check_resumes_to_the_same_bits

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.data.store import Store
from gaitprint.evaluation.pose import evaluate_pose
from gaitprint.models.pose.weights import load_pose_network
from gaitprint.training.cross_validation import cross_validate
from gaitprint.training.recipe import Recipe, load_recipe
from gaitprint.training.study import plan_study
from gaitprint.training.tasks import pose
from gaitprint.training.train import train

TINY = (
    *("model.channels=[4,4,8,8]", "model.blocks=[1,1,1]", "model.dropout=0", "training.precision=32-true"),
    *("sampler.batch_size=4", "training.steps_per_epoch=2", "training.epochs=3", "data.validation_subjects=2"),
    "training.validate_every_epochs=1",
)


def _recipe(*overrides: str) -> Recipe:
    return load_recipe("light-pose-nn", [*TINY, *overrides])


def test_leaves_a_run_folder_with_a_pose_card(dots: Store, tmp_path: Path) -> None:
    summary = train(_recipe(), dots, tmp_path / "run", device="cpu")
    assert (summary["steps"], summary["epochs"], summary["walks"], summary["subjects"]) == (6, 3, 8, 4)
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    scores = [float(row["validation_pckh"]) for row in rows]
    assert summary["best"]["epoch"] == 1 + scores.index(max(scores))
    assert summary["last"]["loss"] < float(rows[0]["loss"])
    assert (tmp_path / "run" / "history.png").exists()
    network, card = load_pose_network(tmp_path / "run")
    assert card.weights_hash == summary["best_weights_hash"]
    assert card.network == _recipe().model
    assert len(card.train_subjects) == 4
    assert len(card.validation_subjects) == 2
    assert not set(card.train_subjects) & set(card.validation_subjects)
    assert card.data == dots.content_hash()
    assert network.joint_positions(network.example_inputs(1)).positions.shape == (1, 16, 2)
    last = tmp_path / "run" / "last"
    assert hashlib.sha256((last / "model.safetensors").read_bytes()).hexdigest() == summary["weights_hash"]
    json.dumps(summary, allow_nan=False)


def test_resumes_to_the_same_bits(dots: Store, tmp_path: Path) -> None:
    recipe = _recipe("training.save_every_steps=1", "model.dropout=0.1", "optimizer=rmsprop")
    assert check_resumes_to_the_same_bits(recipe, dots, tmp_path) == 6


def test_workers_change_nothing(dots: Store, tmp_path: Path) -> None:
    here = train(_recipe(), dots, tmp_path / "here", device="cpu")
    there = train(_recipe("data.workers=2"), dots, tmp_path / "there", device="cpu")
    assert here["weights_hash"] == there["weights_hash"]


def test_learns_where_the_dots_are(dots: Store, tmp_path: Path) -> None:
    options = ("training.epochs=1", "training.steps_per_epoch=60", "sampler.batch_size=8", "augment=[]")
    options += ("model.channels=[8,16,16,16]", "optimizer.learning_rate=0.01", "schedule=constant")
    summary = train(_recipe(*options), dots, tmp_path / "run", device="cpu")
    assert summary["last"]["validation_pckh"] > 0.5


def test_starts_from_other_weights_and_remembers_whom_they_saw(dots: Store, tmp_path: Path) -> None:
    train(_recipe('data.subjects=["000","001","002"]', "data.validation_subjects=1"), dots, tmp_path / "first")
    before, _ = load_pose_network(tmp_path / "first")
    options = ['data.subjects=["003","004","005"]', "data.validation_subjects=0", "optimizer.learning_rate=1e-12"]
    options += [f"training.initial_weights={tmp_path / 'first'}", "training.epochs=1"]
    train(_recipe(*options), dots, tmp_path / "second")
    after, card = load_pose_network(tmp_path / "second")
    for name, parameter in before.named_parameters():
        torch.testing.assert_close(parameter, after.get_parameter(name), msg=name)
    assert card.train_subjects == tuple(f"{subject:03d}" for subject in range(6))
    train(_recipe(*options, "training.epochs=2"), dots, tmp_path / "second", resume=True)
    assert load_pose_network(tmp_path / "second")[1].train_subjects == card.train_subjects


def test_a_batch_may_be_larger_than_there_are_walks(dots: Store, tmp_path: Path) -> None:
    summary = train(
        _recipe("sampler.batch_size=20", "training.steps_per_epoch=null", "training.epochs=1"), dots, tmp_path
    )
    assert summary["steps"] == 1


def test_refuses_what_teaches_nothing(dots: Store, blobs: Store, tmp_path: Path) -> None:
    with pytest.raises(IncompatibleError, match="none of 24 walks has frames and joints in pixels"):
        train(_recipe("data.validation_subjects=0"), blobs, tmp_path / "a")
    train(_recipe("training.epochs=1"), dots, tmp_path / "run")
    with pytest.raises(UsageError, match="holds a run already"):
        train(_recipe(), dots, tmp_path / "run")
    with pytest.raises(IncompatibleError, match="trained on other data"):
        train(_recipe(), blobs, tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model=light-pose-mm", "unknown model 'light-pose-mm' .*'light-pose-nn'"),
        ("model.channel=[1,2,3,4]", r"model\.channel.*'channels'"),
        ("loss=cross-entropy", "unknown pose loss 'cross-entropy' .*'heat-map-cross-entropy'"),
        ("loss.diametre=3", r"loss\.diametre.*'diameter'"),
        ("loss.diameter=0", r"loss\.diameter is 0"),
        ("loss.weight=0", "above 0"),
        ("loss=heat-map-squared-error+heat-map-squared-error", "each once"),
        ("augment=flip", "unknown augmentation of pictures 'flip' .*'picture-flip'"),
        ("input.resolution=64", r"input\.resolution is 64, but 'light-pose-nn' takes pictures of 136 pixels"),
        ("input.resolutoin=136", r"unknown key 'input\.resolutoin' \(did you mean"),
        ("training.normalise_scores=true", "compares nobody"),
        ("sampler=pq", "unknown sampler 'pq'"),
        ("training.steps_per_epoch=0", r"training\.steps_per_epoch is 0"),
    ],
)
def test_refuses_in_one_line_what_it_does_not_know(override: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load_recipe("light-pose-nn", [override])
    assert "\n" not in str(caught.value)


def test_is_no_system_to_compare_walks_by(dots: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'light-pose-nn' finds joints, and 'casia-b' compares walks"):
        plan_study("light-pose-nn")
    with pytest.raises(UsageError, match="'light-pose-nn' finds joints, and 'first-walk' compares walks"):
        cross_validate(["light-pose-nn"], dots, tmp_path)


def test_is_judged_as_it_will_be_evaluated(dots: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = train(_recipe("training.epochs=2", "optimizer.learning_rate=0.01"), dots, tmp_path / "run", device="cpu")
    network, card = load_pose_network(tmp_path / "run" / "last")
    held_out = [
        position
        for position, info in enumerate(dots.infos)
        if info.subject in card.validation_subjects and info.condition != "nm-03"
    ]
    evaluated = evaluate_pose(network, dots, held_out)
    assert summary["last"]["validation_pckh"] == pytest.approx(evaluated.groups[0].pckh.mean, abs=1e-6)


def test_pictures_to_judge_by_are_spread_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = np.array([3, 1, 5, 1])
    every = [(row, frame) for row, length in enumerate(lengths) for frame in range(length)]
    for most, expected in ((100, every), (10, every), (5, every[1::2]), (2, [every[2], every[7]])):
        monkeypatch.setattr(pose, "_VALIDATION_PICTURES", most)
        spread = [pair for rows, frames in pose._spread(lengths) for pair in zip(rows, frames, strict=True)]
        assert spread == expected

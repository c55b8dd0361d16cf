import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.data.store import Store
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.cross_validation import FoldResult, SystemResult, all_pairs, measure_fold
from gaitprint.evaluation.embed import load_embedder
from gaitprint.reports.cross_validation import cross_validation_markdown
from gaitprint.training import cross_validation
from gaitprint.training.cross_validation import cross_validate
from gaitprint.training.people import candidates_of, people_of_fold


def test_every_fold_is_measured_on_people_it_never_saw(skeletons: Store, tmp_path: Path) -> None:
    systems = ["anthropometry", "gait-statistics"]
    result = cross_validate(systems, skeletons, tmp_path / "cv", folds=3, final=True, device="cpu")
    assert [system.name for system in result.systems] == systems
    for fold in range(3):
        people = set(people_of_fold(candidates_of(skeletons, "all"), 3, fold))
        embedder = load_embedder(tmp_path / "cv" / "gait-statistics" / f"fold-{fold}", "cpu")
        assert not people & set(embedder.train_subjects)
        assert len(people) == 3
        measured = result.systems[1].folds[fold]
        positions = [place for place, info in enumerate(skeletons.infos) if info.subject in people]
        again = measure_fold(embedder.embed_store(skeletons, positions), embedder.distance, "first-walk")
        assert measured.figures == again.figures
        assert (measured.gallery, measured.probe) == (3, 6)
    final = load_embedder(tmp_path / "cv" / "gait-statistics" / "final", "cpu")
    assert len(final.train_subjects) == 9
    written = json.loads((tmp_path / "cv" / "crossvalidation.json").read_text())
    assert written["systems"][1]["rank1"]["mean"] == result.systems[1].spreads["rank1"].mean
    assert "gait-statistics" in cross_validation_markdown(result)
    assert (tmp_path / "cv" / "crossvalidation.png").stat().st_size > 1000
    assert final.calibration == Calibration.load(tmp_path / "cv" / "gait-statistics")
    assert final.calibration is not None
    # The same command again trains nothing anew.
    before = (tmp_path / "cv" / "gait-statistics" / "fold-0" / "best" / "model.safetensors").read_bytes()
    cross_validate(systems, skeletons, tmp_path / "cv", folds=3, device="cpu")
    assert (tmp_path / "cv" / "gait-statistics" / "fold-0" / "best" / "model.safetensors").read_bytes() == before


def test_what_cannot_be_cross_validated(skeletons: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one recipe"):
        cross_validate([], skeletons, tmp_path)
    with pytest.raises(UsageError, match="--folds is 1"):
        cross_validate(["gait-statistics"], skeletons, tmp_path, folds=1)
    with pytest.raises(UsageError, match="did you mean 'gait-statistics'"):
        cross_validate(["gait-statistic"], skeletons, tmp_path)
    with pytest.raises(UsageError, match="two systems of one name"):
        cross_validate(["gait-statistics", "gait-statistics"], skeletons, tmp_path)
    with pytest.raises(UsageError, match="0 jobs"):
        cross_validate(["gait-statistics"], skeletons, tmp_path, jobs=0)
    with pytest.raises(UsageError, match=r"data\.folds is 10, but there are 9 people"):
        cross_validate(["gait-statistics"], skeletons, tmp_path, folds=10)
    with pytest.raises(UsageError, match="--folds is 5, must be at most 4 for 9 people"):
        cross_validate(["anthropometry"], skeletons, tmp_path, folds=5)
    with pytest.raises(UsageError, match=r"share out different people .*cnn-gei for 'train'.*data\.subjects for all"):
        cross_validate(["gait-statistics", "cnn-gei"], skeletons, tmp_path)
    assert not list(tmp_path.iterdir())


def test_all_systems_are_measured_on_the_same_people(skeletons: Store, tmp_path: Path) -> None:
    overrides = ["data.subjects=['000','001','002','003']"]
    for systems in (["anthropometry", "gait-statistics"], ["anthropometry"]):
        result = cross_validate(systems, skeletons, tmp_path / "cv", folds=2, overrides=overrides, device="cpu")
        assert [[fold.subjects for fold in system.folds] for system in result.systems] == [[2, 2]] * len(systems)


def test_one_training_at_a_time_has_the_threads_that_are_asked_for(
    skeletons: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    monkeypatch.setattr(cross_validation, "_train_one", lambda *_, **__: threads.append(torch.get_num_threads()))
    with pytest.raises(GaitprintError):  # nothing was trained that could be measured
        cross_validate(["gait-statistics"], skeletons, tmp_path, threads=3, device="cpu")
    assert threads == [3, 3, 3]


def test_pairs_are_all_pairs() -> None:
    rng = np.random.default_rng(0)
    walks = EmbeddingSet(
        rng.normal(size=(6, 1, 3)).astype(np.float32),
        np.array(list("aabbbc")),
        np.array(list("nmnmmn")),
        np.array(list("vvvvuv")),
    )
    genuine, impostors = all_pairs(walks, "euclidean")
    points, names = walks.embeddings[:, 0], walks.subjects
    expected: dict[bool, list[float]] = {True: [], False: []}
    for i in range(6):
        for j in range(i + 1, 6):
            if (names[i], walks.conditions[i]) != (names[j], walks.conditions[j]):  # not one walk from two cameras
                expected[bool(names[i] == names[j])].append(float(np.linalg.norm(points[i] - points[j])))
    np.testing.assert_allclose(sorted(genuine), sorted(expected[True]), rtol=1e-5)
    np.testing.assert_allclose(sorted(impostors), sorted(expected[False]), rtol=1e-5)


def test_probabilities_of_a_fold_come_from_the_other_folds() -> None:
    rng = np.random.default_rng(1)
    folds = tuple(
        FoldResult({"eer": 0.1}, 5, 5, 5, rng.normal(shift - 3, 1, 200), rng.normal(shift, 1, 900))
        for shift in (0.0, 0.3, 0.6)
    )
    system = SystemResult("x", folds)
    stated = system.stated_probabilities
    assert stated is not None
    others = Calibration.fit(
        np.concatenate([folds[0].genuine, folds[2].genuine]), np.concatenate([folds[0].impostors, folds[2].impostors])
    )
    np.testing.assert_allclose(stated[1][0], others.probability(folds[1].genuine))
    error = system.calibration_error()
    assert error is not None
    assert 0 < error < 0.1
    mean, share = system.reliability(5)
    assert len(mean) == 5
    assert np.all(np.diff(share) > 0)


def test_models_without_training_take_the_input_that_is_asked_for(skeletons: Store, tmp_path: Path) -> None:
    recorded, unit = (
        cross_validate(["anthropometry"], skeletons, tmp_path / name, overrides=overrides, device="cpu").systems[0]
        for name, overrides in (("a", []), ("b", ["input.preprocessing.size=unit", "training.seed=1"]))
    )
    assert all(len(fold.genuine) == 9 for fold in unit.folds)
    assert not np.allclose(recorded.folds[0].genuine, unit.folds[0].genuine)


def test_a_member_that_is_asked_for_itself_has_one_row(skeletons: Store, tmp_path: Path) -> None:
    (tmp_path / "both.yaml").write_text("members: [gait-statistics, gait-statistics-size-free]")
    systems = ["gait-statistics", str(tmp_path / "both.yaml")]
    result = cross_validate(systems, skeletons, tmp_path / "cv", folds=3, device="cpu")
    assert [system.name for system in result.systems] == ["gait-statistics", "gait-statistics-size-free", "both"]

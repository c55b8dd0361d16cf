import json
from pathlib import Path

import cv2
import pytest

from gaitprint.cli import main
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.data.pose_augmentation import POSE_AUGMENTATIONS
from gaitprint.models import MODELS
from gaitprint.models.pose import POSE_NETWORKS


def test_augmentations_are_listed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "augmentations.png"
    assert main.run(["augmentations", "--picture", str(picture), "--json", "-"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert sorted(listed) == sorted([*AUGMENTATIONS, *POSE_AUGMENTATIONS])
    assert listed["flip"] == "Mirror whole clips, left for right."
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    assert min(drawn.shape[:2]) > 500
    assert picture.stat().st_size < 200_000
    picture.unlink()
    assert main.run(["augmentations", "--quiet"]) == 0
    assert list(tmp_path.iterdir()) == []


def test_models_and_recipes_of_both_kinds_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["models", "--json", "-"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert sorted(listed) == sorted([*MODELS, *POSE_NETWORKS])
    assert all(listed.values())
    assert main.run(["recipes", "--json", "-"]) == 0
    assert {"cnn-gei", "light-pose-nn"} <= set(json.loads(capsys.readouterr().out))

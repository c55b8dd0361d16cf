import json
from pathlib import Path

import cv2
import pytest

from gaitprint.cli import main
from gaitprint.data.augmentation import AUGMENTATIONS


def test_augmentations_are_listed_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "augmentations.png"
    assert main.run(["augmentations", "--picture", str(picture), "--json", "-"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert sorted(listed) == sorted(AUGMENTATIONS)
    assert listed["flip"] == "Mirror whole clips, left for right."
    drawn = cv2.imread(str(picture))
    assert drawn is not None
    assert min(drawn.shape[:2]) > 500
    assert picture.stat().st_size < 200_000
    picture.unlink()
    assert main.run(["augmentations", "--quiet"]) == 0
    assert list(tmp_path.iterdir()) == []

"""The table of docs/augmentation.md stays true."""

import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from gaitprint.data.augmentation import AUGMENTATIONS

ROWS = {
    name: dict(re.findall(r"`(\w+): ([^`]+)`", options))
    for name, options in re.findall(
        r"^\| `([\w-]+)` \|(.*)\|[^|]*\|$",
        (Path(__file__).parents[3] / "docs" / "augmentation.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_defaults_are_those_of_the_code(name: str) -> None:
    defaults = dataclasses.asdict(AUGMENTATIONS[name].Config())
    assert defaults.pop("probability") == 0.5
    written = {option: yaml.safe_load(value) for option, value in ROWS[name].items()}
    if name in ("part-erosion", "part-blur"):  # "as part-dilation, but"
        assert defaults.items() >= {"part_height": (0.15, 0.4), "part_width": (0.4, 1.0)}.items()
        defaults = {option: value for option, value in defaults.items() if not option.startswith("part_")}
    if name == "part-blur":
        assert set(defaults) == set(written) == {"sigma"}
    assert set(written) == set(defaults)
    for option, value in written.items():
        if isinstance(value, str | bool):
            assert value == defaults[option]
        else:
            assert value == pytest.approx(defaults[option], abs=0.005 if option == "aspect" else 1e-9)

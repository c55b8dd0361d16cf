from dataclasses import field

import pytest

from gaitprint.core.config import apply_overrides, config_dataclass, from_mapping, read_yaml, to_mapping
from gaitprint.core.errors import UnreadableFileError, UsageError


@config_dataclass
class Optimizer:
    name: str = "adam"
    learning_rate: float = 1e-3


@config_dataclass
class Recipe:
    optimizer: Optimizer = field(default_factory=Optimizer)
    epochs: int = 20
    milestones: tuple[int, ...] = ()


def test_round_trip():
    recipe = from_mapping(Recipe, {"optimizer": {"learning_rate": 0.1}, "milestones": [1, 2]})
    assert recipe == Recipe(optimizer=Optimizer(learning_rate=0.1), milestones=(1, 2))
    assert from_mapping(Recipe, to_mapping(recipe)) == recipe


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"optimizer": {"learning_rat": 1}}, "unknown key 'optimizer.learning_rat' (did you mean 'learning_rate'?)"),
        ({"zzz": 1}, "unknown key 'zzz'; known: optimizer, epochs, milestones"),
        ({"epochs": "many"}, "epochs: "),
        ({"optimizer": {"learning_rate": "fast"}}, "got 'fast'"),
        ({"optimizer": {"learning_rate": float("nan")}}, "optimizer.learning_rate: Input should be a finite number"),
        ({"optimizer": {"learning_rate": float("inf")}}, "optimizer.learning_rate: Input should be a finite number"),
    ],
)
def test_errors_are_one_line_with_the_path(values, message):
    with pytest.raises(UsageError) as caught:
        from_mapping(Recipe, values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_overrides_reach_into_mappings_and_lists():
    values = {"loss": [{"name": "a", "weight": 1}]}
    result = apply_overrides(values, ["loss.0.weight=0.5", "training.seed=3", "names=[x, y]"])
    assert result == {"loss": [{"name": "a", "weight": 0.5}], "training": {"seed": 3}, "names": ["x", "y"]}
    assert values == {"loss": [{"name": "a", "weight": 1}]}


@pytest.mark.parametrize(
    "override",
    ["epochs", "=3", "loss.7.weight=1", "epochs.deep=1", "epochs={a", "loss.0=[b", "a=2024-99-99", "loss.²=1"],
)
def test_bad_overrides_are_usage_errors(override):
    with pytest.raises(UsageError):
        apply_overrides({"loss": [1], "epochs": 3}, [override])


def test_unreadable_yaml_names_the_path(tmp_path):
    for text in ("a: [", "- 1", "\x00", "a: 2024-99-99", "[" * 3000):
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        with pytest.raises(UnreadableFileError, match=r"recipe\.yaml"):
            read_yaml(path)
    with pytest.raises(UnreadableFileError, match="missing"):
        read_yaml(tmp_path / "missing")

import itertools

import pytest

from gaitprint.core.errors import UsageError
from gaitprint.training.grid import grid_cells, parse_axis, parse_grid


def test_values_are_split_at_commas_outside_of_brackets_and_quotes() -> None:
    axis = parse_axis("schedule=constant, {name: step, epochs: 5},[a, {b: [1, 2]}],'x, y',null,1e-3")
    assert axis.key == "schedule"
    assert axis.texts == ("constant", "{name: step, epochs: 5}", "[a, {b: [1, 2]}]", "'x, y'", "null", "1e-3")
    assert axis.values[:5] == ("constant", {"name": "step", "epochs": 5}, ["a", {"b": [1, 2]}], "x, y", None)
    assert axis.labels == ("constant", "step (epochs 5)", "[a, b [1, 2]]", "'x, y'", "null", "1e-3")


def test_a_value_may_hold_an_equals_sign_a_plus_and_an_apostrophe() -> None:
    assert parse_axis("training.initial_weights=a=b,don't,x").texts == ("a=b", "don't", "x")
    assert parse_axis("loss=cross-entropy+triplet").overrides() == ("loss=cross-entropy+triplet",)


def test_choices_in_a_list_read_as_a_sum() -> None:
    axis = parse_axis("loss=[cross-entropy, {name: center, weight: 0.01}],[64, 44]")
    assert axis.labels == ("cross-entropy + center (weight 0.01)", "[64, 44]")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss", "write key=value"),
        ("=a", "write key=value"),
        ("loss=", "a value is empty"),
        ("loss=a,,b", "a value is empty"),
        ("loss=a,", "a value is empty"),
        ("loss={a: 1", "} is missing"),
        ("loss=[{a: 1],b", "the bracket ] closes nothing"),
        ("loss=a}", "the bracket } closes nothing"),
        ("loss='a,b", "' is missing"),
        ("loss={a: b: c}", "the value is no YAML"),
        ("x=2026-13-45", "the value is no YAML (month must be in 1..12)"),
        ("x={1: 2, a: 3}", "a key in a value is no word"),
        ("x={2020-01-01: 1}", "a key in a value is no word"),
        ("loss=a,b,a", "the value a is given twice"),
        ("x=1.0,{n: 1},{ n: 1 }", "the value { n: 1 } is given twice"),
        ("training.seed=1,2", "--seeds says"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_axis(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_is_given_once() -> None:
    with pytest.raises(UsageError, match="loss is given twice"):
        parse_grid(["loss=a", "schedule=b", "loss=c"])


def test_cells_are_all_combinations_in_order() -> None:
    cells = grid_cells(parse_grid(["a=1,2", "b.c=x,{name: y, z: 0}"]))
    assert [cell.overrides for cell in cells] == list(
        itertools.product(("a=1", "a=2"), ("b.c=x", "b.c={name: y, z: 0}"))
    )
    assert [cell.label for cell in cells] == ["1 · x", "1 · y (z 0)", "2 · x", "2 · y (z 0)"]
    assert cells[3].choices == {"a": "2", "b.c": "y (z 0)"}
    (only,) = grid_cells(())
    assert (only.label, only.overrides, only.choices) == ("", (), {})


def test_folders_differ_and_outlive_a_growing_grid() -> None:
    before = {cell.label: cell.folder for cell in grid_cells(parse_grid(["a=1,2", "b=x y,x-y,../../x"]))}
    after = {cell.label: cell.folder for cell in grid_cells(parse_grid(["a=3,2,1", "b=z,x-y,x y,../../x"]))}
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after) == 12
    assert not any("/" in folder or folder.startswith(".") for folder in after.values())
    long = grid_cells([parse_axis(f"a={'v' * 300}")])[0].folder
    assert len(long) < 100

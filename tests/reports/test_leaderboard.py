import re
from dataclasses import replace
from pathlib import Path

import pytest

from gaitprint.core.errors import UsageError
from gaitprint.evaluation.leaderboard import Board, Cost, Leaderboard, Row, spreads
from gaitprint.reports.leaderboard import (
    check_documentation,
    leaderboard_markdown,
    leaderboard_rows,
    write_documentation,
    write_leaderboard,
)
from gaitprint.reports.leaderboard_figure import leaderboard_figure

GOOD = Row(
    "good",
    spreads([{"rank-1": 0.9, "EER": 0.1}, {"rank-1": 0.8, "EER": 0.2}]),
    training_seconds=spreads([{"s": 100.0}, {"s": 200.0}])["s"],
    budget="500 steps",
    cost=Cost(92_896, 107_053_056, 2.34, 2),
)
BARE = Row("bare", spreads([{"rank-1": 0.5, "EER": 0.3}]), budget="none", cost=Cost(0, 0, 0.5, 2))
FAILED = Row("failed", errors=("seed 42: diverged",))
RESULT = Leaderboard(
    (Board("kinect", "Recorded people", "first-walk", (GOOD, BARE, FAILED), "55 people to learn from"),), 2
)


def test_a_row_says_what_was_measured_and_what_it_costs() -> None:
    table = leaderboard_rows(RESULT.boards[0])
    assert table.headers == (
        "system", "rank-1", "EER", "parameters", "multiply-adds", "ms a walk", "seconds", "training"
    )  # fmt: skip
    assert table.rows == (
        ("good", "85.0 ± 7.1", "15.0 ± 7.1", "92.9 k", "107 M", "2.3", "150 ± 71", "500 steps"),
        ("bare", "50.0", "30.0", "0", "0", "0.5", "–", "none"),
        ("failed", "–", "–", "–", "–", "–", "–", "failed"),
    )


def test_the_best_is_bold_and_what_failed_is_named() -> None:
    text = leaderboard_markdown(RESULT, "")
    assert "| good | **85.0 ± 7.1** | **15.0 ± 7.1** |" in text
    assert "- kinect, failed: seed 42: diverged" in text
    assert "mean nothing" not in text


def test_the_documentation_says_what_would_be_written() -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    (seeds,) = re.findall(r"gaitprint leaderboard .*--seeds (\d+)", page)
    introduction = leaderboard_markdown(replace(RESULT, seeds=int(seeds), boards=()), "").strip()
    assert introduction in page


def test_everything_is_written(tmp_path: Path) -> None:
    write_leaderboard(RESULT, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"results.json", "results.md", "leaderboard.png"}


def test_what_stands_around_the_tables_stays(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "results.md"
    check_documentation(page)
    write_documentation(RESULT, page)
    assert (page.parent / "images" / "leaderboard.png").is_file()
    page.write_text(page.read_text().replace("# Results", "# Results\n\nBefore.") + "\nAfter.\n")
    check_documentation(page)
    write_documentation(Leaderboard(RESULT.boards[:0], 5), page)
    text = page.read_text()
    assert text.startswith("# Results\n\nBefore.")
    assert text.endswith("\nAfter.\n")
    assert "5 seeds" in text
    assert "2 seeds" not in text


def leaderboard_page(folder: Path) -> str:
    write_documentation(RESULT, folder / "page.md")
    return (folder / "page.md").read_text()


def test_a_page_without_a_place_for_the_tables_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = re.findall("<!--.*?-->", leaderboard_page(tmp_path / "other"))
    for content in (b"Mine.\n", f"{end}\n{begin}\n".encode(), b"\xff\xfe"):
        page.write_bytes(content)
        for act in (check_documentation, lambda file: write_documentation(RESULT, file)):
            with pytest.raises(UsageError, match=r"page\.md"):
                act(page)
        assert page.read_bytes() == content
    assert not (tmp_path / "images").exists()


def test_nothing_measured_gives_no_picture() -> None:
    assert leaderboard_figure(Leaderboard((Board("kinect", "People", "first-walk", (FAILED,)),), 1)) is None


def test_the_picture_has_a_line_for_each_measured_system_and_a_marker_for_each_condition() -> None:
    of_conditions = Row("both", spreads([{"NM": 0.7, "CL": 0.2, "EER": 0.1}]))
    boards = (*RESULT.boards, Board("walkers", "Made up: people", "casia-b", (of_conditions,)))
    figure = leaderboard_figure(Leaderboard(boards, 1))
    assert figure is not None
    recorded, cost, made_up, _ = figure.axes
    assert recorded.get_title(loc="left") == "Recorded people"
    assert [label.get_text() for label in recorded.get_yticklabels()] == ["good", "bare"]
    assert recorded.containers[0].lines[0].get_xdata() == pytest.approx([85.0, 50.0])
    assert [text.get_text() for text in cost.texts] == ["107 M", "0"]
    assert [container.get_label() for container in made_up.containers] == ["NM", "CL"]

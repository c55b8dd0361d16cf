"""`gaitprint leaderboard`: every shipped system on the same people, in one table a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import UseAppendAction, arg

from gaitprint.cli.option_types import Device
from gaitprint.cli.terminal import output


def leaderboard(
    *,
    out: Annotated[Path, arg(metavar="DIR")],
    data: UseAppendAction[Annotated[tuple[str, ...], arg(metavar="NAME=FOLDER")]] = (),
    only: Annotated[tuple[str, ...], arg(metavar="NAME")] = (),
    seeds: Annotated[int, arg(metavar="N")] = 1,
    quick: bool = False,
    jobs: Annotated[int | None, arg(metavar="J")] = None,
    docs: Annotated[Path | None, arg(metavar="FILE.md")] = None,
    device: Device = "auto",
) -> dict[str, Any]:
    """Train and measure every shipped system on the same people, and put them side by side.

    Five data sets: synthetic walkers as silhouettes (walkers) and RGB frames (rgb), the skeletons of recorded people
    (kinect), and these people rendered as silhouettes (rendered) and RGB frames (filmed). The systems of a data set
    learn from the same people and are measured on the same others; the best silhouette, skeleton and RGB system are
    fused by calibrated scores.

    DIR gets results.json, results.md, leaderboard.png, the data and the run folders. It takes hours: give the same
    command again to continue where it was interrupted, or with more seeds. What fails is named, and stops nothing else.

    Args:
        out: The folder for everything.
        data: A store to take for a data set instead of making it, such as walkers=STORE; may be repeated. Recorded
            people walk only with kinect=FOLDER: the recordings, or a store of them.
        only: Only these data sets (walkers), systems (cnn-gei) or both (walkers/cnn-gei).
        seeds: How many trainings of each system.
        quick: A trial of all steps on few people, whose figures mean nothing; about ten minutes.
        jobs: Trainings side by side, with one thread each; by default one a core.
        docs: Also write the tables into this page, and the picture into images/ beside it.
        device: Where to compute.

    Returns:
        What results.json holds.
    """
    from gaitprint.cli.leaderboard_data import LeaderboardData, parse_given
    from gaitprint.reports.leaderboard import check_documentation, leaderboard_table, write_documentation
    from gaitprint.training.leaderboard import LeaderboardOptions, run_leaderboard
    from gaitprint.training.leaderboard_plan import plan_boards
    from gaitprint.training.processes import available_cores

    plan = plan_boards(only, quick=quick)
    options = LeaderboardOptions(seeds, quick, available_cores() if jobs is None else jobs, device)
    if docs is not None:
        check_documentation(docs)
    source = LeaderboardData(out / "data", parse_given(data), quick=quick)
    result = run_leaderboard(plan, source.open, out, options, output.print)
    output.print(leaderboard_table(result))
    if docs is not None:
        write_documentation(result, docs)
        output.print(str(docs))
    output.print(str(out / "leaderboard.png"))
    return result.to_json()

"""Who is it? Enroll people by one video each and identify them in others, passage by passage, strangers included.

    python -m benchmarks.video_identification extract VIDEOS STORE
    python -m benchmarks.video_identification measure STORE --enroll d1 --model silhouettes

    python -m benchmarks.video_identification mix STORE RENDERED OUT

`extract` finds the walkers in all videos of a folder, whose names say who and which recording (`--names`). `measure`
enrolls each person by the passages of one recording and identifies every passage of the others, among everybody; then
with each person left out of the gallery in turn, so that the passages of that person are a stranger's. Intervals are
bootstrapped over videos: passages of one video are alike. The gallery is the product's own, in a temporary folder.
`mix` puts as many rendered walks of the same people beside those found in videos, for a training that sees both.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from gaitprint.core.errors import GaitprintError, InvalidSequenceError, UnreadableFileError, UsageError
from gaitprint.core.files import write_json
from gaitprint.core.progress import console, track
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.evaluation.metrics import dir_at_fpir, open_set_curve
from gaitprint.gallery.answers import Identification
from gaitprint.gallery.gallery import Gallery
from gaitprint.video.naming import name_walks
from gaitprint.video.video_people import people_in_video

NAMES = r"(?P<subject>[^_/]+)[_/](?:.*?_)??(?P<recording>[^_/]+?)(?:_uncomp)?\.\w+"
RESAMPLES = 2000


@dataclass(frozen=True)
class Answer:
    """What a gallery said of one passage.

    Args:
        subject: whose it is.
        recording: which video of this person.
        enrolled: whether the person was in the gallery.
        rank: of the person among the candidates, from 1; 0 where the person was not enrolled.
        distance: of the first candidate, the smaller the likelier.
        decision: of the gallery, at the rate that was asked for.
    """

    subject: str
    recording: str
    enrolled: bool
    rank: int
    distance: float
    decision: str | None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    extracting = commands.add_parser("extract", help="videos to a store")
    extracting.add_argument("videos", type=Path)
    extracting.add_argument("store", type=Path)
    extracting.add_argument("--names", default=NAMES, help="pattern of the paths: groups subject and recording")
    extracting.add_argument("--prefix", default="", help="put before the names of all people")
    extracting.set_defaults(run=lambda given: extract(given.videos, given.store, given.names, given.prefix))
    mixing = commands.add_parser("mix", help="walks found in videos and rendered ones in one store")
    mixing.add_argument("store", type=Path)
    mixing.add_argument("rendered", type=Path)
    mixing.add_argument("out", type=Path)
    mixing.set_defaults(run=lambda given: mix(given.store, given.rendered, given.out))
    measuring = commands.add_parser("measure", help="a store to figures")
    measuring.add_argument("store", type=Path)
    measuring.add_argument("--enroll", required=True, help="recording by which people are enrolled")
    measuring.add_argument("--model", nargs="+", default=["silhouettes"])
    measuring.add_argument("--fpir", type=float, default=0.1)
    measuring.add_argument("--people", nargs="+", help="only these")
    measuring.add_argument("--json", type=Path)
    measuring.set_defaults(
        run=lambda given: measure(
            given.store, given.enroll, tuple(given.model), given.fpir, set(given.people or ()), given.json
        )
    )
    given = parser.parse_args()
    try:
        return int(given.run(given))
    except GaitprintError as error:
        print(error, file=sys.stderr)
        return 1


def extract(folder: Path, path: Path, names: str, prefix: str) -> int:
    """Put the usable passages of all videos of a folder into a store; prints what each video gave."""
    store = Store.create(path)
    failed: list[str] = []
    videos = sorted(each for each in folder.rglob("*") if each.suffix in (".avi", ".mp4", ".mov", ".mkv"))
    done = {info.id.rpartition("-")[0] for info in store.infos}
    for video in track(videos, "extracting"):
        match = re.fullmatch(names, str(video.relative_to(folder)))
        if match is None:
            print(f"{video}: its name does not say who it is")
            continue
        subject, recording = prefix + match["subject"], match["recording"]
        if f"{subject}/{recording}" in done:
            continue
        try:
            found = people_in_video(video)
            passages = [passage for person in found.people for passage in person.passages]
            walks = [walk for walk in name_walks(passages, subject, recording, store) if walk is not None]
        except (InvalidSequenceError, UnreadableFileError) as error:
            walks = []
            print(error)
        store.add(walks)
        print(f"{video.name}: {len(walks)} passages", flush=True)
        if len(walks) < 2:
            failed.append(video.name)
    print(
        f"{len(videos)} videos, {len(store)} passages; fewer than two in {len(failed)}: {', '.join(failed) or 'none'}"
    )
    return 0


def mix(path: Path, rendered_path: Path, out: Path) -> int:
    """Write a store of all walks of one, and as many of each of its people, evenly chosen, of another."""
    found, rendered, mixed = Store.open(path), Store.open(rendered_path), Store.create(out)
    places: dict[str, list[int]] = {}
    for place, info in enumerate(rendered.infos):
        places.setdefault(info.subject, []).append(place)
    counts = Counter(info.subject for info in found.infos)
    mixed.add(found.read(walk) for walk in found)
    for subject, count in track(counts.items(), "mixing"):
        own = places.get(subject, [])
        wanted = min(count, len(own))
        chosen = [own[n * len(own) // wanted] for n in range(wanted)]
        mixed.add(rendered.read(rendered.infos[place].id) for place in chosen)
    print(f"{len(counts)} people, {len(found)} walks found in videos, {len(mixed) - len(found)} rendered: {out}")
    return 0


def measure(
    path: Path, enrolled_by: str, models: tuple[str, ...], fpir: float, people: set[str], json: Path | None
) -> int:
    """Enroll, identify, and print rank-1, rank-2 and the open-set errors."""
    store = Store.open(path)
    walks = [store.read(walk) for walk in store]
    walks = [walk for walk in walks if not people or walk.subject in people]
    enrolled, probes = ([walk for walk in walks if (_recording(walk) == enrolled_by) is side] for side in (True, False))
    subjects = sorted({walk.subject for walk in enrolled})
    strangers = sorted({walk.subject for walk in probes} - set(subjects))
    if strangers:
        print(f"not in recording {enrolled_by}, and so left out: {', '.join(strangers)}")
        probes = [walk for walk in probes if walk.subject in subjects]
    if not probes:
        raise UsageError(f"{path}: nobody has both recording '{enrolled_by}' and another one")
    closed: list[Answer] = []
    opened: list[Answer] = []
    with tempfile.TemporaryDirectory() as folder, Gallery(folder, models) as gallery:
        for subject in subjects:
            gallery.enroll(subject, [walk for walk in enrolled if walk.subject == subject])
        closed += [_ask(gallery, walk, len(subjects), fpir) for walk in track(probes, "identifying")]
        for left_out in track(subjects, "leaving out"):
            gallery.delete(left_out)
            opened += [_ask(gallery, walk, len(subjects), fpir) for walk in probes]
            gallery.enroll(left_out, [walk for walk in enrolled if walk.subject == left_out])
    figures = _report(closed, opened, fpir)
    if json is not None:
        write_json(json, {"store": str(path), "enrolled_by": enrolled_by, "models": list(models), **figures})
    return 0


def _ask(gallery: Gallery, walk: GaitSequence, top_k: int, fpir: float) -> Answer:
    answer: Identification = gallery.identify(walk, fpir=fpir, top_k=top_k)
    order = [candidate.subject for candidate in answer.candidates]
    first = answer.candidates[0]
    distance = first.distance if len(first.compared) == 1 or first.score is None else -first.score
    enrolled = walk.subject in order
    rank = order.index(walk.subject) + 1 if enrolled else 0
    return Answer(walk.subject, _recording(walk), enrolled, rank, distance, answer.decision)


def _report(closed: list[Answer], opened: list[Answer], fpir: float) -> dict[str, object]:
    recordings = sorted({answer.recording for answer in closed})
    table = Table(box=None, title="among everybody enrolled", title_justify="left")
    for header in ("recording", "passages", "rank-1 %", "95 %", "rank-2 %", "95 %"):
        table.add_column(header, justify="right")
    figures: dict[str, object] = {}
    for recording in [*recordings, "all"]:
        chosen = [answer for answer in closed if recording in ("all", answer.recording)]
        row: dict[str, object] = {"passages": len(chosen)}
        cells = []
        for rank in (1, 2):
            value, low, high = _bootstrapped(chosen, partial(_share, most=rank))
            row |= {f"rank{rank}": value, f"rank{rank}_interval": [low, high]}
            cells += [f"{100 * value:.1f}", f"{100 * low:.0f} to {100 * high:.0f}"]
        table.add_row(recording, str(len(chosen)), *cells)
        figures[recording] = row
    console.print(table)
    value, low, high = _bootstrapped(opened, partial(_fnir, fpir=fpir))
    mated = [answer for answer in opened if answer.enrolled]
    nonmated = [answer for answer in opened if not answer.enrolled]
    print(f"each person left out in turn: {len(mated)} searches of the enrolled, {len(nonmated)} of strangers")
    interval = f"{100 * low:.0f} to {100 * high:.0f}"
    print(f"FNIR {100 * value:.1f} % ({interval}) at the threshold that gives an FPIR of {100 * fpir:g} %")
    figures["open_set"] = {"fnir": value, "fnir_interval": [low, high], "fpir": fpir}
    if any(answer.decision is None for answer in opened):
        print("the shipped calibration decides nothing at this rate")
        return figures
    alarms = float(np.mean([answer.decision == "known" for answer in nonmated]))
    missed = float(np.mean([answer.decision != "known" or answer.rank != 1 for answer in mated]))
    print(f"by the gallery's own decision at {100 * fpir:g} %: FPIR {100 * alarms:.1f} %, FNIR {100 * missed:.1f} %")
    figures["decided"] = {"fpir": alarms, "fnir": missed}
    return figures


def _share(answers: list[Answer], most: int) -> float:
    return float(np.mean([1 <= answer.rank <= most for answer in answers]))


def _fnir(answers: list[Answer], fpir: float) -> float:
    mated = [answer for answer in answers if answer.enrolled]
    nonmated = [answer.distance for answer in answers if not answer.enrolled]
    if not mated or not nonmated:
        return float("nan")
    correct = [answer.rank == 1 for answer in mated]
    return 1 - dir_at_fpir(open_set_curve([answer.distance for answer in mated], correct, nonmated), fpir)


def _bootstrapped(answers: list[Answer], figure: Callable[[list[Answer]], float]) -> tuple[float, float, float]:
    """A figure, and the 2.5 and 97.5 % points of it over resampled videos."""
    videos: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        videos.setdefault((answer.subject, answer.recording), []).append(answer)
    groups = list(videos.values())
    rng = np.random.default_rng(0)
    drawn: NDArray[np.int64] = rng.integers(len(groups), size=(RESAMPLES, len(groups)))
    values = [figure([answer for group in row for answer in groups[group]]) for row in drawn.tolist()]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return figure(answers), float(low), float(high)


def _recording(walk: GaitSequence) -> str:
    """The video that a passage is of; passages are numbered behind its name."""
    return walk.condition.rpartition("-")[0]


if __name__ == "__main__":
    sys.exit(main())

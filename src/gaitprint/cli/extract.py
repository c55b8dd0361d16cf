"""`gaitprint extract`: from a video to walks in a store."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rich.table import Table
from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.interrupt import interrupt_stops
from gaitprint.cli.option_types import Device, Size, parse_size
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted
from gaitprint.core.errors import FailedCheckError, UsageError

if TYPE_CHECKING:
    from gaitprint.data.store import Store
    from gaitprint.video.naming import WalkNames
    from gaitprint.video.passage import Passage
    from gaitprint.video.pipeline import Extraction

_SIDE_OF_FRAMES = 256


def extract(
    source: Positional[Annotated[str, arg(metavar="VIDEO")]],
    /,
    *,
    out: Annotated[Path, arg(metavar="STORE")],
    subject: Annotated[str | None, arg(metavar="NAME")] = None,
    condition: Annotated[str | None, arg(metavar="C")] = None,
    front_end: Literal["auto", "mediapipe", "background"] = "auto",
    pose: Annotated[str, arg(metavar="auto|mediapipe|off|MODEL")] = "auto",
    joint_axes: Literal[2, 3] = 2,
    size: Size = "64x64",
    frames: bool = False,
    pictures: Annotated[Path | None, arg(metavar="DIR")] = None,
    frame_rate: Annotated[float | None, arg(metavar="HZ")] = None,
    seconds: Annotated[float | None, arg(metavar="S")] = None,
    device: Device = "auto",
) -> dict[str, Any]:
    """Find people in a video, and put each passage as one walk into a store.

    The camera should stand still; where it moves, people are found by the MediaPipe front-end alone. Each passage is a
    person walking one way, whole in the picture, with nobody before or behind them. What will not do is listed with the
    reason and not kept. The same video once more, with the same options, adds only what is missing.

    Args:
        source: A video file, a folder of pictures, a webcam's number, or a stream's address (rtsp://...).
        out: The store to add the walks to; made where there is none.
        subject: Who it is. Without a name each person who is followed gets one of their own.
        condition: The recording; the video's name where it is not given. Passages are numbered behind it.
        front_end: What finds silhouettes: background needs no network, mediapipe the extra 'video'; auto takes
            mediapipe where it is installed.
        pose: What finds joints: mediapipe, a pose network (shipped name, run folder, weights file), or off.
        joint_axes: 2 keeps joints in pixels, 3 in metres about the hips (mediapipe only).
        size: Height x width of the silhouettes.
        frames: Keep the RGB frames too, square around the person.
        pictures: Where to draw what was extracted; STORE-pictures/NAME/C beside the store where it is not given.
        frame_rate: Frames a second, where the video states a wrong rate, and of a folder of pictures.
        seconds: Stop a webcam or stream after so long; Ctrl-C stops it, too, and keeps what was found.
        device: Where a pose network of ours computes.

    Returns:
        source, store, frames, frame_rate_hz, people, other_things, passages (each with id, frames, direction, view_deg,
        quality and refused), usable, added, stages (seconds), frames_per_second, pictures, warnings.

    Raises:
        FailedCheckError: no walk that will do; the text says why.
    """
    from gaitprint.core.progress import console
    from gaitprint.core.sequence import check_label
    from gaitprint.data.store import Store
    from gaitprint.evaluation.embed import choose_device
    from gaitprint.video.front_ends import choose_front_ends
    from gaitprint.video.naming import WalkNames, as_label
    from gaitprint.video.passage import PassageOptions
    from gaitprint.video.passage_pictures import write_annotated_video
    from gaitprint.video.pipeline import Extraction
    from gaitprint.video.sources import open_source
    from gaitprint.video.video_people import no_walk

    for option, label in (("subject", subject), ("condition", condition)):
        if label is not None:
            check_label(option, label)
    for option, number in (("--frame-rate", frame_rate), ("--seconds", seconds)):
        if number is not None and not 0 < number < 1e6:
            raise UsageError(f"{option} is {number}, must be above 0 and below 1,000,000")
    front_ends = choose_front_ends(front_end, pose, choose_device(device))
    if joint_axes == 3 and (front_ends.pose is None or not front_ends.pose.knows_depth):
        raise UsageError("--joint-axes 3: only the MediaPipe pose front-end finds depth; --pose mediapipe chooses it")
    video = open_source(source, frame_rate_hz=frame_rate, seconds=seconds)
    store = Store.create(out)
    recording = condition or video.name
    folder = pictures or out.with_name(f"{out.name}-pictures") / (subject or "") / as_label(recording)
    options = PassageOptions(
        size=parse_size(size), joint_axes=joint_axes, frames_size=_SIDE_OF_FRAMES if frames else None
    )
    extraction = Extraction(video, front_ends, options)
    found = _keep_passages(extraction, store, WalkNames(subject, recording, store), folder)
    if not video.is_live:
        with extraction.stages.measure("pictures"):
            found.drawn.append(folder / "annotated.mp4")
            write_annotated_video(video, found.passages, found.drawn[-1])
    warnings = [*([video.warning] if video.warning else []), *extraction.warnings]
    for warning in warnings:
        console.print(Text(f"warning: {warning}"), soft_wrap=True)
    _print_passages(found, extraction)
    summary = _summary(source, out, extraction, found, warnings)
    if not found.usable:
        raise FailedCheckError(f"{video.name}: {no_walk(found.passages)}; pictures in {folder}", summary)
    there = f", {found.usable - found.added} there already" if found.added < found.usable else ""
    output.print(Text(f"{counted(found.added, 'walk')} added to {out}{there}; pictures in {folder}"))
    return summary


@dataclass
class _Found:
    """What was found so far: passages without pictures, the ids of their walks, how many were added, drawn files."""

    passages: list[Passage] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    added: int = 0
    drawn: list[Path] = field(default_factory=list)

    @property
    def usable(self) -> int:
        return sum(walk is not None for walk in self.ids)


def _keep_passages(extraction: Extraction, store: Store, names: WalkNames, folder: Path) -> _Found:
    """Draw passages and add walks that the store lacks: of a file all at the end, of what is live each at once."""
    from gaitprint.core.progress import console
    from gaitprint.video.live import LiveSource
    from gaitprint.video.passage import without_pictures
    from gaitprint.video.passage_pictures import write_passage

    video, found, waiting = extraction.source, _Found(), []
    with ExitStack() as context:
        status = context.enter_context(console.status(f"looking for walkers in {video.name}"))
        if isinstance(video, LiveSource):
            context.enter_context(interrupt_stops(video.stop))
        for passage in extraction:
            walk = names.name(passage)
            with extraction.stages.measure("pictures"):
                name = f"passage-{len(found.passages) + 1:02d}"
                found.drawn += write_passage(passage, folder, name, video.frame_rate_hz)
            found.passages.append(replace(without_pictures(passage), walk=None))
            found.ids.append(None if walk is None else walk.id)
            if walk is not None and walk.id not in store:
                waiting.append(walk)
                found.added += 1
            if video.is_live:
                store.add(waiting)
                waiting.clear()
            status.update(f"frame {extraction.frames}: {counted(len(found.passages), 'passage')}")
    store.add(waiting)
    return found


def _print_passages(found: _Found, extraction: Extraction) -> None:
    """Print what was found, why some of it will not do, and where the time went."""
    title = f"{counted(extraction.people, 'person', 'people')} followed, {counted(len(found.passages), 'passage')}"
    table = Table(title=title, title_justify="left", box=None)
    for column in ("", "person", "seconds", "direction", "view", "frames", "high", "cycles", "whole", "sharp"):
        table.add_column(column, justify="left" if column == "direction" else "right", no_wrap=True)
    rate_hz = extraction.source.frame_rate_hz
    for number, passage in enumerate(found.passages, start=1):
        quality = passage.quality
        table.add_row(
            str(number),
            str(passage.track),
            f"{passage.numbers[0] / rate_hz:.1f}-{passage.numbers[-1] / rate_hz:.1f}",
            passage.direction,
            "" if passage.view_deg is None else f"{passage.view_deg:.0f}",
            str(quality.frames),
            f"{quality.height_px:.0f}",
            f"{quality.cycles:.1f}",
            f"{quality.complete:.0%}",
            f"{quality.sharpness:.2f}",
            style="dim" if passage.refused else "",
        )
    output.print(table)
    for number, (passage, walk_id) in enumerate(zip(found.passages, found.ids, strict=True), start=1):
        output.print(Text(f"{number:>3} {walk_id or f'refused: {passage.refused}'}"))
    stages = Table(title="where the time went", title_justify="left", box=None)
    for column in ("stage", "seconds", "ms a frame"):
        stages.add_column(column, justify="left" if column == "stage" else "right")
    for stage, spent in extraction.stages.seconds.items():
        stages.add_row(stage, f"{spent:.2f}", f"{1000 * spent / max(extraction.frames, 1):.1f}")
    output.print(stages)
    output.print(f"{counted(extraction.frames, 'frame')}, {_speed(extraction):.1f} a second without the pictures")


def _speed(extraction: Extraction) -> float:
    """Frames a second of everything but drawing."""
    spent = sum(seconds for stage, seconds in extraction.stages.seconds.items() if stage != "pictures")
    return extraction.frames / max(spent, 1e-9)


def _summary(source: str, out: Path, extraction: Extraction, found: _Found, warnings: list[str]) -> dict[str, Any]:
    """Put together what ``--json`` writes."""
    passages = [
        {
            "id": walk_id,
            "person": passage.track,
            "first_frame": int(passage.numbers[0]),
            "last_frame": int(passage.numbers[-1]),
            "direction": passage.direction,
            "view_deg": None if passage.view_deg is None else round(passage.view_deg, 1),
            "quality": {
                name: round(value, 4) if isinstance(value, float) else value
                for name, value in vars(passage.quality).items()
            },
            "score": passage.quality.score,
            "refused": passage.refused,
        }
        for passage, walk_id in zip(found.passages, found.ids, strict=True)
    ]
    return {
        "source": extraction.source.name if extraction.source.is_live else source,
        "store": str(out),
        "front_end": extraction.front_ends.name,
        "frames": extraction.frames,
        "frame_rate_hz": extraction.source.frame_rate_hz,
        "people": extraction.people,
        "other_things": extraction.other_things,
        "passages": passages,
        "usable": found.usable,
        "added": found.added,
        "stages": {stage: round(spent, 3) for stage, spent in extraction.stages.seconds.items()},
        "frames_per_second": round(_speed(extraction), 2),
        "pictures": [str(path) for path in found.drawn],
        "warnings": warnings,
    }

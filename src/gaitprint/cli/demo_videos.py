"""The last step of `gaitprint demo`: three people are enrolled by their videos, and two videos say who comes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from gaitprint.cli.option_types import Device
from gaitprint.cli.probability import percentage
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted

if TYPE_CHECKING:
    import os

    import numpy as np

    from gaitprint.core.sequence import GaitSequence
    from gaitprint.gallery.answers import Identification
    from gaitprint.synth.crowd import Passer
    from gaitprint.video.video_people import VideoPeople

# What embeds the walks, where it is shipped.
MODEL = "silhouettes"
# Who is enrolled; which of them comes again; and one whom nobody knows.
ENROLLED, VISITOR, STRANGER = ("Anna", "Ben", "Cleo"), "Ben", "Dan"
# Share of strangers that may be taken for somebody.
FPIR = 0.1
_RATE_HZ, _SIZE, _DISTANCE_M, _CAMERA_HEIGHT_M = 25.0, (240, 320), 4.6, 1.2
# Focal length for one of the picture's width; seconds before, between and after walks; frames of a walk in the picture.
_FOCAL, _PAUSE_S, _WALK_S = 0.9, 0.8, 4.6
# Everybody comes back the way they went.
_WAYS = 2
_DRAWN = 12
# Of the animation: pictures a second, height and width of each of its videos and of the line below, and colours.
_ANIMATED_HZ, _ANIMATED_SIZE, _LINE_PX, _ANIMATED_COLOURS = 8.0, (270, 360), 34, 48


@dataclass(frozen=True)
class _Clip:
    """One video: whose, and which of their walks (other clothes, another place)."""

    file: str
    person: str
    walk: int


_CLIPS = (
    *(_Clip(f"{name.lower()}.mp4", name, 0) for name in ENROLLED),
    _Clip("visitor.mp4", VISITOR, 1),
    _Clip("stranger.mp4", STRANGER, 0),
)


def recognise_in_videos(
    folder: Path, model: str | os.PathLike[str] = MODEL, *, seed: int = 0, device: Device = "auto"
) -> dict[str, Any]:
    """Render videos, enroll three people by theirs, and ask who comes in two others.

    Args:
        folder: for the videos, the gallery, the annotated videos, and a picture and an animation of the answers.
        model: embeds silhouettes; calibrated, or nothing is decided.
        seed: of people and places.
        device: where to compute.

    Returns:
        model, visitor and stranger (each with decision, person and the candidates' names and distances), picture, and
        the annotated videos.
    """
    from gaitprint.core.progress import track
    from gaitprint.gallery.gallery import Gallery
    from gaitprint.video.front_ends import choose_front_ends
    from gaitprint.video.video_people import people_in_video

    folder.mkdir(parents=True, exist_ok=True)
    videos = [film(clip, folder, seed) for clip in track(_CLIPS, "filming walkers")]
    # What needs nothing installed is enough for one walker before a camera that stands still.
    front_ends = choose_front_ends("background")
    found = [people_in_video(video, front_ends=front_ends) for video in track(videos, "looking for walkers")]
    answers: dict[str, Identification] = {}
    with Gallery(folder / "gallery", model, device=device) as gallery:
        for clip, seen in zip(_CLIPS, found, strict=True):
            walks = [walk for person in seen.usable() for walk in person.walks]
            if clip.person in ENROLLED and clip.walk == 0:
                gallery.enroll(clip.person, walks, replace_older=True)
                kept = counted(len(walks), "walk")
                output.print(Text(f"{folder / clip.file}: {clip.person} is enrolled with {kept}"))
            else:
                answers[clip.file] = gallery.identify(walks, FPIR)
                output.print(Text(f"{folder / clip.file}: {_words(answers[clip.file])}"))
    picture, animation = folder / "answers.png", folder / "who-came.gif"
    _draw_answers(found, answers, picture)
    annotated = [
        _annotate(video, seen, answers[clip.file])
        for video, seen, clip in zip(videos, found, _CLIPS, strict=True)
        if clip.file in answers
    ]
    _animate(annotated, [f"Who is this?  {_name(answer)}" for answer in answers.values()], animation)
    output.print(Text(f"who came: {picture}    {animation}"))
    summaries = {Path(name).stem: _summary(answer) for name, answer in answers.items()}
    return {"model": str(model), **summaries, "picture": str(picture), "annotated": [str(each) for each in annotated]}


def film(clip: _Clip, folder: Path, seed: int) -> Path:
    """Render one video and write it; returns its path."""
    import zlib

    import numpy as np

    from gaitprint.synth.camera import Camera
    from gaitprint.synth.crowd import render_crowd
    from gaitprint.synth.scene import Scene
    from gaitprint.video.encode import write_video

    # Body and gait are the person's; clothes, place and way are those of the walk.
    person = np.random.default_rng([seed, zlib.crc32(clip.person.encode())])
    rng = np.random.default_rng([seed, zlib.crc32(clip.file.encode())])
    height, width = _SIZE
    camera = Camera(
        view_deg=0.0,
        distance_m=_DISTANCE_M,
        height_m=_CAMERA_HEIGHT_M,
        focal_px=_FOCAL * width,
        height=height,
        width=width,
    )
    scene = Scene(light_from_deg=float(rng.uniform(-40, 40)), ambient=0.6, shadow=0.8, grain=3, clutter=8, texture=0.15)
    picture = render_crowd([_passer(person, rng)], camera, scene, rng)
    path = folder / clip.file
    with write_video(path, _RATE_HZ) as write:
        for frame in picture.frames:
            write(frame)
    return path


def _passer(person: np.random.Generator, rng: np.random.Generator) -> Passer:
    """Draw a person, and let them walk through the picture, and back."""
    from gaitprint.synth.body import sample_body
    from gaitprint.synth.clothing import recolour, sample_outfit
    from gaitprint.synth.crowd import Passer, appear
    from gaitprint.synth.motion import place, walk
    from gaitprint.synth.style import sample_style, vary_style

    body, style = sample_body(person), sample_style(person)
    pause, steps = round(_PAUSE_S * _RATE_HZ), round(_WALK_S * _RATE_HZ)
    count = pause + _WAYS * (steps + pause)
    whole = None
    heading = 90.0 + float(rng.uniform(-12, 12))
    for way in range(_WAYS):
        motion = walk(body, vary_style(style, rng), steps, frame_rate_hz=_RATE_HZ, start_phase=float(rng.random()))
        placed = place(motion.landmarks, heading + 180.0 * way)
        first = pause + way * (steps + pause)
        if whole is None:
            whole = appear(placed, first, count)
        else:
            whole[first : first + steps] = placed
    assert whole is not None
    return Passer(whole, body, recolour(sample_outfit(rng), rng))


def _words(answer: Identification) -> str:
    """Say in words who that is."""
    if answer.decision is None:
        return f"not decided ({answer.reason}); nearest is {_nearest(answer)}"
    if answer.decision == "known":
        return f"known: {_nearest(answer)}"
    return f"unknown, nobody who is enrolled; nearest is {_nearest(answer)}"


def _name(answer: Identification) -> str:
    """Say shortly who that is."""
    if answer.decision == "known":
        return _nearest(answer)
    return "not decided" if answer.decision is None else "Nobody who is known"


def _nearest(answer: Identification) -> str:
    first = answer.candidates[0]
    return f"{first.subject}, {percentage(first.probability)}"


def _summary(answer: Identification) -> dict[str, Any]:
    return {
        "decision": answer.decision,
        "person": answer.candidates[0].subject if answer.decision == "known" else None,
        "candidates": [{"name": each.subject, "distance": each.distance} for each in answer.candidates],
    }


def _draw_answers(found: list[VideoPeople], answers: dict[str, Identification], path: Path) -> None:
    """Draw one walk of each video as a row of silhouettes, named by who it is, or is said to be."""
    import numpy as np

    from gaitprint.core.files import atomic_path
    from gaitprint.reports.preview import contact_sheet

    def frames(walk: GaitSequence) -> np.ndarray:
        assert walk.silhouettes is not None
        chosen = np.linspace(0, walk.num_frames - 1, _DRAWN).round().astype(int)
        return np.asarray(walk.silhouettes[chosen])

    rows = {}
    for clip, seen in zip(_CLIPS, found, strict=True):
        answer = answers.get(clip.file)
        said = "enrolled" if answer is None else "unknown" if answer.decision != "known" else _nearest(answer)
        rows[f"{Path(clip.file).stem}: {said}"] = frames(seen.walks[0])
    figure = contact_sheet(rows, columns=_DRAWN, title="Three people are enrolled by their videos. Who comes?")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def _annotate(video: Path, found: VideoPeople, answer: Identification) -> Path:
    """Write a video beside itself with outlines, and with the name that was found; returns its path."""
    from gaitprint.video.passage_pictures import write_annotated_video
    from gaitprint.video.sources import open_source

    name = answer.candidates[0].subject if answer.decision == "known" else "unknown"
    passages = [passage for person in found.people for passage in person.passages]
    path = video.with_stem(f"{video.stem}-annotated")
    write_annotated_video(open_source(str(video)), passages, path, {person.number: name for person in found.people})
    return path


def _animate(videos: list[Path], lines: list[str], path: Path) -> None:
    """Write the first walk through the picture of all videos, side by side above a line of words each, as a GIF."""
    from PIL import Image, ImageDraw, ImageFont

    from gaitprint.reports.animation import write_animation
    from gaitprint.video.decode import open_pictures

    step, last = round(_RATE_HZ / _ANIMATED_HZ), round((_PAUSE_S + _WALK_S) * _RATE_HZ)
    columns = [[picture.frame for picture in open_pictures(video)][:last:step] for video in videos]
    (height, width), font = _ANIMATED_SIZE, ImageFont.load_default(size=17)
    blank = Image.new("RGB", (width * len(videos), height + _LINE_PX), "white")
    for column, line in enumerate(lines):
        ImageDraw.Draw(blank).text((column * width + 8, height + 6), line, "black", font)
    pictures = []
    for side_by_side in zip(*columns, strict=False):
        picture = blank.copy()
        for column, frame in enumerate(side_by_side):
            small = Image.fromarray(frame).resize((width, height), Image.Resampling.BOX)
            picture.paste(small, (column * width, 0))
        pictures.append(picture.quantize(_ANIMATED_COLOURS, dither=Image.Dither.NONE))
    write_animation(pictures, path, round(1000 * step / _RATE_HZ))

"""`gaitprint synth`: synthetic walkers, or recorded motion, rendered by all cores into a store or a tree of PNGs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from gaitprint import __version__
from gaitprint.cli.option_types import Names, Size, parse_size
from gaitprint.cli.rejects import print_rejects, rejects_to_json
from gaitprint.cli.rendering import Reject, attempt, encode, in_parallel, video_path, write_film, write_views
from gaitprint.cli.synth_walks import (
    EVERYDAY_PASSAGES,
    EVERYDAY_TRAINING_SHARE,
    RecordedWalk,
    Shown,
    Walk,
    everyday_people,
    made_up_people,
    split,
)
from gaitprint.cli.terminal import output
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.files import write_json
from gaitprint.core.skeletons import get_skeleton

if TYPE_CHECKING:
    from gaitprint.core.skeletons import Skeleton
    from gaitprint.data.encoding import EncodedWalk
    from gaitprint.data.store import Store


def synth(
    *,
    subjects: Annotated[int | None, arg(metavar="N")] = None,
    out: Annotated[Path, arg(metavar="DIR")],
    layout: Literal["casia-b", "everyday"] = "casia-b",
    conditions: Names = (),
    views: Names = (),
    every: Annotated[int, arg(metavar="N")] = 1,
    motion: Annotated[Path | None, arg(metavar="STORE")] = None,
    as_: Annotated[Literal["store", "tree", "videos"], arg(name="as")] = "store",
    seed: int = 0,
    size: Size = "64x64",
    encoding: Literal["bits", "grey"] = "bits",
    joints: Annotated[str | None, arg(metavar="SKELETON")] = None,
    joint_axes: Literal[2, 3] = 3,
    frames: bool = False,
    workers: Annotated[int | None, arg(metavar="N")] = None,
) -> dict[str, Any]:
    """Make synthetic walkers: a store of aligned silhouettes, a tree of raw PNGs, or videos.

    Laid out as CASIA-B: subjects 001.., conditions nm-01..06 (normal), bg-01..02 (bag), cl-01..02 (coat), views
    000..180. The first 74 of 124 subjects (the same share of any other number) are the training split. Everything
    follows from the seed; a second run adds only the walks that are missing. A store refuses those of another seed, or
    of more or fewer subjects; in a tree or among videos, whatever bears the name of a walk is taken for it.

    With --motion, the recorded 3-D joints of another store (prepared from Kinect walks or BVH files) walk instead, seen
    from the same views; subjects, conditions and splits are those of that store.

    The layout everyday is for networks that are to know people in videos: people keep body and gait, each of their
    walks ev-01..08 has other clothes and six cameras that stand anywhere, each with its own resolution and segmentation
    errors. It takes --subjects and --motion together; recorded people are given bodies of their own, and three passages
    of each of their walks are rendered. With --as videos each of the made-up people's walks is a video instead, in
    which they cross a scene of its own to the one side and back.

    Args:
        subjects: How many people walk.
        out: The store, or the folder of the tree or of the videos.
        layout: Which data set the conditions and views follow.
        conditions: Only these, for example nm-01 bg-01; by default all of the layout.
        views: Seen from these angles in degrees, 0..360; by default those of the layout. Not for everyday.
        every: Keep every Nth frame, at so much lower a frame rate.
        motion: Render the joints of this store instead of making people up.
        as_: A store, a tree of PNGs subject/condition/view/0000.png, or videos subject/condition.mp4.
        seed: Other people, other walks.
        size: Height x width that a store's silhouettes are aligned to.
        encoding: Keep a store's silhouettes as bits or as grey values.
        joints: Also keep joints in this skeleton (for example kinect-v2-25); for a store.
        joint_axes: 3 keeps joints in metres in the camera's frame, 2 in pixels of the RGB frames.
        frames: Also keep RGB frames, 160 x 120, in which no walk of a person has the colours of another; for a store.
        workers: Processes to render with; by default one a core.

    Returns:
        How many walks were made, how many were there, which could not be rendered, and the path.
    """
    from gaitprint.data.store import Store

    everyday = layout == "everyday"
    given = [subjects is not None, motion is not None]
    if not any(given) or (all(given) and not everyday):
        raise UsageError(
            "give either --subjects, to make people up, or --motion, to render recorded ones; "
            "--layout everyday takes both"
        )
    if everyday and (views or conditions):
        raise UsageError(
            "--layout everyday draws clothes and cameras by itself; it takes no --conditions and no --views"
        )
    for option, number in (("--every", every), ("--workers", workers)):
        if number is not None and number < 1:
            raise UsageError(f"{option} is {number}, must be at least 1")
    if joint_axes == 2 and not (joints and frames):
        raise UsageError("--joint-axes 2 gives joints in pixels of the frames; it needs --joints and --frames")
    skeleton = None if joints is None else get_skeleton(joints)
    shown = Shown(joints, joint_axes, frames, views, every)
    if as_ == "videos":
        if not everyday or motion is not None or joints is not None or frames or every != 1:
            raise UsageError("--as videos goes with --layout everyday, --subjects and --seed alone")
        return _write_videos(out, subjects or 0, seed, workers)
    walks: list[Walk] = []
    splits: dict[str, list[str]] = {}
    sources: list[str] = []
    if subjects is not None:
        walks, splits = (
            everyday_people(subjects, seed, shown) if everyday else made_up_people(subjects, seed, conditions, shown)
        )
        sources.append(f"synthetic walkers, layout {layout}, seed {seed}")
    if motion is not None:
        if conditions:
            raise UsageError("--conditions chooses what made-up people do; with --motion every walk is rendered")
        recorded = Store.open(motion)
        passages = range(1, EVERYDAY_PASSAGES + 1) if everyday else (None,)
        walks += [RecordedWalk(motion, walk, seed, shown, passage) for walk in recorded for passage in passages]
        of_recorded = {name: list(members) for name, members in recorded.splits.items() if name != "probe"}
        if everyday and not of_recorded:
            of_recorded = split(sorted({info.subject for info in recorded.infos}), EVERYDAY_TRAINING_SHARE)
        splits = {name: [*splits.get(name, ()), *of_recorded.get(name, ())] for name in {**splits, **of_recorded}}
        sources.append(f"joints of {recorded.content_hash()}, {'layout everyday, ' if everyday else ''}seed {seed}")
    source = " and ".join(sources) + (f", every {every} frames" if every > 1 else "")
    if as_ == "tree":
        if joints is not None or frames:
            raise UsageError("a tree of PNGs holds silhouettes only; joints and frames need --as store")
        missing = [walk for walk in walks if not all((out / view_id).is_dir() for view_id in walk.ids)]
        present = sum(len(walk.ids) for walk in walks) - sum(len(walk.ids) for walk in missing)
        return _report(out, present, list(in_parallel(partial(attempt, partial(write_views, out)), missing, workers)))
    store = Store.create(out, encoding=encoding)
    if store.manifest.get("source", source) != source:
        raise UsageError(f"{out}: holds walks of another source: {store.manifest['source']}")
    _check_kept(store, parse_size(size), skeleton, joint_axes, frames=frames)
    if store.splits and store.splits != {name: tuple(members) for name, members in splits.items()}:
        # Who trains follows from how many there are: people would go over from test to train, unnoticed.
        raise UsageError(f"{out}: was made for another number of subjects, of whom others train; choose another folder")
    store.set_manifest(
        {"reader": "synth", "source": source, "size": list(parse_size(size)), "gaitprint_version": __version__}
    )
    store.set_splits(splits)
    missing = [walk for walk in walks if not all(view_id in store for view_id in walk.ids)]
    present = len(store)
    encoded = in_parallel(partial(attempt, partial(encode, encoding, parse_size(size))), missing, workers)
    outcomes = [walk if isinstance(walk, Reject) else _add(store, walk) for walk in encoded]
    write_json(out / "manifest.json", store.manifest)
    return _report(out, present, outcomes)


def _check_kept(
    store: Store, size: tuple[int, int], skeleton: Skeleton | None, joint_axes: int, *, frames: bool
) -> None:
    """Raise a `UsageError` where the walks of a store, by the first of them, are kept otherwise than those to come."""
    if not len(store):
        return
    info = store.infos[0]
    joints = store.read(info.id).joints
    options = {
        "--size": (info.silhouette_size, size),
        "--joints": (info.skeleton, skeleton),
        "--joint-axes": (None if joints is None else joints.shape[-1], None if skeleton is None else joint_axes),
        "--frames": ("frames" in info.modalities, frames),
    }
    for option in (option for option, (there, wanted) in options.items() if there != wanted):
        raise UsageError(f"{store.path}: holds walks that were made with another {option}; choose another folder")


def _write_videos(out: Path, subjects: int, seed: int, workers: int | None) -> dict[str, Any]:
    from gaitprint.synth.walkers import everyday_walks

    specs = everyday_walks(subjects, seed)
    missing = [spec for spec in specs if not video_path(out, spec).exists()]
    made = len(list(in_parallel(partial(write_film, out), missing, workers)))
    output.print(f"{made} videos made, {len(specs) - made} already there: {out}")
    return {"made": made, "present": len(specs) - made, "rejects": [], "path": str(out)}


def _report(out: Path, present: int, outcomes: list[int | Reject]) -> dict[str, Any]:
    rejects = [outcome for outcome in outcomes if isinstance(outcome, Reject)]
    made = sum(outcome for outcome in outcomes if not isinstance(outcome, Reject))
    print_rejects(rejects)
    if rejects and not made + present:
        raise GaitprintError(f"{out}: none of {len(rejects)} walks could be rendered; the first: {rejects[0].reason}")
    output.print(f"{made} walks made, {present} already there: {out}")
    return {"made": made, "present": present, "rejects": rejects_to_json(rejects), "path": str(out)}


def _add(store: Store, walks: list[EncodedWalk]) -> int:
    new = [walk for walk in walks if walk.info.id not in store]
    store.add_encoded(new)
    return len(new)

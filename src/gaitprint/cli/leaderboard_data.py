"""The walks of the leaderboard's data sets: made where they are missing, or taken from where the user says."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

from gaitprint.cli.prepare import prepare
from gaitprint.cli.synth import synth
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.files import write_json
from gaitprint.data.store import Store
from gaitprint.training.leaderboard_systems import DATA_SETS, DataSet

_TRAINING_SHARE = 67 / 100
# A trial has so many people, and sees them from the side alone.
_QUICK_WALKERS, _QUICK_RECORDED, _QUICK_VIEWS = 14, 12, ("090",)
_RGB_VIEWS = ("054", "090")


def parse_given(words: tuple[str, ...]) -> dict[str, Path]:
    """Read the words NAME=PATH of ``--data``.

    Raises:
        UsageError: a word of another form, an unknown name, or no such folder.
    """
    names = [data.name for data in DATA_SETS]
    given: dict[str, Path] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not equals or name not in names:
            raise UsageError(f"--data {word}: write NAME=FOLDER, where NAME is one of {', '.join(names)}")
        if not Path(path).is_dir():
            raise UsageError(f"--data {word}: no such folder")
        given[name] = Path(path)
    return given


class LeaderboardData:
    """Opens the store of each data set.

    Args:
        folder: gets a store for each data set that is not given.
        given: name of a data set -> a store to take instead; for ``kinect`` also the folder of the recordings.
        quick: few people, one view, few frames.
    """

    def __init__(self, folder: Path, given: Mapping[str, Path], *, quick: bool) -> None:
        self._folder, self._given, self._quick = folder, given, quick

    def open(self, data: DataSet) -> Store:
        """Return the walks of a data set; whatever is missing is made first.

        Raises:
            GaitprintError: recordings that are needed were not given, or cannot be read.
        """
        if data.name == "kinect":
            return self._recorded()
        if data.name in self._given:
            return Store.open(self._given[data.name])
        out, quick = self._folder / data.name, self._quick
        if data.name == "walkers":
            synth(subjects=_QUICK_WALKERS if quick else 124, out=out, views=("054", "090") if quick else ())
        elif data.name == "rgb":
            synth(subjects=_QUICK_WALKERS if quick else 124, out=out, seed=1, views=_RGB_VIEWS, every=3, frames=True)
        else:
            motion, frames = self._recorded().path, data.name == "filmed"
            views = _QUICK_VIEWS if quick else _RGB_VIEWS if frames else ()
            every = (24 if frames else 4) if quick else (6 if frames else 1)
            synth(motion=motion, out=out, views=views, every=every, frames=frames)
        return Store.open(out)

    def _recorded(self) -> Store:
        """The recorded people with the leaderboard's own split, the first 67 of 100 shuffled names for training."""
        given = self._given.get("kinect")
        if given is None:
            raise GaitprintError(
                "needs recorded people: give --data kinect=FOLDER, the walks of github.com/Vortander/KinectGait"
            )
        source, out = given, self._folder / "kinect"
        if not (given / "data.mdb").is_file():
            source = self._folder / "kinect-recordings"
            prepare("kinect-gait", given, out=source)
        return copy_with_split(Store.open(source), out, _QUICK_RECORDED if self._quick else None)


def copy_with_split(source: Store, out: Path, most_people: int | None = None) -> Store:
    """Copy walks into a store that is split into training and test people.

    Args:
        source: the walks.
        out: the copy; walks that are there are not copied again.
        most_people: so many people alone; None for all.

    Returns:
        the copy. Sorted names are shuffled by ``random.Random(0).shuffle``; 67 of 100 are for training.

    Raises:
        UsageError: `out` holds the walks of another source.
    """
    people = sorted({info.subject for info in source.infos})
    random.Random(0).shuffle(people)
    people = people[:most_people]
    training = round(len(people) * _TRAINING_SHARE)
    store = Store.create(out, encoding=source.encoding)
    origin = json.dumps({"content": source.content_hash(), "people": len(people)})
    if store.manifest.get("copy_of", origin) != origin:
        raise UsageError(f"{out}: holds walks of other recordings; name another folder with --out")
    store.set_manifest({"copy_of": origin})
    store.set_splits({"train": people[:training], "test": people[training:]})
    store.add(source.read(info.id) for info in source.infos if info.subject in people and info.id not in store)
    write_json(out / "manifest.json", store.manifest)
    return Store.open(out)

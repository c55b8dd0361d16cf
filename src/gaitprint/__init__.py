"""gaitprint recognises people by the way they walk.

The names in `__all__` are the public Python interface; each is imported when it is first used, so that
``import gaitprint`` loads neither torch nor OpenCV. Those of commands are the functions that the command line calls,
with the same options: they return what ``--json`` writes, and tell on standard error how far they are.

Example:
    From arrays to a store, with boxes for silhouettes, as nobody walks here:

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import gaitprint
    >>> folder = Path(tempfile.mkdtemp())
    >>> def walk(subject: str, number: int) -> gaitprint.GaitSequence:
    ...     raw = np.zeros((8, 120, 160), np.uint8)
    ...     raw[:, 20:100, 60 : 80 + 10 * ord(subject[0]) % 17] = 255
    ...     silhouettes, kept = gaitprint.align_silhouettes(raw, (64, 64))
    ...     labels = (subject, f"nm-{number:02}", "090", 25.0)
    ...     return gaitprint.GaitSequence(*labels, silhouettes=silhouettes)
    >>> store = gaitprint.Store.create(folder / "walks")
    >>> store.add(walk(subject, number) for subject in ("anna", "ben", "carla", "dora") for number in (1, 2, 3))
    >>> gaitprint.gait_energy_image(store.read("anna/nm-01/090").silhouettes).shape
    (64, 64)

    Train on two of them, and measure on the other two:

    >>> trained = gaitprint.train(
    ...     "cnn-gei",
    ...     ("data.subjects=[anna,ben]", "data.validation_subjects=0", "sampler.batch_size=4", "training.epochs=1"),
    ...     data=folder / "walks",
    ...     out=folder / "run",
    ... )
    >>> measured = gaitprint.evaluate(
    ...     str(folder / "run"), data=folder / "walks", protocol="first-walk", out=folder / "evaluation"
    ... )
    >>> measured["subjects"], (folder / "evaluation" / "report.html").is_file()
    (2, True)
    >>> model = gaitprint.load(folder / "run")
    >>> model.embed([store.read("carla/nm-01/090")]).dtype
    dtype('float32')
    >>> gaitprint.EmbeddingSet.load(folder / "evaluation" / "embeddings.npz").ids[0]
    'carla/nm-01/090'
    >>> gaitprint.Matcher(model).distance(store.read("carla/nm-01/090"), store.read("carla/nm-02/090")) >= 0
    True

    Make somebody known, and ask who it is; without a calibration nothing is decided. A walk may be
    a video as well, and `gaitprint.Gallery` takes walks in memory:

    >>> options = {"gallery": str(folder / "gallery"), "model": (str(folder / "run"),)}
    >>> enrolled = gaitprint.enroll("Carla", (f"{folder}/walks::carla/nm-01/090",), **options)
    >>> answer = gaitprint.identify((f"{folder}/walks::carla/nm-02/090",), **options)
    >>> answer["candidates"][0]["subject"], answer["decision"]
    ('Carla', None)
    >>> gaitprint.verify("Carla", (f"{folder}/walks::carla/nm-02/090",), **options)
    Traceback (most recent call last):
    gaitprint.core.errors.UsageError: cnn-gei is not calibrated: which distance to accept is not known
    >>> same = f"{folder}/walks::carla/nm-01/090"
    >>> gaitprint.compare(same, same, model=str(folder / "run"))["distance"]
    0.0

    Whatever is wrong with what was given is one line, from every function:

    >>> try:
    ...     gaitprint.extract("no-such-video.mp4", out=folder / "extracted")
    ... except gaitprint.GaitprintError as error:
    ...     print(error)
    no-such-video.mp4: No such file or directory
    >>> gaitprint.people_in_video("no-such-video.mp4")
    Traceback (most recent call last):
    gaitprint.core.errors.UnreadableFileError: no-such-video.mp4: No such file or directory
    >>> gaitprint.prepare("tree", Path("no-such-folder"), out=folder / "prepared")
    Traceback (most recent call last):
    gaitprint.core.errors.UnreadableFileError: no-such-folder: no such folder
    >>> gaitprint.read_skeleton("stick-9.yaml")
    Traceback (most recent call last):
    gaitprint.core.errors.UnreadableFileError: stick-9.yaml: No such file or directory
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "EmbeddingSet": "gaitprint.core.embeddings",
    "GaitSequence": "gaitprint.core.sequence",
    "Gallery": "gaitprint.gallery.gallery",
    "GaitprintError": "gaitprint.core.errors",
    "Matcher": "gaitprint.evaluation.matching",
    "Skeleton": "gaitprint.core.skeletons",
    "Store": "gaitprint.data.store",
    "align_silhouettes": "gaitprint.data.silhouettes",
    "compare": "gaitprint.cli.compare",
    "enroll": "gaitprint.cli.enroll",
    "evaluate": "gaitprint.cli.evaluate",
    "extract": "gaitprint.cli.extract",
    "gait_energy_image": "gaitprint.data.gei",
    "identify": "gaitprint.cli.identify",
    "load": "gaitprint.evaluation.embed:load_embedder",
    "people_in_video": "gaitprint.video.video_people",
    "prepare": "gaitprint.cli.prepare",
    "read_skeleton": "gaitprint.core.skeleton_definition",
    "train": "gaitprint.cli.train",
    "verify": "gaitprint.cli.verify",
}

__all__ = [*_PUBLIC, "__version__"]

# The same for type checkers, which do not look into a table.
if TYPE_CHECKING:
    from gaitprint.cli.compare import compare as compare
    from gaitprint.cli.enroll import enroll as enroll
    from gaitprint.cli.evaluate import evaluate as evaluate
    from gaitprint.cli.extract import extract as extract
    from gaitprint.cli.identify import identify as identify
    from gaitprint.cli.prepare import prepare as prepare
    from gaitprint.cli.train import train as train
    from gaitprint.cli.verify import verify as verify
    from gaitprint.core.embeddings import EmbeddingSet as EmbeddingSet
    from gaitprint.core.errors import GaitprintError as GaitprintError
    from gaitprint.core.sequence import GaitSequence as GaitSequence
    from gaitprint.core.skeleton_definition import read_skeleton as read_skeleton
    from gaitprint.core.skeletons import Skeleton as Skeleton
    from gaitprint.data.gei import gait_energy_image as gait_energy_image
    from gaitprint.data.silhouettes import align_silhouettes as align_silhouettes
    from gaitprint.data.store import Store as Store
    from gaitprint.evaluation.embed import load_embedder as load  # noqa: F401
    from gaitprint.evaluation.matching import Matcher as Matcher
    from gaitprint.gallery.gallery import Gallery as Gallery
    from gaitprint.video.video_people import people_in_video as people_in_video


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'gaitprint' has no attribute '{name}'")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(importlib.import_module(module), attribute or name)
    globals()[name] = value  # found without this function from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})

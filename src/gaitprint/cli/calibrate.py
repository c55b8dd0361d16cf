"""`gaitprint calibrate`: thresholds and probabilities of a model, from people whom it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from rich.table import Table
from rich.text import Text
from tyro.conf import Positional, arg

from gaitprint.cli.option_types import Device, Names
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted

_SHOWN_RATES = (0.001, 0.01, 0.1)


def calibrate(
    model: Positional[Annotated[str, arg(metavar="MODEL")]],
    /,
    *,
    data: Annotated[Path, arg(metavar="STORE")],
    subjects: Names = (),
    recordings: Literal["conditions", "videos"] = "conditions",
    source: Annotated[str | None, arg(metavar="WORDS")] = None,
    device: Device = "auto",
) -> dict[str, Any]:
    """Find a model's thresholds and probabilities on people whom it never saw, and keep them beside its weights.

    They travel with the model from then on: identify and verify decide by them. Nobody among these people should be in
    the gallery, and their walks should be like those to be expected: from such cameras, in such clothes.

    Args:
        model: A run folder, or a folder of weights.
        data: Walks of people whom the model never saw.
        subjects: Only these people, or a split of the store (test); by default all whom the model did not learn from.
        recordings: What is one recording, within which no pairs are formed - walks of one condition; or videos, whose
            passages are numbered behind the last hyphen of their condition.
        source: What the walks are, for whoever reads the calibration.
        device: Where to compute.

    Returns:
        model, people, walks, genuine and impostors (how many pairs), thresholds by false match rate, and the path.
    """
    from gaitprint.core.errors import UsageError
    from gaitprint.data.store import Store
    from gaitprint.evaluation.calibrate import calibrate as fit
    from gaitprint.evaluation.calibration import CALIBRATION_FILE
    from gaitprint.evaluation.embed import load_embedder, weights_folder
    from gaitprint.evaluation.unseen import unseen_subjects

    path = Path(model)
    if not path.is_dir():
        raise UsageError(f"{model}: is no folder of weights, beside which a calibration could be kept")
    folder = weights_folder(path)
    store = Store.open(data)
    embedder = load_embedder(path, device)
    if len(subjects) == 1 and subjects[0] in store.splits:
        subjects = tuple(store.splits[subjects[0]])
    people = unseen_subjects(store, embedder.train_subjects, subjects)
    positions = [position for position, info in enumerate(store.infos) if info.subject in people]
    embeddings = embedder.embed_store(store, positions)
    known_as = source or f"{len(people)} people, {len(positions)} walks of {data.name}, {store.content_hash()[:12]}"
    calibration = fit(embeddings, embedder.distance, recordings=recordings, source=known_as)
    calibration.save(folder)
    table = Table(box=None, title=f"{calibration.genuine} pairs of one person, {calibration.impostors} of two")
    table.add_column("false match rate", justify="right")
    table.add_column("accepted up to distance", justify="right")
    rates = {rate: calibration.threshold(rate) for rate in _SHOWN_RATES if rate >= calibration.fmr_thresholds[0][0]}
    for rate, distance in rates.items():
        table.add_row(f"{100 * rate:g} %", f"{distance:.3f}")
    output.print(table)
    measured = f"{counted(len(people), 'person', 'people')}, {counted(len(positions), 'walk')}"
    output.print(Text(f"{measured}: {folder / CALIBRATION_FILE}"))
    return {
        "model": model,
        "people": len(people),
        "walks": len(positions),
        "genuine": calibration.genuine,
        "impostors": calibration.impostors,
        "thresholds": {f"{rate:g}": distance for rate, distance in rates.items()},
        "path": str(folder / CALIBRATION_FILE),
    }

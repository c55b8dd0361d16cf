"""The last step of a training: how alike strangers look to the model, kept beside its weights."""

from __future__ import annotations

import shutil
from pathlib import Path

from gaitprint.core.folders import atomic_folder, surviving_folder
from gaitprint.core.score_normalisation import Strangers
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_network
from gaitprint.models.weights import read_card, save_strangers
from gaitprint.training.people import People


def describe_strangers(run: Path, store: Store, people: People, device: str) -> None:
    """Add the description of strangers to best/ and last/ of a run that has come to its end, where it is missing.

    The strangers are the people learnt: whoever the model is asked about later is compared with the way in which these
    differ. A folder is replaced as a whole, so that a kill at any moment leaves it with or without the description.

    Args:
        run: the run folder.
        store: the data of the training.
        people: whom it learnt from.
        device: where to compute.

    Raises:
        IncompatibleError: the model's embeddings are not compared by cosine.
    """
    for name in ("best", "last"):
        folder = surviving_folder(run / name)
        if folder is None or read_card(folder).strangers_hash:
            continue
        walks = load_network(folder, device).embed_store(store, people.positions)
        strangers = Strangers.of(walks.embeddings, walks.subjects)
        with atomic_folder(run / name) as temporary:
            shutil.copytree(folder, temporary, dirs_exist_ok=True)
            save_strangers(temporary, strangers, read_card(folder))

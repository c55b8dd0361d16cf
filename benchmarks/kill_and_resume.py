"""Kill a training with SIGKILL at random moments, resume it each time, and compare the weights with an unkilled run's.

    python -m benchmarks.kill_and_resume
    python -m benchmarks.kill_and_resume --data STORE --recipe cnn-gei --kills 10 training.epochs=2

Exits 1 when the SHA-256 of the final weights differ, or when a kill ever leaves no loadable checkpoint behind one.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gaitprint.core.folders import surviving_folder
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.models.weights import load_weights
from gaitprint.training.fit import train
from gaitprint.training.recipe import Recipe, load_recipe

# Without --data: a small network and frequent checkpoints, so that many kills fall into the writing of one.
QUICK = ["input.size=[64,44]", "training.epochs=30", "training.save_every_steps=3", "data.validation_subjects=2"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="changes to the recipe, key=value")
    parser.add_argument("--data", type=Path, help="a store; default: boxes that sway")
    parser.add_argument("--recipe", default="cnn-gei")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        store = Store(arguments.data) if arguments.data else make_store(work / "store")
        overrides = [*([] if arguments.data else QUICK), *arguments.overrides]
        recipe = load_recipe(arguments.recipe, overrides)
        _run(load_recipe(arguments.recipe, [*overrides, "training.steps=1"]), store, work / "warm-up").join()
        started = time.perf_counter()
        _run(recipe, store, work / "whole").join()
        seconds = time.perf_counter() - started
        print(f"uninterrupted: {seconds:.1f} s, weights {_hash(work / 'whole')}")
        chance = random.Random(arguments.seed)
        for kill in range(arguments.kills):
            # The lives add up to less than the training takes; some end while the process still starts.
            process = _run(recipe, store, work / "killed")
            process.join(chance.uniform(0, 1.5 * seconds / arguments.kills))
            finished = process.exitcode is not None
            process.kill()
            process.join()
            last = surviving_folder(work / "killed" / "last")
            step = load_weights(last)[1].step if last else 0
            print(f"kill {kill + 1}: {'had finished' if finished else 'killed'}; last checkpoint at step {step}")
        _run(recipe, store, work / "killed").join()
        print(f"resumed after {arguments.kills} kills: weights {_hash(work / 'killed')}")
        same = _hash(work / "whole") == _hash(work / "killed")
        whole, killed = ((work / run / "history.csv").read_bytes() for run in ("whole", "killed"))
        print(f"weights {'identical' if same else 'DIFFER'}, history {'identical' if whole == killed else 'DIFFERS'}")
    return 0 if same and whole == killed else 1


def _run(recipe: Recipe, store: Store, out: Path) -> multiprocessing.process.BaseProcess:
    """Start a training in a process of its own, forked from a server that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gaitprint.training.fit", "gaitprint.losses.triplet", "gaitprint.models.cnn_gei"])
    process = context.Process(target=_train_quietly, args=(recipe, store, out))
    process.start()
    return process


def _train_quietly(recipe: Recipe, store: Store, out: Path) -> None:
    from gaitprint.core.progress import console

    console.quiet = True
    train(recipe, store, out, resume=True, device="cpu")


def _hash(run: Path) -> str:
    return load_weights(run / "last")[1].weights_hash


def make_store(path: Path, subjects: int = 8, walks: int = 16, frames: int = 12) -> Store:
    """Write boxes of different sizes that sway, one size a person."""
    rng = np.random.default_rng(0)
    sequences = []
    for subject in range(subjects):
        width, height = 8 + 4 * (subject % 4), 34 + 3 * subject
        for walk in range(walks):
            silhouettes = np.zeros((frames, 64, 64), np.uint8)
            for frame, shift in zip(silhouettes, rng.integers(-2, 3, frames), strict=True):
                frame[63 - height : 63, 32 + shift - width // 2 : 32 + shift + width // 2] = 255
            silhouettes[rng.random(silhouettes.shape) < 0.03] ^= 255
            sequences.append(GaitSequence(f"{subject:03d}", f"nm-{walk:02d}", "090", 25.0, silhouettes=silhouettes))
    store = Store.create(path)
    store.add(sequences)
    store.set_splits({"train": [f"{subject:03d}" for subject in range(subjects)]})
    return Store(path)


if __name__ == "__main__":
    sys.exit(main())

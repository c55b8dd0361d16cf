"""Train in one process and in two (torchrun, gloo, CPU) on the same global batches, and compare.

    python -m benchmarks.distributed_equality --data STORE [--seeds 3] [key=value ...]

First a CNN-GEI without batch normalisation. In 64 bits the loss curves must agree to 1e-6, or the script exits 1. In 32
bits training multiplies rounding errors, as the curves of one process with one and with two threads show beside them.
Choosing triplets multiplies them a hundredfold every dozen steps, so that loss is compared over its first 60 steps.

Then CNN-GEI as it is, where each process normalises by its own half of a batch: rank-1 on people whom the training
never saw, for several seeds, from one process and from two.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from gaitprint.data.sampling import select_walks
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_embedder
from gaitprint.training.fit import train
from gaitprint.training.recipe import load_recipe
from gaitprint.training.validation import validation_rank1

LIMIT = 1e-6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help="changes to the recipe, key=value")
    parser.add_argument("--data", type=Path, required=True, help="a store with the splits train and test")
    parser.add_argument("--recipe", default="cnn-gei")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)  # set in the processes that torchrun starts
    arguments = parser.parse_args()
    if arguments.out is not None:
        train(load_recipe(arguments.recipe, arguments.overrides), Store(arguments.data), arguments.out, device="cpu")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        agree = True
        print("without batch normalisation: largest relative difference of the loss of an epoch")
        for loss, extra in (("cross-entropy", []), ("triplet", ["training.steps=60"])):
            overrides = [*arguments.overrides, "model.normalisation=none", f"loss={loss}", *extra]
            in_64 = [*overrides, "training.precision=64-true"]
            exact = _difference(*(_losses(_train(arguments, in_64, processes, runs)) for processes in (1, 2)))
            one, two = (_losses(_train(arguments, overrides, processes, runs)) for processes in (1, 2))
            rounding = _difference(one, _losses(_train(arguments, overrides, 1, runs, threads=2)))
            agree = agree and exact < LIMIT
            print(f"  {loss}, 64 bits: {exact:.1e} (limit {LIMIT:.0e})")
            print(f"  {loss}, 32 bits: {_difference(one, two):.1e}; one process, one and two threads: {rounding:.1e}")

        print("CNN-GEI, rank-1 on unseen people (other recording, other view)")
        ranks = np.zeros((2, arguments.seeds))
        for seed in range(arguments.seeds):
            for processes in (1, 2):
                run = _train(arguments, [*arguments.overrides, f"training.seed={seed}"], processes, runs)
                ranks[processes - 1, seed] = _rank1_on_unseen(run, Store(arguments.data))
        for processes, row in enumerate(ranks, start=1):
            spread = f"mean {row.mean():.4f}, deviation {row.std(ddof=min(1, len(row) - 1)):.4f}"
            print(f"  {processes} process(es): {' '.join(f'{rank1:.4f}' for rank1 in row)}; {spread}")
    return 0 if agree else 1


def _train(arguments: argparse.Namespace, overrides: list[str], processes: int, runs: Path, threads: int = 1) -> Path:
    """Train under torchrun, also for one process; return the run folder."""
    out = runs / f"run-{len(list(runs.iterdir()))}"
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", __file__),
        *("--data", str(arguments.data), "--recipe", arguments.recipe, "--out", str(out), *overrides),
    ]
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": str(threads)}, stderr=subprocess.DEVNULL)
    return out


def _losses(run: Path) -> np.ndarray:
    with (run / "history.csv").open() as stream:
        return np.array([float(row["loss"]) for row in csv.DictReader(stream)])


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.max(np.abs(other / one - 1)))


def _rank1_on_unseen(run: Path, store: Store) -> float:
    embedder = load_embedder(run / "last", "cpu")
    unseen = set(store.splits["test"]) - set(embedder.train_subjects)
    return validation_rank1(embedder, embedder.embed_store(store, select_walks(store.infos, unseen)))


if __name__ == "__main__":
    sys.exit(main())

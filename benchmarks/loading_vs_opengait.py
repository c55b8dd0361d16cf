"""Random 30-frame clips from disk into batches: a gaitprint store beside OpenGait's DataSet and CollateFn.

    python -m benchmarks.loading_vs_opengait OPENGAIT [--subjects 20] [--frames 80] [--batches 30]

Same walks, same batch of walks, same kind of sampling, one process, OpenGait's cache off, file caches warm. OpenGait
leaves a list of arrays, one a walk; ours is one array [B, 30, 64, 64]. Rounds alternate and each side's best counts.
"""

import argparse
import json
import pickle
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.opengait_data import bytes_of, opengait_loading, walks
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from gaitprint.core.sequence import GaitSequence
from gaitprint.data.frame_sampling import choose_frames
from gaitprint.data.silhouettes import align_silhouettes
from gaitprint.data.store import Store

CLIP = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("opengait", type=Path, nargs="?", help="a checkout of OpenGait")
    parser.add_argument("--subjects", type=int, default=20, help="11 walks each")
    parser.add_argument("--frames", type=int, default=80)
    parser.add_argument("--batches", type=int, default=30, help="a round, of 8 x 8 walks")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if arguments.opengait is None or not (arguments.opengait / "opengait" / "data" / "dataset.py").is_file():
        print("skipped: needs a checkout of OpenGait as its argument (https://github.com/ShiqiYu/OpenGait)")
        return
    dataset_type, collate_type = opengait_loading(arguments.opengait)
    table = Table(title=f"clips of {CLIP} frames a second, one process")
    for column in ("sampling", "OpenGait", "gaitprint bits", "gaitprint grey", "ratio bits", "ratio grey"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        stores = write(work, arguments.subjects, arguments.frames)
        config = {
            "dataset_name": "benchmark", "dataset_root": str(work / "pkl"),
            "dataset_partition": str(work / "partition.json"), "cache": False,
        }  # fmt: skip
        dataset = dataset_type(config, True)
        random = np.random.default_rng(0)
        lengths = np.array([info.num_frames for info in stores["bits"].infos])
        batches = random.integers(0, len(dataset), (arguments.batches, 64))
        for name, sample_config, choose in (
            ("30 in a row", {"sample_type": "fixed_ordered", "frames_skip_num": 0}, in_a_row),
            ("30 of 40 in a row", {"sample_type": "fixed_ordered", "frames_skip_num": 10}, thinned),
            ("30 anywhere", {"sample_type": "fixed_unordered"}, anywhere),
        ):
            collate = collate_type(dataset.label_set, {**sample_config, "frames_num_fixed": CLIP})
            best = {"opengait": np.inf, "bits": np.inf, "grey": np.inf}
            runs = {"opengait": partial(theirs, dataset, collate)}
            runs |= {encoding: partial(ours, store, lengths, choose, random) for encoding, store in stores.items()}
            for _ in range(arguments.rounds):
                for key, run in runs.items():
                    best[key] = min(best[key], seconds(run, batches))
            rates = {key: batches.size / value for key, value in best.items()}
            ratios = [f"{rates[key] / rates['opengait']:.1f}" for key in ("bits", "grey")]
            table.add_row(name, *(f"{rate:.0f}" for rate in rates.values()), *ratios)
        pickles = bytes_of(work / "pkl", "*.pkl")
        disk = Table(title="disk")
        for column in ("", "bytes", "pickles / it"):
            disk.add_column(column, justify="right")
        disk.add_row("OpenGait .pkl", str(pickles), "")
        for encoding in stores:
            size = bytes_of(work / encoding, "data.mdb")
            disk.add_row(encoding, str(size), f"{pickles / size:.1f}")
    Console().print(table, disk)


def write(work: Path, subjects: int, frames: int) -> dict[str, Store]:
    """Write the same aligned walks as OpenGait's pickles and as stores."""
    sequences = []
    for walk, raw in walks(subjects, frames):
        subject, condition, view = walk.split("/")
        aligned, _ = align_silhouettes(raw)
        sequences.append(GaitSequence(subject, condition, view, 25.0, silhouettes=aligned))
        (work / "pkl" / walk).mkdir(parents=True)
        with (work / "pkl" / walk / f"{view}.pkl").open("wb") as stream:
            pickle.dump(aligned, stream)
    names = sorted({sequence.subject for sequence in sequences})
    (work / "partition.json").write_text(json.dumps({"TRAIN_SET": names, "TEST_SET": []}))
    stores = {
        "bits": Store.create(work / "bits", encoding="bits"),
        "grey": Store.create(work / "grey", encoding="grey"),
    }
    for store in stores.values():
        store.add(sequences)
    return stores


def seconds(run: Callable[[NDArray[np.int64]], Any], batches: NDArray[np.int64]) -> float:
    started = time.perf_counter()
    for batch in batches:
        run(batch)
    return time.perf_counter() - started


def theirs(dataset: Any, collate: Any, batch: NDArray[np.int64]) -> Any:
    return collate([dataset[index] for index in batch])


def ours(
    store: Store,
    lengths: NDArray[np.int64],
    choose: Callable[[NDArray[np.int64], np.random.Generator], NDArray[np.int64]],
    random: np.random.Generator,
    batch: NDArray[np.int64],
) -> NDArray[np.uint8]:
    return store.read_clips(batch.tolist(), choose(lengths[batch], random))


def in_a_row(lengths: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    return choose_frames(lengths, CLIP, "clip", random)


def thinned(lengths: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    window = choose_frames(lengths, CLIP + 10, "clip", random)
    kept = np.sort(np.argsort(random.random(window.shape), axis=1)[:, :CLIP], axis=1)
    return np.take_along_axis(window, kept, axis=1)


def anywhere(lengths: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    order = random.random((len(lengths), int(lengths.max())))
    order[np.arange(order.shape[1]) >= lengths[:, None]] = 2.0
    return np.argsort(order, axis=1)[:, :CLIP]


if __name__ == "__main__":
    main()

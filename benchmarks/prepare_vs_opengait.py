"""Raw PNG tree to training-ready data: gaitprint prepare beside OpenGait's pretreat(), on the same files.

    python -m benchmarks.prepare_vs_opengait OPENGAIT [--subjects 12] [--frames 80] [--workers 2]

OPENGAIT is a checkout of https://github.com/ShiqiYu/OpenGait. Both sides use the same number of processes and warm
file caches; each is run `--repeats` times in turn and its best time counts. The results are compared pixel by pixel.
"""

import argparse
import pickle
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from benchmarks.opengait_data import PNG_FORMATS, bytes_of, fresh, opengait_pretreatment, write_tree
from rich.console import Console
from rich.table import Table

from gaitprint.core.progress import console
from gaitprint.data.prepare import prepare
from gaitprint.data.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("opengait", type=Path, nargs="?", help="a checkout of OpenGait")
    parser.add_argument("--subjects", type=int, default=12, help="11 walks each")
    parser.add_argument("--frames", type=int, default=80)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.opengait is None or not (arguments.opengait / "datasets" / "pretreatment.py").is_file():
        print("skipped: needs a checkout of OpenGait as its argument (https://github.com/ShiqiYu/OpenGait)")
        return
    pretreatment = opengait_pretreatment(arguments.opengait)
    cv2.setNumThreads(1)
    console.quiet = True
    table = Table(title=f"PNG tree -> training-ready, {arguments.workers} processes, frames a second")
    for column in (
        "PNGs written as",
        "frames",
        "OpenGait",
        "gaitprint bits",
        "gaitprint grey",
        "ratio bits",
        "ratio grey",
    ):
        table.add_column(column, justify="right")
    disk = Table(title="bytes on disk a frame (64x64)")
    for column in ("PNGs written as", "OpenGait .pkl", "bits", "grey", "pkl / bits", "pkl / grey"):
        disk.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        for png_format in PNG_FORMATS:
            frames = write_tree(fresh(work / "png"), png_format, arguments.subjects, arguments.frames)
            best = {"opengait": np.inf, "bits": np.inf, "grey": np.inf}
            for _ in range(arguments.repeats):
                started = time.perf_counter()
                pretreatment.pretreat(work / "png", fresh(work / "pkl"), 64, arguments.workers)
                best["opengait"] = min(best["opengait"], time.perf_counter() - started)
                for encoding in ("bits", "grey"):
                    started = time.perf_counter()
                    prepare("tree", work / "png", fresh(work / encoding), workers=arguments.workers, encoding=encoding)
                    best[encoding] = min(best[encoding], time.perf_counter() - started)
            compare(work)
            rates = {name: frames / seconds for name, seconds in best.items()}
            ratios = [f"{rates[name] / rates['opengait']:.2f}" for name in ("bits", "grey")]
            table.add_row(png_format, str(frames), *(f"{rate:.0f}" for rate in rates.values()), *ratios)
            sizes = [bytes_of(work / "pkl", "*.pkl"), *(bytes_of(work / name, "data.mdb") for name in ("bits", "grey"))]
            disk.add_row(
                png_format,
                *(f"{size / frames:.0f}" for size in sizes),
                *(f"{sizes[0] / size:.1f}" for size in sizes[1:]),
            )
    Console().print(table, disk)


def compare(work: Path) -> None:
    """Stop unless every walk is the same on both sides."""
    grey = Store(work / "grey")
    for walk in grey:
        with (work / "pkl" / walk / f"{walk.rsplit('/', 1)[1]}.pkl").open("rb") as stream:
            theirs = pickle.load(stream)
        if not np.array_equal(grey.read_silhouettes(grey.position(walk)), theirs):
            raise SystemExit(f"{walk} differs between the two")


if __name__ == "__main__":
    main()

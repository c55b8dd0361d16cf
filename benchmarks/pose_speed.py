"""Compare ways to run the pose networks on a CPU: how fast, and how far from plain PyTorch.

    python -m benchmarks.pose_speed [--networks human-pose-nn light-pose-nn] [--batches 1 8] [--threads 2] [--rounds 5]
                                    [--skip compiled]

Each way takes pictures to features, logits, joints and their probabilities, with the same (random) weights:

- eager: PyTorch in float32 as the network is built;
- channels last: the same, weights and pictures laid out with the channels last;
- channels last, bf16: layers in bfloat16 besides;
- compiled: channels last, by torch.compile;
- ONNX Runtime: the file that ``gaitprint export`` writes;
- OpenVINO, where it is installed: the same file, in float32. (Its bfloat16 did not come back from human-pose-nn within
  minutes.)

They take turns, and the fastest time of each counts. Processor time is shown beside wall time: where something else
runs, it is the one to compare, and that with --threads 1, since threads wait for one another. Differences from eager
are shares of the largest value; of the joints, the share that is found in the same place.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from gaitprint.core.allocator import keep_freed_memory
from gaitprint.core.memory_format import channels_last
from gaitprint.interop.onnx import export_onnx, pose_graph, relative_differences
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.weights import build_pose_network

Arrays = list[NDArray[np.float32]]
Way = Callable[[Tensor], Arrays]
EAGER = "eager"


def fresh_network(name: str) -> PoseNetwork:
    """The network with random weights, the same each time, none of them at a start that is zero."""
    torch.manual_seed(0)
    network = build_pose_network({"name": name})
    with torch.no_grad():
        for parameter in network.parameters():
            # Little: a hundred and sixty layers without a trained scale would soon overflow.
            parameter.add_(torch.randn_like(parameter), alpha=0.001)
    return network.eval()


def in_torch(module: nn.Module, memory_format: torch.memory_format, bf16: bool, images: Tensor) -> Arrays:
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        outputs = module(images.contiguous(memory_format=memory_format))
    return [output.float().numpy() for output in outputs]


def in_onnx_runtime(path: Path, threads: int) -> Way:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: list(session.run(None, {"images": images.numpy()}))


def in_openvino(path: Path, threads: int) -> Way | None:
    """None where it is not installed."""
    try:
        import openvino  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    options: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",  # its default is bfloat16 where the processor knows it
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = openvino.Core().compile_model(os.fspath(path), "CPU", options)
    return lambda images: [np.array(output, np.float32) for output in compiled(images.numpy()).values()]


def ways(name: str, path: Path, threads: int) -> Iterator[tuple[str, Way]]:
    """Every way to run one network."""
    plain = pose_graph(fresh_network(name), name, {})
    export_onnx(plain, path)
    last = pose_graph(channels_last(fresh_network(name)), name, {}).module
    yield EAGER, partial(in_torch, plain.module, torch.contiguous_format, False)
    yield "channels last", partial(in_torch, last, torch.channels_last, False)
    yield "channels last, bf16", partial(in_torch, last, torch.channels_last, True)
    compiled = torch.compile(last, dynamic=False)
    assert isinstance(compiled, nn.Module)
    yield "compiled", partial(in_torch, compiled, torch.channels_last, False)
    yield "ONNX Runtime", in_onnx_runtime(path, threads)
    openvino = in_openvino(path, threads)
    if openvino is not None:
        yield "OpenVINO", openvino


def fastest(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Call each in turn; return the least wall and processor seconds of each."""
    best = dict.fromkeys(calls, (float("inf"), float("inf")))
    for _ in range(rounds + 1):  # the first round warms up as well
        for name, call in calls.items():
            time.sleep(0.05)  # threads of the one before wait actively for a while
            wall, processor = time.perf_counter(), time.process_time()
            call()
            taken = time.perf_counter() - wall, time.process_time() - processor
            best[name] = min(best[name][0], taken[0]), min(best[name][1], taken[1])
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=sorted(POSE_NETWORKS), default=sorted(POSE_NETWORKS))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip", nargs="+", default=[], help="ways to leave out, by name")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    torch._dynamo.config.recompile_limit = 64
    console = Console(width=140)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks:
            every = ways(name, Path(folder) / f"{name}.onnx", options.threads)
            running = {way: run for way, run in every if way not in options.skip}
            for batch in options.batches:
                console.print(compared(name, running, batch, options.rounds, f"{options.threads} thread(s)"))


def compared(name: str, running: dict[str, Way], batch: int, rounds: int, title: str) -> Table:
    """Run every way on one batch; one row each."""
    torch.manual_seed(1)
    images = fresh_network(name).example_inputs(batch)
    outputs = {way: run(images) for way, run in running.items()}
    calls: dict[str, Callable[[], object]] = {way: partial(run, images) for way, run in running.items()}
    times = fastest(calls, rounds)
    table = Table(
        *("", "frames/s", "x eager", "of processor time", "x eager", "features", "logits", "joints the same"),
        title=f"{name}, batch of {batch}, {title}",
    )
    for way, (wall, processor) in times.items():
        features, logits, _, _ = relative_differences(outputs[EAGER], outputs[way])
        same = float((outputs[EAGER][2] == outputs[way][2]).all(axis=-1).mean())
        table.add_row(
            way,
            *(f"{batch / wall:.1f}", f"{times[EAGER][0] / wall:.2f}"),
            *(f"{batch / processor:.1f}", f"{times[EAGER][1] / processor:.2f}"),
            *(f"{features:.0e}", f"{logits:.0e}", f"{same:.1%}"),
        )
    return table


if __name__ == "__main__":
    main()

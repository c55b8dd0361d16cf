"""Compare the transformer on skeletons with a loop over frames, and show what it costs.

    python -m benchmarks.skeleton_transformer_vs_frame_loop [--batch 16] [--frames 60] [--threads 1] [--rounds 5]

The specified size, random joints, on the CPU. The same layers with the same weights, four ways:

- a loop over walks and frames: each frame of each walk by itself through graph convolution, joint attention and the
  layer that makes one vector of it; then the frames of each walk through the rest, which needs them together;
- a loop over frames: the same, frame t of all walks at once;
- `skeleton-transformer`: all frames of all walks at once;
- the same in bfloat16, as ``training.precision=bf16-mixed`` has it; the others are in float32.

They embed one walk, embed a batch, and train on a batch (forward, products of pairs, backward). They take turns, and
the fastest time of each counts. Processor time is shown beside wall time: where something else runs, it is the one to
compare. The embeddings of those in float32 must agree.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from gaitprint.core.allocator import keep_freed_memory
from gaitprint.models.skeleton_transformer import SkeletonTransformer, SkeletonTransformerConfig

OURS, TOLERANCE = "skeleton-transformer", 1e-5


Embed = Callable[[SkeletonTransformer, Tensor], Tensor]


class Times(NamedTuple):
    """Seconds of a call."""

    wall: float
    processor: float


def batched(model: SkeletonTransformer, walks: Tensor) -> Tensor:
    """Embed [B, T, J, 4] all at once: [B, D]."""
    embedding: Tensor = model(walks).embedding[:, 0]
    return embedding


def loop_over_frames(model: SkeletonTransformer, walks: Tensor) -> Tensor:
    """Embed [B, T, J, 4], frame t of all walks at a time: [B, D]."""
    joints = walks[..., :3]
    assert model.standardise is not None
    vectors = []
    for t in range(walks.shape[1]):
        frame = model.graph(model.standardise(joints[:, t : t + 1], None), None)  # [B, 1, J, C]
        attended, _ = model.joint_attention(frame[:, 0], None)
        vectors.append(model.frame(attended.flatten(1)))
    sequence, _ = model.frame_attention(torch.stack(vectors, dim=1), None)
    embedding: Tensor = model.head(model.aggregate(model.encoder(sequence, None), None)).embedding[:, 0]
    return embedding


def loop_over_walks_and_frames(model: SkeletonTransformer, walks: Tensor) -> Tensor:
    """Embed [B, T, J, 4], one frame of one walk at a time: [B, D]."""
    return torch.cat([loop_over_frames(model, walk[None]) for walk in walks])


def batched_bfloat16(model: SkeletonTransformer, walks: Tensor) -> Tensor:
    """Embed [B, T, J, 4] all at once, layers in bfloat16: [B, D]."""
    with torch.autocast("cpu", torch.bfloat16):
        return batched(model, walks)


WAYS = {
    "loop over walks and frames": loop_over_walks_and_frames,
    "loop over frames": loop_over_frames,
    OURS: batched,
    "the same in bfloat16": batched_bfloat16,
}


def train(model: SkeletonTransformer, walks: Tensor, embed: Embed) -> None:
    """Forward and backward; every layer keeps its statistics in evaluation mode, so that single walks can be looped."""
    embedding = embed(model, walks)
    (embedding[::2] * embedding[1::2]).sum().backward()  # type: ignore[no-untyped-call]
    model.zero_grad()


def fastest(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Call each in turn; return the least times of each."""
    best = {name: Times(float("inf"), float("inf")) for name in calls}
    for _ in range(rounds + 1):  # the first round warms up as well
        for name, call in calls.items():
            wall, processor = time.perf_counter(), time.process_time()
            call()
            taken = Times(time.perf_counter() - wall, time.process_time() - processor)
            best[name] = Times(min(best[name].wall, taken.wall), min(best[name].processor, taken.processor))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    torch.manual_seed(0)
    config = SkeletonTransformerConfig()
    model = SkeletonTransformer.from_config(config, None).eval()
    walks = torch.randn(options.batch, options.frames, model.num_joints, 4)
    walks[..., 3] = 1
    with torch.inference_mode():
        *exact, rounded = [embed(model, walks) for embed in WAYS.values()]
    difference = max(float((embedding - exact[0]).abs().max()) for embedding in exact)

    jobs: dict[str, Callable[[Embed], object]] = {
        "embed one walk": lambda embed: embed(model, walks[:1]),
        f"embed {len(walks)} walks": lambda embed: embed(model, walks),
        f"train on {len(walks)} walks": lambda embed: train(model, walks, embed),
    }
    title = f"{config.skeleton}, {options.frames} frames, {options.threads} thread(s)"
    table = Table("", "", "processor ms", "walks/s", "x loop", "wall ms", "walks/s", "x loop", title=title)
    for job, call in jobs.items():
        count = 1 if "one" in job else len(walks)
        with torch.inference_mode(not job.startswith("train")):
            times = fastest({way: partial(call, embed) for way, embed in WAYS.items()}, options.rounds)
        loop = next(iter(times.values()))
        for way, taken in times.items():
            cells = [
                [f"{seconds * 1e3:.0f}", f"{count / seconds:.1f}", f"{slowest / seconds:.1f}"]
                for seconds, slowest in zip(taken, loop, strict=True)
            ]
            table.add_row(job, way, *cells[1], *cells[0])
    Console(width=120).print(
        table,
        f"embeddings differ by at most {difference:.1e}; "
        f"cosine of those in bfloat16 to those in float32: {float((rounded * exact[0]).sum(dim=1).min()):.5f} or more",
    )
    if not difference <= TOLERANCE:
        sys.exit(f"embeddings differ by more than {TOLERANCE}")


if __name__ == "__main__":
    main()

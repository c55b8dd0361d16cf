"""Compare the training of CNN-GRU with the straightforward way: a loop over the frames.

    python -m benchmarks.cnn_gru_vs_frame_loop [--size 128 88] [--frames 20] [--batch 8] [--threads 1] [--rounds 5]
        [--profile]

One optimiser step (forward, cross-entropy, backward, clipping, AdamW) on the same random silhouettes from the same
weights, four ways:

- a loop over frames: the CNN on frame t of all walks, then one step of a GRU cell, as one writes it down first, with
  PyTorch's defaults;
- a loop over walks and frames: the same, one image at a time;
- `cnn-gru` as `gaitprint train` runs it, in float32, and in ``training.precision=bf16-mixed``.

Each has a process of its own, because how memory is allocated belongs to the process; they take turns, so that all meet
the same machine, and the fastest step of each counts. Processor time is shown beside wall time: where something else
runs, it is the one to compare. Before, all give their embeddings in evaluation mode (float32), which must agree.

``--profile`` shows where the wall time of a step in bf16-mixed goes, and what its convolutions would take as one matrix
product; it tells something only where nothing else runs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import timeit
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.memory_format import channels_last
from gaitprint.losses.weighted_sum import WeightedSum
from gaitprint.models.base import GaitModel
from gaitprint.models.weights import build_model
from gaitprint.training.engine import repeatable, start_engine
from gaitprint.training.objective import IdentificationObjective
from gaitprint.training.optimizer import build_optimizer

SUBJECTS, TOLERANCE = 74, 1e-5
LOOP, EACH = "loop over frames", "loop over walks and frames"
FLOAT32, BFLOAT16 = "cnn-gru, float32", "cnn-gru, bf16-mixed"


class Task(NamedTuple):
    """What a process shall train on: shape of the batch, and its threads."""

    batch: int
    frames: int
    size: tuple[int, int]
    threads: int

    def data(self) -> tuple[Tensor, Tensor]:
        """Random silhouettes [B, T, 1, H, W] of -1 and 1, and labels [B]."""
        torch.manual_seed(0)
        walks = (torch.rand(self.batch, self.frames, 1, *self.size) > 0.5).float() * 2 - 1
        return walks, torch.arange(self.batch) % SUBJECTS


class FrameLoop(nn.Module):
    """CNN-GRU frame by frame.

    Args:
        one_image_at_a_time: loop over the walks, too.
    """

    def __init__(self, one_image_at_a_time: bool) -> None:
        super().__init__()
        self.cnn = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU()),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        )
        self.cell = nn.GRUCell(128, 128)
        self.dropout = nn.Dropout(0.1)
        self.embedding = nn.Linear(128, 128)
        self.classifier = nn.Linear(128, SUBJECTS)
        self.one_image_at_a_time = one_image_at_a_time

    def forward(self, walks: Tensor) -> tuple[Tensor, Tensor]:
        """Embed [B, T, 1, H, W]: embedding [B, 128] and logits [B, S]."""
        parts = walks.split(1) if self.one_image_at_a_time else [walks]  # type: ignore[no-untyped-call]
        embedding = self.embedding(self.dropout(torch.cat([self.last_state(part) for part in parts])))
        return embedding, self.classifier(embedding)

    def last_state(self, walks: Tensor) -> Tensor:
        """[B, T, 1, H, W] -> [B, 128]."""
        state = torch.zeros(len(walks), 128)
        for t in range(walks.shape[1]):
            state = self.cell(self.cnn(walks[:, t]), state)
        return state


def take_weights(loop: FrameLoop, weights: dict[str, Tensor]) -> None:
    """Give the loop the weights of `cnn-gru`, which has them under its own names."""
    names = {"cell.": "recurrent.", "embedding.": "embedding.", "classifier.": "classifier."}
    for stage in range(3):
        names |= {f"cnn.{4 * stage}.": f"convolutions.{stage}.", f"cnn.{4 * stage + 1}.": f"normalisations.{stage}."}
    own = {}
    for key in loop.state_dict():
        prefix = next(prefix for prefix in names if key.startswith(prefix))
        suffix = "_l0" if prefix == "cell." else ""
        own[key] = weights[names[prefix] + key.removeprefix(prefix) + suffix]
    loop.load_state_dict(own)


def loop_step(loop: FrameLoop, walks: Tensor, labels: Tensor) -> Callable[[], None]:
    """Return what trains the loop by one step."""
    optimizer = torch.optim.AdamW(loop.parameters(), lr=1e-3, weight_decay=1e-4)

    def step() -> None:
        _, logits = loop(walks)
        loss = functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(loop.parameters(), 1.0)
        optimizer.step()

    return step


def trainer_step(model: GaitModel, precision: str, walks: Tensor, labels: Tensor) -> tuple[Fabric, Callable[[], None]]:
    """Return what trains a model by one step, put together as `training.fit` does."""
    fabric = start_engine("cpu", precision)
    losses = WeightedSum(({"name": "cross-entropy", "weight": 1.0},), SUBJECTS, model.embedding_shape)
    objective = channels_last(IdentificationObjective(model, losses)).train()
    optimizer = build_optimizer({"name": "adamw", "weight_decay": 1e-4}).build(objective.parameters())
    engine_objective, engine_optimizer = fabric.setup(objective, optimizer)

    def step() -> None:
        loss, _ = engine_objective(walks, labels)
        engine_optimizer.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(engine_objective, engine_optimizer, max_norm=1.0)
        engine_optimizer.step()

    return fabric, step


def work(name: str, task: Task, connection: Connection) -> None:
    """Send the embeddings [B, 128] of the fresh weights; then, at each message, take a step and send its times."""
    torch.set_num_threads(task.threads)
    walks, labels = task.data()
    torch.manual_seed(1)
    model = build_model({"name": "cnn-gru"}, SUBJECTS)
    if name in (LOOP, EACH):
        loop = FrameLoop(one_image_at_a_time=name == EACH)
        take_weights(loop, model.state_dict())
        with torch.inference_mode():
            connection.send(loop.eval()(walks)[0].numpy())
        answer(loop_step(loop.train(), walks, labels), connection)
        return
    channels_last(model).eval()
    with torch.inference_mode():
        connection.send(model(walks).embedding[:, 0].numpy())
    fabric, step = trainer_step(model, "bf16-mixed" if name == BFLOAT16 else "32-true", walks, labels)
    with repeatable(fabric.device):
        answer(step, connection)


def answer(step: Callable[[], None], connection: Connection) -> None:
    """Take steps as long as messages say so; send wall and processor time of each, in seconds."""
    while connection.recv():
        wall, processor = time.perf_counter(), time.process_time()
        step()
        connection.send((time.perf_counter() - wall, time.process_time() - processor))


def profile_step(task: Task) -> Table:
    """Table of what a step in bf16-mixed spends its processor time on."""
    torch.set_num_threads(task.threads)
    fabric, step = trainer_step(build_model({"name": "cnn-gru"}, SUBJECTS), "bf16-mixed", *task.data())
    with repeatable(fabric.device):
        for _ in range(3):
            step()
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
            step()
    groups = {"convolution": 0.0, "batch_norm": 0.0, "pool": 0.0, "the rest": 0.0}
    for event in profiler.key_averages():
        group = next((group for group in groups if group in event.key), "the rest")
        groups[group] += event.self_cpu_time_total / 1e3
    left, right = torch.randn(4096, 1152).bfloat16(), torch.randn(1152, 128).bfloat16()
    seconds = min(timeit.repeat(lambda: left @ right, number=20, repeat=10)) / 20
    # Two operations for each weight and pixel; backward as many for the weights, and, but in the first, for the pixels.
    pixels = task.batch * task.frames * task.size[0] * task.size[1]
    operations = 2 * 9 * pixels * (2 * 32 + 3 * 32 * 64 / 4 + 3 * 64 * 128 / 16)
    table = Table("part of a bf16-mixed step", "ms", title="Profile")
    for group, milliseconds in groups.items():
        table.add_row(group, f"{milliseconds:.0f}")
    fastest = 2 * 4096 * 1152 * 128 / seconds
    table.add_row("convolutions at the speed of a matrix product", f"{operations / fastest * 1e3:.0f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 88), metavar=("H", "W"))
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    task = Task(options.batch, options.frames, tuple(options.size), options.threads)
    start = multiprocessing.get_context("spawn")
    workers: dict[str, tuple[SpawnProcess, Connection]] = {}
    for name in (LOOP, EACH, FLOAT32, BFLOAT16):
        ours, theirs = start.Pipe()
        process = start.Process(target=work, args=(name, task, theirs), daemon=True)
        process.start()
        workers[name] = process, ours
    embeddings = {name: connection.recv() for name, (_, connection) in workers.items()}
    best = dict.fromkeys(workers, (float("inf"), float("inf")))
    for _ in range(options.rounds):
        for name, (_, connection) in workers.items():
            for _ in range(3):  # the first step after the others' turn finds the caches cold
                connection.send(True)
                wall, processor = connection.recv()
                best[name] = min(best[name][0], wall), min(best[name][1], processor)
    for process, connection in workers.values():
        connection.send(False)
        process.join()

    height, width = task.size
    title = f"{task.batch} walks of {task.frames} frames of {height} x {width}, {task.threads} thread(s)"
    ratios = ("x first", "x second")
    table = Table("training", "ms a step", "walks/s", *ratios, "processor ms", *ratios, title=title)
    for name, times in best.items():
        cells = [f"{times[0] * 1e3:.0f}", f"{task.batch / times[0]:.1f}"]
        cells += [f"{best[loop][0] / times[0]:.1f}" for loop in (LOOP, EACH)]
        cells += [f"{times[1] * 1e3:.0f}", *(f"{best[loop][1] / times[1]:.1f}" for loop in (LOOP, EACH))]
        table.add_row(name, *cells)
    difference = max(float(abs(values - embeddings[LOOP]).max()) for values in embeddings.values())
    console = Console(width=120)
    if options.profile:
        console.print(profile_step(task))
    console.print(table, f"embeddings differ by at most {difference:.1e}")
    if not difference <= TOLERANCE:
        sys.exit(f"embeddings differ by more than {TOLERANCE}")


if __name__ == "__main__":
    main()

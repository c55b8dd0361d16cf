"""What each augmentation adds to a training step of CNN-GRU.

    OMP_NUM_THREADS=1 python -m benchmarks.augmentation_cost
    python -m benchmarks.augmentation_cost --device cuda

32 clips of 30 silhouettes, 64 x 44, or of 60 frames of 20 joints. The cost does not depend on the share of clips that
are changed. Each figure is the shortest of several runs.
"""

import argparse
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch.nn import functional

from gaitprint.core.allocator import keep_freed_memory
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.models.cnn_gru import CnnGru, CnnGruConfig

SHAPE = (32, 30, 1, 64, 44)
JOINTS = (32, 60, 20, 4)


def shortest_ms(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """The shortest of `repeats` runs, after one to warm up, in milliseconds."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - started))
    return min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    device = torch.device(parser.parse_args().device)
    keep_freed_memory()  # as training does
    clips = torch.rand(SHAPE, device=device) * 2 - 1
    joints = torch.rand(JOINTS, device=device)
    labels = torch.arange(len(clips), device=device) % 8
    model = CnnGru(CnnGruConfig(), 8).to(device)
    optimizer = torch.optim.AdamW(model.parameters())

    def step() -> None:
        logits = model(clips).logits
        assert logits is not None
        optimizer.zero_grad()
        functional.cross_entropy(logits.flatten(0, 1), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    training_ms = shortest_ms(step, device, 3)
    table = Table("augmentation", "ms", "of a step", title=f"{device}: a step takes {training_ms:.0f} ms")
    for name, augmentation_type in AUGMENTATIONS.items():
        # What a recipe would take from its input.
        needed = {"skeleton": "kinect-v1-20"} if name == "joint-flip" else {}
        augmentation = augmentation_type(augmentation_type.Config(**needed))

        of_silhouettes = augmentation_type.modality == "silhouettes"

        def change(
            augmentation: Callable[[torch.Tensor], torch.Tensor] = augmentation,
            batch: torch.Tensor = clips if of_silhouettes else joints,
        ) -> torch.Tensor:
            return augmentation(batch)

        augmentation_ms = shortest_ms(change, device, 20)
        share = f"{augmentation_ms / training_ms:.1%}" if of_silhouettes else ""
        table.add_row(name, f"{augmentation_ms:.1f}", share)
    Console().print(table)


if __name__ == "__main__":
    main()

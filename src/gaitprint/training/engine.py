"""The device, the processes and the precision of a training, and what makes it repeatable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor

from gaitprint.core.allocator import keep_freed_memory
from gaitprint.core.progress import console
from gaitprint.evaluation.embed import choose_device


def start_engine(device: str, precision: str, *, partial: bool = False) -> Fabric:
    """Start the engine: one process on one device, or this process's part of what ``torchrun`` launched.

    Args:
        device: ``auto``, ``cpu`` or ``cuda``.
        precision: as `TrainingConfig.precision`.
        partial: whether some parameters may get no gradient.

    Raises:
        UsageError: no such device.
    """
    accelerator = choose_device(device).type
    if precision == "auto":
        mixed = "bf16-mixed" if accelerator == "cuda" and torch.cuda.is_bf16_supported() else "16-mixed"
        precision = mixed if accelerator == "cuda" else "32-true"
    if accelerator == "cpu":
        keep_freed_memory()
    # cuBLAS is repeatable only with a workspace of fixed size, which it asks for when it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    options: dict[str, Any] = {"accelerator": accelerator, "precision": precision}
    if torch.distributed.is_available() and torch.distributed.is_torchelastic_launched():
        local = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // local
        strategy = DDPStrategy(find_unused_parameters=partial)
        fabric = Fabric(devices=local, num_nodes=nodes, strategy=strategy, **options)
    else:
        fabric = Fabric(devices=1, **options)
    fabric.launch()
    if not fabric.is_global_zero:
        console.quiet = True  # one bar and one log for all processes
    return fabric


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """Let torch choose repeatable algorithms inside; afterwards its settings and random generators are as before."""
    enabled, warn_only = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    filling = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
            torch.utils.deterministic.fill_uninitialized_memory = filling  # type: ignore[attr-defined]


def gather_walks(values: Tensor) -> Tensor:
    """Return the values of all processes, [b, ...] -> [B, ...] in order of rank; the own ones keep their gradient."""
    everybody = [torch.empty_like(values) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(everybody, values.detach().contiguous())
    everybody[torch.distributed.get_rank()] = values
    return torch.cat(everybody)


def mean_over_processes(value: Tensor) -> Tensor:
    """Return the mean of a number without gradient over all processes."""
    total = value.clone()
    torch.distributed.all_reduce(total)
    return total / torch.distributed.get_world_size()

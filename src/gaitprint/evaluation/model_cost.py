"""What it takes to embed one walk: parameters, multiply-adds, milliseconds."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Sequence

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from gaitprint.core.sequence import GaitSequence
from gaitprint.core.threads import torch_threads
from gaitprint.evaluation.embed import Embedder
from gaitprint.evaluation.fusion import FusedEmbedder
from gaitprint.evaluation.leaderboard import Cost
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.models.base import ClosedFormModel
from gaitprint.models.pose.weights import load_pose_network

_ROUNDS = 3


def measure_cost(embedder: WalkEmbedder, walks: Sequence[GaitSequence], threads: int = 2) -> Cost:
    """Embed walks one at a time, as live use does, and measure that.

    Everything between what was recorded and the embedding counts: preprocessing, gait energy images, the pose network
    whose features another network looks at.

    Args:
        embedder: the model; multiply-adds are exact for the first walk, and the same for all where the model looks at
            a fixed number of frames.
        walks: at least one; the first is also embedded once before the clock starts.
        threads: of torch.

    Returns:
        the cost of one walk; milliseconds are the median over the walks of the fastest of a few rounds, since other
        work on the machine can only slow one down.
    """
    with torch_threads(threads):
        embedder.embed(walks[:1])
        seconds = [min(_seconds(embedder, walk) for _ in range(_ROUNDS)) for walk in walks]
    return Cost(
        count_parameters(embedder), count_multiply_adds(embedder, walks[0]), 1000 * statistics.median(seconds), threads
    )


def count_multiply_adds(embedder: WalkEmbedder, walk: GaitSequence) -> int:
    """Count the multiply-adds of matrix products and convolutions that embedding a walk takes.

    One multiplication with its addition is one; normalisation, activations and pooling are not counted, as usual.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # switching oneDNN off talks about graphics cards
        # oneDNN computes a whole LSTM in one operator, which the counter does not know; so does fused attention.
        with (
            torch.backends.mkldnn.flags(enabled=False),
            sdpa_kernel(SDPBackend.MATH),
            FlopCounterMode(display=False) as counter,
        ):
            embedder.embed([walk])
    return int(counter.get_total_flops()) // 2


def count_parameters(embedder: WalkEmbedder) -> int:
    """Count the numbers that were learnt and that an embedding needs.

    Of a network its parameters, without those of a classifier of the training people or of a decoder, and without
    running statistics; of a model in closed form all that its fit found; of a fusion the sum of its members. A frozen
    pose network that computes the input counts, too.
    """
    if isinstance(embedder, FusedEmbedder):
        return sum(count_parameters(member) for member in embedder.members.values())
    if not isinstance(embedder, Embedder):
        raise TypeError(f"{type(embedder).__name__}: neither one network nor a fusion")
    model = embedder.model
    if isinstance(model, ClosedFormModel):
        return sum(values.numel() for values in model.state_dict().values())
    learnt = list(model.parameters())
    needed = 0
    if learnt:
        # What a classifier or a decoder adds has no part in the embedding, and so no gradient of it.
        embedding = model(model.example_inputs(1).to(embedder.device)).embedding
        gradients = torch.autograd.grad(embedding.sum(), learnt, allow_unused=True)
        needed = sum(gradient.numel() for gradient in gradients if gradient is not None)
    network = getattr(embedder.input, "network", None)
    if network is None:
        return needed
    return needed + sum(parameter.numel() for parameter in load_pose_network(network)[0].parameters())


def _seconds(embedder: WalkEmbedder, walk: GaitSequence) -> float:
    started = time.perf_counter()
    embedder.embed([walk])
    return time.perf_counter() - started

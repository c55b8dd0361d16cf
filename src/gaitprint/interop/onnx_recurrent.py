"""PyTorch's recurrent layers as one node each of a recorded graph.

PyTorch records a GRU or an LSTM as its steps, one after the other, which fixes the number of frames. While
`recurrent_layers_as_nodes` is open, each layer is recorded as an operator of its own instead, with the arguments of the
operator of ONNX that it becomes (`onnx_operators`).

Letters: B batch, T frames, I values that go in, H values of a state, D directions, G gates (3 of a GRU, 4 of an LSTM).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

# Where the gates of ONNX (update, reset, new; input, output, forget, cell) are among those of PyTorch.
_GATES: dict[type[nn.Module], tuple[int, ...]] = {nn.GRU: (1, 0, 2), nn.LSTM: (0, 3, 1, 2)}


@contextmanager
def recurrent_layers_as_nodes(module: nn.Module) -> Iterator[None]:
    """Let the GRUs and LSTMs inside a module be recorded layer by layer; until then nothing can be computed.

    Raises:
        NotImplementedError: a layer with the batch axis second, or with projections.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, nn.GRU | nn.LSTM)]
    for layer in layers:
        if not layer.batch_first or layer.proj_size or not layer.bias:
            raise NotImplementedError(f"{layer}: not recorded as one node (batch_first, bias, no projections)")
        layer.forward = _recorded(layer)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


@torch.library.custom_op("gaitprint::recurrent_layer", mutates_args=())
def recurrent_layer(
    inputs: Tensor, weight_input: Tensor, weight_recurrent: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer of ONNX's GRU (with ``linear_before_reset=1``) or LSTM; to be recorded only.

    Args:
        inputs: [B, T, I].
        weight_input: [D, G H, I].
        weight_recurrent: [D, G H, H].
        bias: [D, 2 G H], of the inputs, then of the states.

    Returns:
        states [B, T, D H], last states [D, B, H], last cells [D, B, H] (zeros of a GRU).
    """
    raise NotImplementedError("recurrent_layer stands for a node of ONNX and computes nothing")


@recurrent_layer.register_fake
def _(inputs: Tensor, weight_input: Tensor, weight_recurrent: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    directions, _, size = weight_recurrent.shape
    last = inputs.new_empty(directions, inputs.shape[0], size)
    return inputs.new_empty(inputs.shape[0], inputs.shape[1], directions * size), last, last.clone()


def _recorded(layers: nn.GRU | nn.LSTM) -> Callable[[Tensor], Any]:
    gates = _GATES[type(layers)]
    suffixes = ("", "_reverse") if layers.bidirectional else ("",)

    def weights(kind: str, layer: int) -> Tensor:
        """Weights or biases of both directions, gates in the order of ONNX: [D, G H, ...]."""
        each = [getattr(layers, f"{kind}_l{layer}{suffix}").chunk(len(gates)) for suffix in suffixes]
        return torch.stack([torch.cat([parts[gate] for gate in gates]) for parts in each])

    # Put in order now, they are constants of the graph.
    with torch.no_grad():
        operands = [
            (
                weights("weight_ih", layer),
                weights("weight_hh", layer),
                torch.cat([weights("bias_ih", layer), weights("bias_hh", layer)], dim=1),
            )
            for layer in range(layers.num_layers)
        ]

    def forward(inputs: Tensor) -> Any:
        states, last_states, last_cells = inputs, [], []
        for of_layer in operands:
            states, last, cells = recurrent_layer(states, *of_layer)
            last_states.append(last)
            last_cells.append(cells)
        last = torch.cat(last_states)  # [layers * D, B, H]
        return states, ((last, torch.cat(last_cells)) if isinstance(layers, nn.LSTM) else last)

    return forward

"""The gated recurrent unit as TensorFlow computes it, which `torch.nn.GRU` cannot express.

With the state h of the frame before, the input x, and the logistic function s:

    u = s(Wu x + Ru h + bu)            r = s(Wr x + Rr h + br)
    c = tanh(Wc x + Rc (r * h) + bc)   new h = u * h + (1 - u) * c

`torch.nn.GRU` multiplies by r after the product with Rc, and has a second bias inside it. This one follows Cho et al.,
"Learning phrase representations using RNN encoder-decoder", EMNLP 2014.

The recurrence is one operator, ``gaitprint::tensorflow_gru``, so that an exported graph has one node and any number of
frames. Its arguments are those of ONNX's GRU with ``linear_before_reset=0``, gates in the same order (u is ONNX's z):
a translation passes inputs [B, T, I] as X with its first two axes swapped, the two weights as W and R with an axis in
front, the bias as B with as many zeros behind it and an axis in front, and takes Y without its axis of directions, the
first two axes swapped back. `torch.onnx.export` is told by
``custom_translation_table={torch.ops.gaitprint.tensorflow_gru.default: ...}``.

Letters: B batch, T frames, I input values, H values of the state.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_NAME = "gaitprint::tensorflow_gru"


class TensorFlowGru(nn.Module):
    """Layers of TensorFlow's GRU over sequences, one upon the other, each from a state of zeros.

    Args:
        input_size: I.
        hidden_size: H.
        num_layers: how many.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__()
        sizes = [input_size, *[hidden_size] * (num_layers - 1)]
        self.layers = nn.ModuleList(_Layer(size, hidden_size) for size in sizes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs float [B, T, I], T >= 1 -> states of the uppermost layer, float32 [B, T, H]."""
        # In single precision throughout: what is rounded in one frame is carried through all that follow.
        with torch.autocast(inputs.device.type, enabled=False):
            states = inputs.float()
            for layer in self.layers:
                states = layer(states)
        return states


class _Layer(nn.Module):
    """One layer; its parameters hold the gates u, r and c below each other.

    Attributes:
        weight_input: [3 H, I], Wu, Wr, Wc.
        weight_recurrent: [3 H, H], Ru, Rr, Rc.
        bias: [3 H].
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.weight_input = nn.Parameter(torch.empty(3 * hidden_size, input_size))
        self.weight_recurrent = nn.Parameter(torch.empty(3 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(3 * hidden_size))
        # Glorot's initialisation of the two matrices that TensorFlow has: [I + H, 2 H] for u and r, [I + H, H] for c.
        rows = input_size + hidden_size
        for weight in (self.weight_input, self.weight_recurrent):
            nn.init.uniform_(weight[: 2 * hidden_size], *_glorot(rows, 2 * hidden_size))
            nn.init.uniform_(weight[2 * hidden_size :], *_glorot(rows, hidden_size))
        # Both gates start open: a state is kept unless the layer learns to forget it.
        nn.init.ones_(self.bias[: 2 * hidden_size])

    def forward(self, inputs: Tensor) -> Tensor:
        states: Tensor = tensorflow_gru(inputs, self.weight_input, self.weight_recurrent, self.bias)
        return states


def _glorot(rows: int, columns: int) -> tuple[float, float]:
    """Bounds of the uniform distribution for a matrix [rows, columns]; Glorot and Bengio, AISTATS 2010."""
    limit: float = (6 / (rows + columns)) ** 0.5
    return -limit, limit


def tensorflow_gru(inputs: Tensor, weight_input: Tensor, weight_recurrent: Tensor, bias: Tensor) -> Tensor:
    """Run one layer from a state of zeros.

    Args:
        inputs: [B, T, I], T >= 1.
        weight_input: [3 H, I], gates u, r, c.
        weight_recurrent: [3 H, H], likewise.
        bias: [3 H], likewise.

    Returns:
        states [B, T, H].
    """
    states: Tensor = torch.ops.gaitprint.tensorflow_gru(inputs, weight_input, weight_recurrent, bias)
    return states


def _forward(inputs: Tensor, weight_input: Tensor, weight_recurrent: Tensor, bias: Tensor) -> Tensor:
    size = weight_recurrent.shape[1]
    # The inputs' share of all frames and gates is one product; step by step goes only what needs the state.
    products = torch.nn.functional.linear(inputs.transpose(0, 1), weight_input, bias)  # [T, B, 3 H]
    gates, candidates = products[..., : 2 * size], products[..., 2 * size :]
    gate_weight, candidate_weight = weight_recurrent[: 2 * size].t(), weight_recurrent[2 * size :].t()
    state = inputs.new_zeros(inputs.shape[0], size)
    states = inputs.new_empty(inputs.shape[1], inputs.shape[0], size)  # [T, B, H]
    for frame in range(inputs.shape[1]):
        update, reset = torch.addmm(gates[frame], state, gate_weight).sigmoid_().chunk(2, dim=-1)  # [B, H] each
        candidate = torch.addmm(candidates[frame], reset * state, candidate_weight).tanh_()
        state = torch.lerp(candidate, state, update, out=states[frame])
    return states.transpose(0, 1).contiguous()


def _shape(inputs: Tensor, weight_input: Tensor, weight_recurrent: Tensor, bias: Tensor) -> Tensor:
    return inputs.new_empty(inputs.shape[0], inputs.shape[1], weight_recurrent.shape[1])


def _remember(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs, output)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Back through time: the gates are computed anew from the states, of all frames at once."""
    inputs, weight_input, weight_recurrent, bias, states = ctx.saved_tensors
    size = weight_recurrent.shape[1]
    gate_weight, candidate_weight = weight_recurrent[: 2 * size], weight_recurrent[2 * size :]  # [2 H, H], [H, H]
    before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)  # [B, T, H], of the frame before
    products = torch.nn.functional.linear(inputs, weight_input, bias)  # [B, T, 3 H]
    update, reset = (products[..., : 2 * size] + before @ gate_weight.t()).sigmoid().chunk(2, dim=-1)  # [B, T, H] each
    candidate = (products[..., 2 * size :] + (reset * before) @ candidate_weight.t()).tanh()

    # How the arguments of u, r and c move the loss, as far as one frame alone can know.
    to_update = (before - candidate) * update * (1 - update)
    to_candidate = (1 - update) * (1 - candidate.square())
    to_reset = before * reset * (1 - reset)
    moved = torch.empty_like(products)
    carried = torch.zeros_like(states[:, 0])
    for frame in range(inputs.shape[1] - 1, -1, -1):
        whole = gradient[:, frame] + carried  # [B, H], of the state of this frame
        at_candidate = whole * to_candidate[:, frame]
        at_reset_state = at_candidate @ candidate_weight
        moved[:, frame, :size] = whole * to_update[:, frame]
        moved[:, frame, size : 2 * size] = at_reset_state * to_reset[:, frame]
        moved[:, frame, 2 * size :] = at_candidate
        carried = whole * update[:, frame] + at_reset_state * reset[:, frame]
        carried = carried + moved[:, frame, : 2 * size] @ gate_weight

    rows = moved.flatten(0, 1)  # [B * T, 3 H]
    to_gates = rows[:, : 2 * size].t() @ before.flatten(0, 1)
    to_candidates = rows[:, 2 * size :].t() @ (reset * before).flatten(0, 1)
    recurrent = torch.cat([to_gates, to_candidates])
    return moved @ weight_input, rows.t() @ inputs.flatten(0, 1), recurrent, rows.sum(dim=0)


# Not `torch.library.custom_op`, whose first call waits seconds for the compiler, which nothing here needs.
torch.library.define(_NAME, "(Tensor inputs, Tensor weight_input, Tensor weight_recurrent, Tensor bias) -> Tensor")
torch.library.impl(_NAME, "CompositeExplicitAutograd", _forward)
torch.library.register_fake(_NAME, _shape)
torch.library.register_autograd(_NAME, _backward, setup_context=_remember)

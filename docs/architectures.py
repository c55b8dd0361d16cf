"""What the networks are made of: the rows that `diagrams.py` draws, from what goes in to what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["data", "layer", "time", "pool", "result", "training"]


@dataclass(frozen=True)
class Block:
    """One box.

    Args:
        title: what it is.
        detail: one short line about it.
        kind: its colour: data, a layer on single frames, one that looks along time, one that summarises, the result,
            or what the training alone has.
    """

    title: str
    detail: str
    kind: Kind = "layer"


@dataclass(frozen=True)
class Row:
    """Boxes side by side, and what they hand to the next row.

    Args:
        blocks: the boxes.
        gives: shape of what leaves them; empty where nothing is to be said.
    """

    blocks: tuple[Block, ...]
    gives: str = ""


def _row(title: str, detail: str, kind: Kind = "layer", gives: str = "") -> Row:
    return Row((Block(title, detail, kind),), gives)


_SILHOUETTE_CNN = Row(
    (
        Block("3 x 3 convolutions", "32, 64, 128 channels; halved twice"),
        Block("mean over pixels", "one vector an image", "pool"),
    )
)

ARCHITECTURES: dict[str, tuple[Row, ...]] = {
    "anthropometry": (
        _row("joints", "20 of a Kinect, metres", "data", "[T, 20, 3]"),
        _row("bone lengths", "where both ends are seen", "layer", "[T, 19]"),
        _row("median over the walk", "no weights", "pool", "[19]"),
        _row("bone lengths of a person", "standardised, Euclidean", "result"),
    ),
    "cnn-gei": (
        _row("gait energy image", "mean of all silhouettes", "data", "[1, 128, 88]"),
        _row("convolution 3 x 3, 32", "normalise, halve, ReLU", "layer", "[32, 64, 44]"),
        _row("convolution 3 x 3, 64", "normalise, halve, ReLU", "layer", "[64, 32, 22]"),
        _row("convolution 3 x 3, 128", "normalise, ReLU", "layer", "[128, 32, 22]"),
        _row("mean over pixels", "global average", "pool", "[128]"),
        Row((Block("embedding", "128 values, cosine", "result"), Block("classifier", "training people", "training"))),
    ),
    "cnn-gru": (
        _row("silhouettes", "20, evenly spaced", "data", "[20, 1, 128, 88]"),
        Row(_SILHOUETTE_CNN.blocks, "[20, 128]"),
        _row("GRU or LSTM over the frames", "128 values a state", "time", "[20, 128]"),
        _row("last state, mean or attention", "option: pooling", "pool", "[128]"),
        _row("linear", "after dropout", "layer", "[128]"),
        Row((Block("embedding", "128 values, cosine", "result"), Block("classifier", "training people", "training"))),
    ),
    "gait-base": (
        _row("silhouettes as a set", "30 of a walk, in any order", "data", "[30, 1, 64, 44]"),
        _row("stem, convolution 3 x 3", "64 channels", "layer", "[30, 64, 64, 44]"),
        _row("4 residual levels", "64, 128, 256, 512 channels; halved twice", "layer", "[30, 512, 16, 11]"),
        _row("maximum over the frames", "option: plus mean", "pool", "[512, 16, 11]"),
        _row("16 horizontal stripes", "mean plus maximum of each", "pool", "[16, 512]"),
        _row("one linear layer per stripe", "", "layer", "[16, 256]"),
        Row(
            (
                Block("embedding", "16 parts of 256, cosine", "result"),
                Block("normalise, classify", "each part by itself", "training"),
            )
        ),
    ),
    "gaitbert": (
        _row("clip of silhouettes", "50 in a row", "data", "[50, 1, 64, 64]"),
        _row("hide blocks and frames", "what is hidden: a second channel", "training", "[50, 2, 64, 64]"),
        _row("frame embedding", "patches, plus the time of the frame", "layer", "[64, 50, 64, 64]"),
        _row("3-D U-Net encoder", "64, 128, 256, 512; time is kept", "time", "[512, 50, 8, 8]"),
        Row(
            (
                Block("4 strips", "maximum and mean over time", "pool"),
                Block("decoder", "skips from the encoder", "training"),
            ),
            "[4096]  and  [50, 1, 64, 64]",
        ),
        Row((Block("embedding", "512 values, cosine", "result"), Block("hidden parts", "filled in", "training"))),
    ),
    "gait-nn": (
        _row("features of a pose network", "30 frames", "data", "[30, 32, 17, 17]"),
        _row("convolution 1 x 1, 256", "normalise, ELU", "layer", "[30, 256, 17, 17]"),
        _row("2 residual bottlenecks", "each halves height and width", "layer", "[30, 512, 5, 5]"),
        _row("convolutions 1 x 1 and 3 x 3, 256", "", "layer", "[30, 256, 5, 5]"),
        _row("linear", "one vector a frame", "layer", "[30, 512]"),
        _row("GRU or LSTM over the frames", "1 or 2 layers", "time", "[30, 512]"),
        _row("mean of the states", "", "pool", "[512]"),
        Row((Block("embedding", "512 values, cosine", "result"), Block("classifier", "training people", "training"))),
    ),
    "pose-gait-nn": (
        _row("RGB frames", "30, one person each", "data", "[30, 3, 136, 136]"),
        _row("pose network", "light-pose-nn or human-pose-nn, to its features", "layer", "[30, 32, 17, 17]"),
        _row("GaitNN", "convolutions, GRU, mean", "time", "[512]"),
        Row((Block("embedding", "512 values, cosine", "result"), Block("classifier", "training people", "training"))),
    ),
    "gait-statistics": (
        _row("joints, and where the sensor stood", "all frames, turned to face ahead", "data", "[T, 21, 4]"),
        Row((Block("frames seen from the left", "", "time"), Block("frames seen from the right", "", "time"))),
        _row("statistics of either side", "first harmonic of the cycle, medians, deviations, bones", "pool"),
        _row("4 linear discriminants", "fitted in closed form", "layer", "4 x [64]"),
        _row("embedding", "256 values, cosine", "result"),
    ),
    "resgcn": (
        _row("joints", "clip of 60 frames", "data", "[60, 20, 4]"),
        Row(
            (
                Block("joints", "2 blocks", "layer"),
                Block("motion", "2 blocks", "layer"),
                Block("bones", "2 blocks", "layer"),
            ),
            "[60, 20, 96]",
        ),
        _row("2 levels of 2 blocks", "graph convolution, then time; each halves the frames", "time", "[15, 20, 256]"),
        _row("mean of each joint, maximum", "each joint keeps its own 64 values", "pool", "[20 x 64 + 256]"),
        Row((Block("embedding", "256 values, length 1", "result"), Block("classifier", "training people", "training"))),
    ),
    "skeleton-transformer": (
        _row("joints", "clip of 60 frames", "data", "[60, 25, 4]"),
        _row("standardise, graph convolution", "128, 128, 256 values a joint", "layer", "[60, 25, 256]"),
        _row("attention among joints", "8 heads, frame by frame", "layer", "[60, 25, 256]"),
        _row("joints to one vector a frame", "linear", "layer", "[60, 256]"),
        _row("attention among frames", "8 heads", "time", "[60, 256]"),
        _row("transformer encoder", "6 layers, 512 wide", "time", "[60, 512]"),
        _row("temporal pyramid 1, 2, 4, 8", "and maximum, deviation", "pool", "[3072]"),
        Row((Block("embedding", "256 values, length 1", "result"), Block("classifier", "training people", "training"))),
    ),
    "human-pose-nn": (
        _row("picture", "one person", "data", "[3, 299, 299]"),
        _row("Inception-ResNet-v2", "up to its auxiliary tower", "layer", "[768, 17, 17]"),
        _row("features", "1 x 1 convolution; what GaitNN sees", "result", "[32, 17, 17]"),
        _row("transposed convolution", "17 x 17 places a cell; fixed Gaussian", "layer", "[16, 289, 289]"),
        _row("16 joints", "maxima of smoothed heat maps", "result"),
    ),
    "light-pose-nn": (
        _row("picture", "one person", "data", "[3, 136, 136]"),
        _row("stem and residual stages", "to an eighth: 24, 48, 96 channels", "layer", "[96, 17, 17]"),
        Row(
            (Block("kept as it is", "", "layer"), Block("to a sixteenth and back", "sees the whole person", "layer")),
            "[96, 17, 17]",
        ),
        _row("features", "1 x 1 convolution; what GaitNN sees", "result", "[32, 17, 17]"),
        _row("transposed convolution", "fixed Gaussian", "layer", "[16, 68, 68]"),
        _row("16 joints", "maxima of smoothed heat maps", "result"),
    ),
}

# Pictures of the whole rather than of a network.
OVERVIEWS: dict[str, tuple[Row, ...]] = {
    "data-flow": (
        Row(
            (
                Block("data set", "PNG, .pkl, Kinect, BVH", "data"),
                Block("video", "file, camera, stream", "data"),
                Block("rendered", "synthetic walkers", "data"),
            )
        ),
        _row("GaitSequence", "one walk: who, condition, view; silhouettes, joints, frames", "layer"),
        _row("store", "packed, written once, memory-mapped", "layer"),
        _row("input and batch", "representation, P x K sampling, augmentation", "layer"),
        _row("model", "on one CPU, one GPU or many", "time", "embedding [B, P parts, D]"),
        _row("distance", "mean over parts, in chunks", "pool"),
        Row(
            (
                Block("protocol, report", "figures of an evaluation", "result"),
                Block("gallery", "known, unknown", "result"),
            )
        ),
    ),
    "layers": (
        _row("cli", "command name -> typed function", "result"),
        _row("serving", "HTTP service and page", "result"),
        Row((Block("training", "recipe, loop, checkpoints", "time"), Block("video", "from frames to walks", "time"))),
        Row((Block("reports", "tables, figures, HTML", "pool"), Block("interop", "TensorFlow in, ONNX out", "pool"))),
        _row("gallery", "known people and decisions", "pool"),
        _row("evaluation", "protocols, metrics, calibration", "layer"),
        _row("data", "readers, store, inputs, sampling", "layer"),
        Row(
            (
                Block("synth", "walkers", "data"),
                Block("models", "networks", "data"),
                Block("losses", "one per file", "data"),
            )
        ),
        _row("core", "the vocabulary", "data"),
    ),
}

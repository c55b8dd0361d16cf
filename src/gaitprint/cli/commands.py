"""The table of commands. A module is imported when its command is called, not before."""

from __future__ import annotations

from gaitprint.core.registry import Registry

# group -> command -> one line for `gaitprint --help`
COMMAND_GROUPS: dict[str, dict[str, str]] = {
    "Start here": {
        "demo": "Make walkers, train, recognise people never seen before, and write a report: about two minutes.",
    },
    "Data": {
        "synth": "Make synthetic walkers: a store or a tree of PNGs.",
        "prepare": "Turn a raw data set into a store of packed walks.",
        "gei": "Write one gait energy image for each walk.",
        "export-tree": "Write the silhouettes of a store as a tree of PNGs.",
        "extract": "Find walkers in a video, webcam or stream, and put each passage into a store.",
        "pose": "Find the 16 joints of a person in a picture, a folder of pictures or a video.",
    },
    "Models": {
        "train": "Train a model from a recipe.",
        "evaluate": "Measure a model under a protocol; writes metrics, embeddings and an HTML report.",
        "calibrate": "Find a model's thresholds on people whom it never saw, and keep them with it.",
        "embed": "Write the embeddings of all walks of a store.",
        "crossvalidate": "Train systems on folds of people, and compare them on people they never saw.",
        "study": "Train a grid of recipe changes with several seeds each, and compare them.",
        "leaderboard": "Train and measure every shipped system on the same people, and put them side by side.",
        "reconstruct": "Let a model fill in hidden parts of walks; writes figures, strips and animations.",
        "export": "Write a model as an ONNX file, compared with PyTorch before it is kept.",
        "attention": "Draw which joints and which moments of a walk a model looks at.",
        "convert": "Turn weights that TensorFlow wrote into a weights file.",
    },
    "Who is this": {
        "compare": "Say how alike two walks are, and how likely one person's.",
        "enroll": "Make somebody known by walks, in a gallery that keeps them.",
        "identify": "Say who of a gallery walks here, or that it is nobody who is known.",
        "verify": "Check whether a walk is that of the person who is claimed.",
        "gallery": "List, show, rename, delete, export, import and copy who is known.",
        "serve": "Run the HTTP service with its web page, and manage the tokens that let people in.",
    },
    "What there is": {
        "models": "List the models.",
        "readers": "List the readers of raw data sets.",
        "recipes": "List the shipped training recipes.",
        "protocols": "List the evaluation protocols.",
        "augmentations": "List the augmentations, and draw them.",
        "doctor": "Say what is installed, what it computes on, where things are kept, and what of it is broken.",
        "completion": "Print a script that lets a shell complete commands and options.",
    },
}

COMMANDS = Registry(
    "command",
    {
        "demo": "gaitprint.cli.demo:demo",
        "synth": "gaitprint.cli.synth:synth",
        "prepare": "gaitprint.cli.prepare:prepare",
        "gei": "gaitprint.cli.gei:gei",
        "export-tree": "gaitprint.cli.export_tree:export_tree",
        "extract": "gaitprint.cli.extract:extract",
        "pose": "gaitprint.cli.pose:pose",
        "train": "gaitprint.cli.train:train",
        "evaluate": "gaitprint.cli.evaluate:evaluate",
        "calibrate": "gaitprint.cli.calibrate:calibrate",
        "embed": "gaitprint.cli.embed:embed",
        "crossvalidate": "gaitprint.cli.crossvalidate:crossvalidate",
        "study": "gaitprint.cli.study:study",
        "leaderboard": "gaitprint.cli.leaderboard:leaderboard",
        "reconstruct": "gaitprint.cli.reconstruct:reconstruct",
        "export": "gaitprint.cli.export:export",
        "attention": "gaitprint.cli.attention:attention",
        "convert": "gaitprint.cli.convert:convert",
        "compare": "gaitprint.cli.compare:compare",
        "enroll": "gaitprint.cli.enroll:enroll",
        "gallery": "gaitprint.cli.gallery:gallery",
        "serve": "gaitprint.cli.serve:serve",
        "identify": "gaitprint.cli.identify:identify",
        "verify": "gaitprint.cli.verify:verify",
        "models": "gaitprint.cli.listings:models",
        "readers": "gaitprint.cli.listings:readers",
        "recipes": "gaitprint.cli.listings:recipes",
        "protocols": "gaitprint.cli.listings:protocols",
        "augmentations": "gaitprint.cli.listings:augmentations",
        "doctor": "gaitprint.cli.doctor:doctor",
        "completion": "gaitprint.cli.completion:completion",
    },
)

"""Readers of raw data sets, one a file, and the table of their names."""

from __future__ import annotations

from gaitprint.core.registry import Registry

READERS = Registry(
    "reader",
    {
        "casia-b": "gaitprint.data.datasets.casia_b:CasiaBReader",
        "tree": "gaitprint.data.datasets.tree:TreeReader",
        "opengait": "gaitprint.data.datasets.opengait:OpenGaitReader",
        "kinect-gait": "gaitprint.data.datasets.kinect_gait:KinectGaitReader",
        "bvh": "gaitprint.data.datasets.bvh:BvhReader",
        "mpii": "gaitprint.data.datasets.mpii:MpiiReader",
        "lsp": "gaitprint.data.datasets.lsp:LspReader",
        "coco": "gaitprint.data.datasets.coco:CocoReader",
    },
)

"""Pose networks through ONNX Runtime."""

import importlib.util
from pathlib import Path

import pytest
import torch

from gaitprint.interop import onnx_pose
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.weights import PoseCard, build_pose_network

TINY = {"name": "light-pose-nn", "channels": [4, 8, 8, 8], "blocks": [1, 1, 1]}
CPU = torch.device("cpu")


@pytest.fixture
def network() -> PoseNetwork:
    torch.manual_seed(0)
    network = build_pose_network(TINY)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return network.eval()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAITPRINT_CACHE", str(tmp_path))
    return tmp_path


def card(weights: str) -> PoseCard:
    return PoseCard(network=TINY, metrics={}, weights_hash=weights)


def test_finds_what_pytorch_finds_and_records_once(
    network: PoseNetwork, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    locate = onnx_pose.fastest_locator(network, card("ab"), CPU)
    (kept,) = cache.rglob("*.onnx")
    written = kept.stat().st_mtime_ns
    for batch in (1, 5):
        images = network.example_inputs(batch)
        with torch.inference_mode():
            expected = network.joint_positions(images)
        found = locate(images)
        torch.testing.assert_close(found.positions, expected.positions)
        torch.testing.assert_close(found.probabilities, expected.probabilities, rtol=1e-4, atol=1e-6)
    onnx_pose.fastest_locator(network, card("ab"), CPU)
    assert kept.stat().st_mtime_ns == written
    onnx_pose.fastest_locator(network, card("cd"), CPU)
    assert len(list(cache.rglob("*.onnx"))) == 2
    monkeypatch.setattr(onnx_pose, "__version__", "another release, which may decode joints otherwise")
    onnx_pose.fastest_locator(network, card("cd"), CPU)
    assert len(list(cache.rglob("*.onnx"))) == 3


def test_without_onnx_runtime_pytorch_does_it(
    network: PoseNetwork, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    images = network.example_inputs(2)
    with torch.inference_mode():
        found, expected = onnx_pose.fastest_locator(network, card("ab"), CPU)(images), network.joint_positions(images)
    torch.testing.assert_close(found.positions, expected.positions)
    assert not list(cache.rglob("*.onnx"))


@pytest.mark.parametrize("damaged", [False, True])
def test_a_cache_that_cannot_be_used_costs_speed_alone(
    network: PoseNetwork,
    tmp_path: Path,
    damaged: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("onnxruntime")
    if damaged:
        (tmp_path / "damaged.onnx").write_bytes(b"no graph")
        monkeypatch.setattr(onnx_pose, "_recorded", lambda network, card: tmp_path / "damaged.onnx")
    else:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("GAITPRINT_CACHE", str(tmp_path / "file"))
    images = network.example_inputs(2)
    with torch.inference_mode():
        found, expected = onnx_pose.fastest_locator(network, card("ab"), CPU)(images), network.joint_positions(images)
    torch.testing.assert_close(found.positions, expected.positions)
    assert "joints are found by PyTorch" in capsys.readouterr().err

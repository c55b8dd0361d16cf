import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from gaitprint.cli import main
from gaitprint.core.config import to_mapping
from gaitprint.core.errors import IncompatibleError, MissingExtraError, UsageError
from gaitprint.interop.onnx import CARD_KEY, OnnxGraph, export_onnx, load_graph, pose_graph, relative_differences
from gaitprint.interop.onnx_operators import onnx_translations
from gaitprint.models.pose.weights import PoseCard, build_pose_network
from gaitprint.models.tensorflow_gru import TensorFlowGru
from gaitprint.models.weight_files import write_weights_file

CARD = {"model": {"name": "square"}, "train_subjects": ["Zoë"]}


class Square(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.square()


def square_graph() -> OnnxGraph:
    return OnnxGraph(
        name="square",
        module=Square(),
        input_name="inputs",
        dynamic_axes=("batch", "frames"),
        output_names=("embedding",),
        example=lambda batch, more_frames: torch.rand(batch, 4 + more_frames, 3),
        differences=relative_differences,
        card=CARD,
    )


def translated(module: nn.Module, inputs: Tensor, path: Path) -> onnxruntime.InferenceSession:
    """Export with the translations; the first axis may have any length."""
    with torch.no_grad():
        torch.onnx.export(
            module.eval(),
            (inputs,),
            path,
            dynamo=True,
            dynamic_shapes=({0: "batch"},),
            custom_translation_table=onnx_translations(),
            external_data=False,
            verbose=False,
        )
    return onnxruntime.InferenceSession(path)


def test_the_card_is_in_the_file_and_no_path_of_this_machine(tmp_path: Path) -> None:
    file = export_onnx(square_graph(), tmp_path / "folder" / "square.onnx")
    model = onnx.load(file.path)
    assert json.loads({entry.key: entry.value for entry in model.metadata_props}[CARD_KEY]) == CARD
    assert model.producer_name == "gaitprint"
    assert b".py" not in file.path.read_bytes()
    assert file.shapes == {"inputs": ["batch", "frames", 3], "embedding": ["batch", "frames", 3]}
    assert file.differences["embedding"] < 1e-6
    assert [path.name for path in file.path.parent.iterdir()] == ["square.onnx"]


def test_a_file_that_computes_something_else_is_not_kept(tmp_path: Path) -> None:
    class Fickle(Square):
        calls = 0

        def forward(self, inputs: Tensor) -> Tensor:
            self.calls += 1  # recorded as it was in the first call
            return inputs.square() + 2e-4 * self.calls

    graph = OnnxGraph(**{**vars(square_graph()), "module": Fickle()})
    path = tmp_path / "square.onnx"
    path.write_bytes(b"an older one")
    with pytest.raises(IncompatibleError, match=r"square\.onnx: not kept: 'embedding' of square differs .* by \d"):
        export_onnx(graph, path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("square.onnx", b"an older one")]


def test_differences_are_shares_of_the_largest_value_and_nan_has_its_place() -> None:
    expected = np.array([[1.0, -4.0], [np.nan, 0.0]], np.float32)
    found = np.array([[1.0, -4.0], [np.nan, 0.1]], np.float32)
    assert relative_differences([expected], [found]) == [pytest.approx(0.1 / 4)]
    assert relative_differences([expected], [np.nan_to_num(found)]) == [float("inf")]
    assert relative_differences([expected], [found[:1]]) == [float("inf")]
    nothing = np.zeros((2, 2), np.float32)
    assert relative_differences([nothing], [nothing + 0.5]) == [0.5]
    assert relative_differences([expected * np.nan], [found * np.nan]) == [0.0]


def test_joints_are_judged_by_how_high_their_maps_are() -> None:
    torch.manual_seed(0)
    network = build_pose_network({"name": "light-pose-nn", "channels": [8, 8, 8, 8], "blocks": [1, 1, 1]})
    logits = torch.full((1, 16, 68, 68), -20.0)
    logits[:, :, 30, 10] = logits[:, :, 30, 50] = 2.0
    positions, probabilities = network.decode(logits)
    assert positions.unique().tolist() == [20.0, 60.0]  # two heat maps' pixels of one of the input
    outputs = [torch.zeros(1, 32, 17, 17), logits, positions, probabilities]
    expected = [output.numpy() for output in outputs]
    judge = pose_graph(network, "light-pose-nn", {}).differences

    def difference(column: float) -> float:
        moved = expected[2].copy()
        moved[0, 3, 0] = column
        return judge(expected, [*expected[:2], moved, expected[3]])[2]

    assert difference(20) == 0
    assert difference(100) < 1e-6  # the other, equally high
    assert difference(22) > 0.1
    assert difference(-2) == difference(136) == float("inf")


def test_pose_networks_are_exported_from_their_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    options = {"name": "light-pose-nn", "channels": [8, 8, 8, 8], "blocks": [1, 1, 1]}
    card = PoseCard(network=options, metrics={}, data="converted")
    weights = tmp_path / "pose.safetensors"
    card = write_weights_file(weights, build_pose_network(options), card)
    graph = load_graph(weights)
    assert graph.name == "light-pose-nn"
    assert graph.card == to_mapping(card)
    assert graph.output_names == ("features", "logits", "positions", "probabilities")


def test_a_fusion_names_its_members_and_unknown_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"is a fusion of several models; give one of them: .*resgcn-light"):
        load_graph("skeleton")
    with pytest.raises(UsageError, match=r"did you mean 'anthropometry'.*no such folder or file"):
        load_graph("antropometry")
    with pytest.raises(UsageError, match="'cnn-gei' comes without weights"):
        load_graph("cnn-gei")


@pytest.mark.parametrize("package", ["onnxruntime", "onnxscript"])
def test_without_the_extra_one_line_says_what_to_install(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf'needs {package}: pip install "gaitprint\[export\]"'):
        export_onnx(square_graph(), tmp_path / "square.onnx")
    assert list(tmp_path.iterdir()) == []


def test_other_commands_do_not_need_the_extra() -> None:
    code = "import sys, gaitprint.interop.onnx; print({'onnx', 'onnxruntime', 'onnxscript'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, summary = tmp_path / "bones.onnx", tmp_path / "summary.json"
    command = ["export", "anthropometry", "--to", "onnx", "--out", str(out), "--json", str(summary)]
    assert main.run(command) == 0
    values: dict[str, Any] = json.loads(summary.read_text())
    assert values["shapes"] == {"inputs": ["batch", "frames", 20, 4], "embedding": ["batch", 1, 19]}
    assert values["bytes"] == out.stat().st_size
    assert values["differences"]["embedding"] < 1e-5
    printed = capsys.readouterr()
    assert "in  inputs [batch, frames, 20, 4]\nout embedding [batch, 1, 19]; differs from PyTorch by" in printed.out
    assert printed.err == ""


def test_linear_systems_are_solved_with_pivots(tmp_path: Path) -> None:
    class Solve(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            return torch.linalg.solve(inputs[..., :4], inputs[..., 4:])

    generator = np.random.default_rng(0)
    systems = generator.standard_normal((50, 3, 4, 6)).astype(np.float32)
    systems[:, 0, 0, 0] = 0  # the first pivot is elsewhere
    systems[:, 1, :, :4] = np.eye(4)[[2, 0, 3, 1]]  # rows in another order
    systems[:, 2, :2, :2] = 1  # the second pivot is 0 after the first step
    session = translated(Solve(), torch.from_numpy(systems[:2]), tmp_path / "solve.onnx")
    (found,) = session.run(None, {session.get_inputs()[0].name: systems})
    expected = np.linalg.solve(systems[..., :4].astype(np.float64), systems[..., 4:].astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_lengths_of_two_sides(tmp_path: Path) -> None:
    class Hypotenuse(nn.Module):
        def forward(self, inputs: Tensor) -> Tensor:
            return torch.hypot(inputs[:, 0], inputs[:, 1])

    sides = torch.tensor([[3.0, 4.0], [-5.0, 12.0], [0.0, 0.0]])
    session = translated(Hypotenuse(), sides, tmp_path / "hypot.onnx")
    (found,) = session.run(None, {session.get_inputs()[0].name: sides.numpy()})
    assert found.tolist() == [5.0, 13.0, 0.0]


def test_the_recurrent_unit_of_tensorflow_is_one_node(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = TensorFlowGru(5, 7, num_layers=2)
    inputs = torch.randn(2, 4, 5)
    session = translated(layers, inputs, tmp_path / "gru.onnx")
    kinds = [node.op_type for node in onnx.load(tmp_path / "gru.onnx").graph.node]
    assert kinds.count("GRU") == 2
    more = torch.randn(6, 4, 5)
    with torch.inference_mode():
        expected = layers(more).numpy()
    (found,) = session.run(None, {session.get_inputs()[0].name: more.numpy()})
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

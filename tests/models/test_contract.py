"""What every model in the table promises."""

import pytest
import torch

from gaitprint.core.config import to_mapping
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.models import MODELS
from gaitprint.models.base import ClosedFormModel, GaitModel
from gaitprint.models.weights import Card, build_model, load_weights, save_weights

NUM_SUBJECTS = 5


@pytest.fixture(params=sorted(MODELS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def model(name: str) -> GaitModel:
    torch.manual_seed(0)
    return build_model({"name": name}, NUM_SUBJECTS)


def has_parameters(model: GaitModel) -> bool:
    """Whether a model learns by steps; any other has nothing for them to change."""
    learns_by_steps = model.trainable and not isinstance(model, ClosedFormModel)
    assert learns_by_steps == bool(list(model.parameters()))
    return learns_by_steps


@pytest.mark.parametrize("name", [name for name in sorted(MODELS) if issubclass(MODELS[name], ClosedFormModel)])
def test_closed_form_models_fit_what_they_describe(name: str) -> None:
    torch.manual_seed(0)
    model = build_model({"name": name}, NUM_SUBJECTS)
    assert isinstance(model, ClosedFormModel)
    inputs = model.example_inputs(8)
    labels = torch.arange(8) // 2
    before = model(inputs).embedding
    descriptions = model.describe(inputs)
    assert descriptions.shape[0] == 8
    model.fit(descriptions, labels)
    after = model(inputs).embedding
    assert not torch.equal(before, after)
    assert torch.isfinite(after).all()
    # Walks of one person lie together, those of two people apart: they were learnt by heart.
    cosines = after[:, 0] @ after[:, 0].T
    same = labels[:, None] == labels
    assert cosines[same].min() > cosines[~same].max()


def test_forward_on_its_own_example(model: GaitModel) -> None:
    inputs = model.example_inputs(3)
    output = model(inputs)
    assert inputs.device.type == output.embedding.device.type == "cpu"
    assert output.embedding.dtype == torch.float32
    assert output.embedding.ndim == 3
    assert output.embedding.shape == (3, *model.embedding_shape)
    assert torch.isfinite(output.embedding).all()
    if has_parameters(model):
        assert output.logits is not None
        assert output.logits.shape == (3, output.embedding.shape[1], NUM_SUBJECTS)


def test_gradients_reach_every_parameter(model: GaitModel) -> None:
    for parameter in model.parameters():
        if parameter.ndim > 1 and not parameter.any():
            # A block that starts as the identity: its last layer lets nothing through until the first step.
            torch.nn.init.normal_(parameter, std=0.1)
    output = model.train()(model.example_inputs(4))
    loss = output.embedding.square().mean() * 0.1
    if output.logits is not None:
        loss = loss + output.logits.logsumexp(-1).mean() + output.logits[..., 0].mean()
    if output.reconstruction is not None:
        loss = loss + output.reconstruction.logits.square().mean()
    if not has_parameters(model):
        return
    loss.backward()
    silent = [key for key, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_without_classifier_there_are_no_logits(name: str, model: GaitModel) -> None:
    bare = build_model({"name": name}, None)
    assert bare(bare.example_inputs(2)).logits is None
    assert len(list(bare.parameters())) < len(list(model.parameters())) or not has_parameters(model)


def test_eval_is_deterministic(model: GaitModel) -> None:
    inputs = model.example_inputs(3)
    model.eval()
    with torch.inference_mode():
        assert torch.equal(model(inputs).embedding, model(inputs).embedding)


def test_batch_of_one_equals_batch_of_many(model: GaitModel) -> None:
    inputs = model.example_inputs(4)
    model.eval()
    with torch.inference_mode():
        together = model(inputs).embedding
        alone = torch.cat([model(inputs[i : i + 1]).embedding for i in range(4)])
    torch.testing.assert_close(alone, together, rtol=1e-5, atol=1e-6)


def _card(name: str, model: GaitModel) -> Card:
    config = to_mapping(model.Config())
    return Card(
        model={"name": name, **config},
        input=dict(model.default_input(model.Config())),
        distance=model.distance,
        num_subjects=NUM_SUBJECTS,
        train_subjects=("a", "b", "c", "d", "e"),
        data="",
        metrics={},
        recipe="",
        step=0,
    )


def test_save_and_load_agree(name: str, model: GaitModel, tmp_path) -> None:
    model.train()(model.example_inputs(4))  # moves running statistics away from their start
    card = save_weights(tmp_path, model, _card(name, model))
    loaded, loaded_card = load_weights(tmp_path)
    inputs = model.eval().example_inputs(2)
    with torch.inference_mode():
        assert torch.equal(loaded(inputs).embedding, model(inputs).embedding)
    assert loaded_card == card
    assert len(card.weights_hash) == 64
    again = save_weights(tmp_path, loaded, card)
    assert again.weights_hash == card.weights_hash


def test_weights_that_do_not_fit_are_refused(tmp_path) -> None:
    model = build_model({"name": "cnn-gei"}, NUM_SUBJECTS)
    card = save_weights(tmp_path, model, _card("cnn-gei", model))
    text = (tmp_path / "card.json").read_text()
    (tmp_path / "card.json").write_text(text.replace('"num_subjects": 5', '"num_subjects": 6'))
    with pytest.raises(IncompatibleError, match=r"classifier.* is \[5"):
        load_weights(tmp_path)
    (tmp_path / "card.json").write_text(text.replace('"num_subjects": 5', '"num_subjects": null'))
    with pytest.raises(IncompatibleError, match=r"has no place for tensor 'classifier\.bias'"):
        load_weights(tmp_path)
    (tmp_path / "card.json").write_text(text.replace(card.weights_hash, "0" * 64))
    with pytest.raises(UnreadableFileError, match="SHA-256"):
        load_weights(tmp_path)
    for word, reason in (('"cnn-gei"', "unknown model"), ('"normalisation"', "unknown key 'model.mystery'")):
        (tmp_path / "card.json").write_text(text.replace(word, '"mystery"'))
        with pytest.raises(UnreadableFileError, match=rf"card\.json: a card that .* cannot read \({reason}"):
            load_weights(tmp_path)
    (tmp_path / "card.json").write_text(text)
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[:1000])
    with pytest.raises(UnreadableFileError, match=r"model\.safetensors: not readable"):
        load_weights(tmp_path)
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(UnreadableFileError, match=r"card\.json: not a model card"):
        load_weights(tmp_path)


def test_unknown_names_and_options_name_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'cnn-gei'"):
        build_model({"name": "cnn-gie"}, 3)
    with pytest.raises(UsageError, match=r"model\.normalization.*'normalisation'"):
        build_model({"name": "cnn-gei", "normalization": "none"}, 3)

import pytest
import torch
from torch import nn

from gaitprint.core.config import from_mapping
from gaitprint.core.errors import UsageError
from gaitprint.models.gaitbert import GaitBert, GaitBertConfig
from gaitprint.models.masking import Masking, sample_hidden

SMALL = {"channels": (8, 16, 32), "patch": 2}


def _model(num_subjects: int | None = 5, **options: object) -> GaitBert:
    torch.manual_seed(0)
    return GaitBert.from_config(GaitBertConfig(**(SMALL | options)), num_subjects)


def _clips(frames: int = 8, height: int = 28, width: int = 22, batch: int = 2) -> torch.Tensor:
    return (torch.rand(batch, frames, 1, height, width, generator=torch.Generator().manual_seed(1)) > 0.5) * 2.0 - 1


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 8, 8), (5, 28, 22), (50, 64, 64), (7, 64, 44)])
@pytest.mark.parametrize("identity", ["whole", "shown"])
def test_as_many_frames_of_the_same_size_come_out(frames: int, height: int, width: int, identity: str) -> None:
    clips = _clips(frames, height, width)
    output = _model(identity=identity).train()(clips)
    assert output.embedding.shape == (2, 1, 512)
    assert output.logits.shape == (2, 1, 5)
    assert output.reconstruction.logits.shape == clips.shape


def test_the_truth_is_never_touched() -> None:
    clips = _clips()
    before = clips.clone()
    reconstruction = _model(identity="shown").train()(clips).reconstruction
    assert torch.equal(clips, before)
    assert torch.equal(reconstruction.truth, (before + 1) / 2)
    assert reconstruction.hidden.any()


def test_what_is_hidden_is_not_seen() -> None:
    model = _model().eval()
    clips = _clips()
    hidden = sample_hidden(clips.shape, Masking(), clips.device, torch.Generator().manual_seed(2))
    other = torch.where(hidden, -clips, clips)
    assert torch.equal(model.reconstruct(clips, hidden).logits, model.reconstruct(other, hidden).logits)
    changed = torch.where(hidden, clips, -clips)
    assert not torch.equal(model.reconstruct(clips, hidden).logits, model.reconstruct(changed, hidden).logits)


def test_identity_of_whole_clips_beside_masked_copies_of_some() -> None:
    masking, clips = {"clips": 0.5, "frames": 0.5, "blocks": 2}, _clips(batch=8)
    model = _model(masking=Masking(**masking), normalisation="group")
    plain = model.eval()(clips)
    trained = model.train()(clips)
    # Group normalisation treats every clip by itself, so what is beside a clip cannot change its embedding.
    torch.testing.assert_close(trained.embedding, plain.embedding)
    torch.testing.assert_close(trained.logits, plain.logits)
    filled = trained.reconstruction
    assert filled.logits.shape == filled.truth.shape == filled.hidden.shape == (4, *clips.shape[1:])
    assert filled.hidden.flatten(1).any(dim=1).all()
    for truth in filled.truth:
        assert any(torch.equal(truth, (clip + 1) / 2) for clip in clips)
    # What is shown decides the embedding in the other mode.
    shown = _model(masking=Masking(**masking), normalisation="group", identity="shown").train()(clips)
    assert shown.reconstruction.logits.shape == clips.shape
    assert not torch.allclose(shown.embedding, plain.embedding, atol=1e-4)


def test_nothing_is_hidden_in_evaluation() -> None:
    model, clips = _model().eval(), _clips()
    output = model(clips)
    assert output.reconstruction is None
    torch.testing.assert_close(output.embedding, model(clips).embedding, rtol=0, atol=0)


def test_without_decoder_it_is_a_plain_encoder_with_the_same_embedding() -> None:
    full, plain = _model(), _model(decoder=False)
    assert plain.train()(_clips()).reconstruction is None
    plain.load_state_dict({name: value for name, value in full.state_dict().items() if "decoder" not in name})
    torch.testing.assert_close(plain.eval()(_clips()).embedding, full.eval()(_clips()).embedding)
    with pytest.raises(UsageError, match="without a decoder"):
        plain.reconstruct(_clips(), torch.zeros_like(_clips(), dtype=torch.bool))


def test_the_order_of_frames_matters_even_where_each_is_seen_alone() -> None:
    # Two frames of a clip are swapped; a network that pools frames without a sense of time would not notice.
    model = _model(channels=(8,)).eval()
    # The convolution's neighbours in time are switched off, so that only the encoding of time is left.
    for module in model.modules():
        if isinstance(module, nn.Conv3d) and module.kernel_size[0] == 3:
            module.weight.data[:, :, [0, 2]] = 0
    clips = _clips(frames=6)
    swapped = clips[:, [3, 1, 2, 0, 4, 5]]
    assert not torch.allclose(model(clips).embedding, model(swapped).embedding, atol=1e-6)


def test_skip_connections_carry_what_the_bottleneck_lost() -> None:
    model = _model().eval()
    clips = _clips()
    nothing = torch.zeros_like(clips, dtype=torch.bool)
    levels = model._encode((clips + 1) / 2, nothing)
    whole = model.decoder(levels)
    without = model.decoder([torch.zeros_like(level) for level in levels[:-1]] + levels[-1:])
    assert not torch.allclose(whole, without)


def test_overfits_one_batch_and_fills_in_better_than_background() -> None:
    model = _model(num_subjects=None, normalisation="group").train()
    clips = torch.full((4, 6, 1, 16, 16), -1.0)
    for clip in range(4):
        clips[clip, :, :, 2 + clip : 10 + clip, 4:12] = 1
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    torch.manual_seed(1)
    for _ in range(60):
        filled = model(clips).reconstruction
        loss = nn.functional.binary_cross_entropy_with_logits(filled.logits, filled.truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    hidden = sample_hidden(clips.shape, Masking(), clips.device, torch.Generator().manual_seed(9))
    filled = model.reconstruct(clips, hidden)
    right = ((filled.logits > 0) == (filled.truth > 0.5))[hidden].float().mean()
    assert right > 0.95  # background everywhere would give 0.75


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": [12]}, "multiple of 8"),
        ({"patch": 0}, "at least 1"),
        ({"dropout": 1.0}, "dropout"),
        ({"masking": {"frame": 0.1}}, r"model\.masking\.frame"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_mapping(GaitBertConfig, options, "model")


def test_frames_that_patches_do_not_tile_are_refused() -> None:
    with pytest.raises(UsageError, match="27 x 22 pixels are not tiled by patches of 2"):
        _model()(_clips(height=27))

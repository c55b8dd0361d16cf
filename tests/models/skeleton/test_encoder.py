import torch
from torch import nn

from gaitprint.models.skeleton.encoder import EncoderLayer, TemporalEncoder


def test_layer_against_torch() -> None:
    torch.manual_seed(0)
    ours = EncoderLayer(16, 4, 32, 0.1).eval()
    theirs = nn.TransformerEncoderLayer(16, 4, 32, 0.1, batch_first=True, norm_first=True).eval()
    pairs = {
        "self_attn.in_proj_": ours.attention.project,
        "self_attn.out_proj.": ours.attention.merge,
        "linear1.": ours.feed_forward[1],
        "linear2.": ours.feed_forward[4],
        "norm1.": ours.attention_norm,
        "norm2.": ours.feed_forward[0],
    }
    for module in (ours.attention_norm, ours.feed_forward[0]):
        nn.init.normal_(module.weight)
        nn.init.normal_(module.bias)
    theirs.load_state_dict({prefix + k: v for prefix, m in pairs.items() for k, v in m.state_dict().items()})
    frames, seen = torch.randn(3, 9, 16), torch.arange(9) < torch.tensor([9, 5, 1])[:, None]
    expected = theirs(frames, src_key_padding_mask=~seen)
    torch.testing.assert_close(ours(frames, seen)[seen], expected[seen], rtol=1e-4, atol=1e-5)


def test_order_matters() -> None:
    torch.manual_seed(0)
    encoder = TemporalEncoder(8, 16, 2, 4, 32, 0.1).eval()
    frames, order = torch.randn(2, 9, 8), torch.randperm(9)
    straight, shuffled = encoder(frames, None), encoder(frames[:, order], None)
    assert (shuffled - straight[:, order]).abs().max() > 0.1


def test_a_gap_keeps_its_duration() -> None:
    torch.manual_seed(0)
    encoder = TemporalEncoder(8, 16, 2, 4, 32, 0.1).eval()
    frames = torch.randn(1, 6, 8)
    gap = torch.tensor([[True, True, False, False, True, True]])
    closed = encoder(frames[:, gap[0]], None)
    assert (encoder(frames, gap)[gap] - closed[0]).abs().max() > 0.1
    torch.testing.assert_close(encoder(frames, gap)[:, :2], encoder(torch.where(gap[..., None], frames, 7), gap)[:, :2])

import torch
from torch import nn

from gaitprint.models.skeleton.attention import AttentionStage, SelfAttention


def _attention() -> SelfAttention:
    torch.manual_seed(4)
    attention = SelfAttention(16, 4)
    for parameter in attention.parameters():
        nn.init.normal_(parameter, std=0.5)
    return attention


def test_against_torch() -> None:
    ours = _attention()
    theirs = nn.MultiheadAttention(16, 4, batch_first=True)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = ours.project.weight.data, ours.project.bias.data
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = ours.merge.weight.data, ours.merge.bias.data
    elements, seen = torch.randn(3, 7, 16), torch.rand(3, 7) > 0.3
    expected, weights = theirs(
        elements, elements, elements, key_padding_mask=~seen, need_weights=True, average_attn_weights=False
    )
    for with_map in (False, True):
        torch.testing.assert_close(ours(elements, seen, with_map)[0], expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours(elements, seen, True)[1], weights * seen[:, None, :, None])


def test_rows_sum_to_one_and_ignore_what_was_not_seen() -> None:
    elements, seen = torch.randn(3, 7, 16), torch.rand(3, 7) > 0.3
    seen[2] = False
    values, weights = _attention()(elements, seen, True)
    assert torch.isfinite(values).all()
    torch.testing.assert_close(weights.sum(dim=-1), seen[:, None].expand(3, 4, 7).float())
    assert not (weights * ~seen[:, None, None, :]).any()
    assert (weights >= 0).all()


def test_stage_is_normalised_after_the_residual() -> None:
    torch.manual_seed(4)
    stage = AttentionStage(16, 4, 0.5).eval()
    elements = torch.randn(3, 7, 16) * 10
    expected = elements + stage.attention(elements, None, False)[0]
    expected = (expected - expected.mean(-1, keepdim=True)) / expected.var(-1, correction=0, keepdim=True).sqrt()
    torch.testing.assert_close(stage(elements, None)[0], expected, rtol=1e-4, atol=1e-4)
    seen = torch.rand(3, 7) > 0.3
    assert not stage(elements, seen)[0][~seen].any()

"""What the networks on skeletons promise, whatever they are made of."""

import pytest
import torch
from tests.models.small_networks import SMALL, random_walks, small_model

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import SKELETONS
from gaitprint.data.inputs import build_input
from gaitprint.models import MODELS
from gaitprint.models.skeleton.network import SkeletonNetwork


@pytest.fixture(params=sorted(SMALL))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_every_network_on_skeletons_is_here() -> None:
    assert sorted(SMALL) == sorted(key for key, model in MODELS.items() if issubclass(model, SkeletonNetwork))


@pytest.mark.parametrize("unseen", [0.0, 0.3])
@pytest.mark.parametrize(
    ("name", "options"),
    [("resgcn", {}), ("skeleton-transformer", {"standardise": False}), ("skeleton-transformer", {"standardise": True})],
)
def test_padding_changes_nothing(name: str, options: dict[str, bool], unseen: float) -> None:
    model = small_model(name, **options)
    walks = [random_walks(1, frames, unseen)[0] for frames in (1, 3, 11, 16)]
    batch = build_input({"representation": "joints", "skeleton": "kinect-v1-20"}).collate([w.numpy() for w in walks])
    assert batch.shape == (4, 16, 20, 4)
    together = model(batch)
    for i, walk in enumerate(walks):
        alone = model(walk[None])
        torch.testing.assert_close(together.embedding[i], alone.embedding[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(together.logits[i], alone.logits[0], rtol=1e-5, atol=1e-5)


def test_training_sees_no_padding(name: str) -> None:
    walks = random_walks(4, 7, 0.2)
    padded = torch.cat([walks, torch.zeros(4, 6, 20, 4)], dim=1)
    padded[:, 7:, :, :3] = 100  # whatever stands there
    plain, other = small_model(name).train(), small_model(name).train()
    torch.testing.assert_close(plain(walks).logits, other(padded).logits, rtol=1e-4, atol=1e-4)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value, rtol=1e-4, atol=1e-5, msg=key)


def test_where_an_unseen_joint_is_said_to_be_does_not_matter(name: str) -> None:
    model = small_model(name)
    walks = random_walks(3, 9, 0.3)
    elsewhere = walks.clone()
    elsewhere[..., :3][walks[..., 3] == 0] = torch.nan
    assert torch.equal(model(walks).embedding, model(elsewhere).embedding)
    shown = walks.clone()
    shown[..., 3] = 1
    assert (model(shown).embedding - model(walks).embedding).abs().max() > 1e-3


def test_walk_without_any_joint_has_no_embedding_and_harms_nobody(name: str) -> None:
    model = small_model(name)
    walks = random_walks(3, 9)
    expected = model(walks).embedding[1:]
    walks[0, ..., 3] = 0
    embedding = model(walks).embedding
    assert embedding[0].isnan().all()
    torch.testing.assert_close(embedding[1:], expected, rtol=1e-5, atol=1e-5)
    output = model.train()(walks)
    assert torch.isfinite(output.embedding).all()
    (output.embedding.sum() + output.logits.logsumexp(-1).sum()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_left_is_told_from_right(name: str) -> None:
    model, walks = small_model(name), random_walks(3, 9)
    mirrored = walks[:, :, torch.from_numpy(SKELETONS["kinect-v1-20"].mirror_indices)]
    assert (model(mirrored).embedding - model(walks).embedding).abs().max() > 1e-2


def test_joints_of_another_skeleton_are_refused(name: str) -> None:
    with pytest.raises(IncompatibleError, match=r"needs joints \[B, T >= 1, 20, 4\]"):
        small_model(name)(random_walks(2, 5, joints=25))


def test_time_has_an_order(name: str) -> None:
    model = small_model(name)
    walks = random_walks(3, 9)
    assert (model(walks).embedding - model(walks.flip(1)).embedding).abs().max() > 1e-3


@pytest.mark.parametrize("skeleton", sorted(SKELETONS))
@pytest.mark.parametrize("axes", [2, 3])
def test_any_skeleton_any_length(name: str, skeleton: str, axes: int) -> None:
    model = small_model(name, skeleton=skeleton, axes=axes)
    for frames in (1, 3, 70):
        embedding = model(random_walks(2, frames, 0.1, model.num_joints, axes)).embedding
        assert embedding.shape == (2, 1, 8)
        torch.testing.assert_close(embedding.norm(dim=-1), torch.ones(2, 1))


def test_its_declared_input_feeds_it(name: str) -> None:
    model = small_model(name)
    config = type(model).Config(**{"skeleton": "kinect-v1-20", **SMALL[name]})
    declared = build_input(type(model).default_input(config))
    walk = random_walks(1, 80)[0, ..., :3].numpy()
    sequence = GaitSequence("a", "nm-01", "000", 30.0, joints=walk, skeleton="kinect-v1-20")
    batch = declared.finish(declared.collate([declared.encode(sequence)]))
    assert batch.shape == (1, 60, 20, 4)
    assert model(batch).embedding.shape == (1, *model.embedding_shape)

import json

import numpy as np
import pytest
import torch

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.reconstruction import Reconstruction
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.inputs import build_input
from gaitprint.data.store import Store
from gaitprint.evaluation.copying import nearest_visible_pixel
from gaitprint.evaluation.embed import Embedder
from gaitprint.evaluation.reconstruction import (
    METHODS,
    REGIONS,
    hidden_parts,
    measure_reconstruction,
    overlaps,
    reconstruct_clips,
    reconstruct_walks,
)
from gaitprint.models.gaitbert import GaitBert, GaitBertConfig
from gaitprint.models.masking import Masking
from gaitprint.models.weights import build_model

INPUT = {"representation": "silhouettes", "size": [16, 12], "frames": 6}
CONFIG = GaitBertConfig(channels=(8, 16), patch=2, masking=Masking(clips=0.01))


class Perfect(GaitBert):
    """Knows what was hidden from it."""

    def reconstruct(self, inputs, hidden):
        return Reconstruction(inputs, (inputs + 1) / 2, hidden)


class Copying(GaitBert):
    """Copies the nearest visible pixel."""

    def reconstruct(self, inputs, hidden):
        truth = (inputs + 1) / 2
        return Reconstruction(nearest_visible_pixel(truth, hidden) - 0.5, truth, hidden)


def _embedder(model_type: type[GaitBert] = GaitBert, config: GaitBertConfig = CONFIG, **options) -> Embedder:
    torch.manual_seed(0)
    return Embedder(model_type.from_config(config, None), build_input(INPUT | options), name="gaitbert")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Random walks of 1 to 11 frames, of two people."""
    rng = np.random.default_rng(0)
    walks = [
        GaitSequence(
            *(f"{n // 6:03d}", condition, "090", 25.0),
            silhouettes=((rng.random((1 + n, 16, 16)) > 0.4) * 255).astype(np.uint8),
        )
        for n, condition in enumerate(["nm-01", "nm-02", "bg-01", "cl-01", "cl-02", "walk"] * 2)
        if n < 11
    ]
    store = Store.create(tmp_path_factory.mktemp("walks") / "store")
    store.add(walks)
    return store


def test_overlap_agrees_with_a_loop() -> None:
    generator = torch.Generator().manual_seed(0)
    shape = (3, 5, 1, 4, 3)
    truth, hidden = torch.rand(shape, generator=generator), torch.rand(shape, generator=generator) < 0.5
    hidden[:2, 1:3] = True
    hidden[2, :, :, 0] = False
    logits = torch.randn(shape, generator=generator)
    truth[0, 1:3] = 0.2  # nobody in the first clip's hidden frames
    intersection, union, shown = overlaps(Reconstruction(logits, truth, hidden))
    assert intersection.shape == union.shape == (3, len(METHODS), len(REGIONS))
    guesses = {"model": logits.sigmoid(), "nearest-pixel": nearest_visible_pixel(truth, hidden)}
    for method, guess in guesses.items():
        for b in range(3):
            expected = {name: [0, 0, 0] for name in REGIONS}  # intersection, union, true
            for t in range(5):
                kind = "frames" if bool(hidden[b, t].all()) else "blocks"
                for p, q, h in zip(guess[b, t].flatten(), truth[b, t].flatten(), hidden[b, t].flatten(), strict=True):
                    person, said = bool(q >= 0.5), bool(p >= 0.5)
                    for name in ("hidden", kind) if h else ():
                        counted = (person and said, person or said, person)
                        expected[name] = [a + int(x) for a, x in zip(expected[name], counted, strict=True)]
            m = METHODS.index(method)
            assert intersection[b, m].tolist() == [expected[name][0] for name in REGIONS]
            assert union[b, m].tolist() == [expected[name][1] for name in REGIONS]
            assert shown[b].tolist() == [expected[name][2] > 0 for name in REGIONS]
    assert not shown[0, REGIONS.index("frames")]


def test_what_is_hidden_depends_on_seed_and_walk_alone() -> None:
    masking, shape = Masking(), (8, 1, 16, 12)
    together = hidden_parts(["a", "b", "c"], shape, masking, 3)
    assert together.shape == (3, *shape)
    assert together.flatten(1).any(dim=1).all()
    torch.manual_seed(1)
    assert torch.equal(hidden_parts(["c", "a"], shape, masking, 3), together[[2, 0]])
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(hidden_parts(["a"], shape, masking, 4)[0], together[0])


def test_result_does_not_depend_on_batches_or_order(store) -> None:
    embedder, positions = _embedder(), list(range(len(store)))
    first, *others = (
        measure_reconstruction(embedder, store, order, seed=1, batch_size=size)
        for order, size in ((positions, 16), (positions, 1), (positions[::-1], 3))
    )
    for other in others:
        for group, same in zip(first.groups, other.groups, strict=True):
            assert (group.name, group.clips) == (same.name, same.clips)
            assert group.hidden_share == pytest.approx(same.hidden_share, rel=1e-12)
            for region, alike in zip(group.regions, same.regions, strict=True):
                baselines, model = dict(region.iou), region.iou["model"]
                # Rounding may differ between batches, and with it a pixel of the model that is about one half.
                assert alike.iou["model"] == (None if model is None else pytest.approx(model, abs=5e-3))
                baselines["model"] = alike.iou["model"]
                assert alike.iou == pytest.approx(baselines, rel=1e-12)
    assert measure_reconstruction(embedder, store, positions, seed=2) != first


def test_a_perfect_model_is_perfect_and_a_copying_one_as_good_as_its_baseline(store) -> None:
    positions = range(len(store))
    for group in measure_reconstruction(_embedder(Perfect), store, positions).groups:
        for region in group.regions:
            assert region.iou["model"] == (1.0 if region.clips else None)
            assert region.clips + region.left_out == group.clips
    for group in measure_reconstruction(_embedder(Copying), store, positions).groups:
        assert all(region.iou["model"] == region.iou["nearest-pixel"] for region in group.regions)
        assert group.regions[0].iou["model"] < 1


def test_means_over_clips_by_group(store) -> None:
    """Every figure again, from single clips."""
    embedder, positions = _embedder(), list(range(len(store)))
    result = measure_reconstruction(embedder, store, positions, seed=5)
    assert (result.subjects, result.clips, result.frames) == (2, 11, 6)
    assert [group.name for group in result.groups] == ["all", "nm", "bg", "cl", "walk"]
    clips = reconstruct_clips(embedder, store, positions[::-1], seed=5)[::-1]
    assert [clip.walk for clip in clips] == list(store)
    for group in result.groups:
        mine = [clip for clip in clips if group.name == "all" or clip.walk.split("/")[1].startswith(group.name)]
        assert group.clips == len(mine)
        assert group.hidden_share == pytest.approx(np.mean([clip.hidden.mean() for clip in mine]))
        known = []
        for clip in mine:
            said, true = clip.probability >= 0.5, clip.truth >= 0.5
            union = ((said | true) & clip.hidden).sum()
            if (true & clip.hidden).any():
                known.append((said & true & clip.hidden).sum() / union)
                assert clip.iou["model"] == pytest.approx(known[-1])
            else:
                assert clip.iou["model"] is None
        assert group.regions[0].iou["model"] == pytest.approx(np.mean(known))


def test_no_frame_is_there_twice_and_of_several_clips_the_middle_one_is_taken(store) -> None:
    lengths = {}
    for positions, frames, batch in reconstruct_walks(_embedder(evaluation_clips=3), store, range(len(store))):
        assert batch.truth.shape[:2] == frames.shape
        for position, chosen, truth in zip(positions, frames, batch.truth, strict=True):
            count = store.infos[position].num_frames
            spare = max(count - 6, 0)
            assert chosen.tolist() == list(range(spare // 2, spare // 2 + min(count, 6)))
            assert np.array_equal(truth[:, 0].numpy(), store.read_silhouettes(position, chosen)[:, :, 2:14] / 255)
            lengths[position] = count
    assert sorted(lengths) == list(range(len(store)))


def test_a_walk_with_too_few_frames_gives_each_of_them_once(store) -> None:
    """Also where evenly spaced frames repeat in between, not at the end."""
    for positions, frames, batch in reconstruct_walks(_embedder(sampling="random"), store, range(len(store))):
        assert batch.truth.shape[:2] == frames.shape
        for position, chosen in zip(positions, frames.tolist(), strict=True):
            count = store.infos[position].num_frames
            assert len(set(chosen)) == len(chosen) == min(count, 6)
            assert (chosen[0], chosen[-1]) == (0, count - 1)


def test_json_has_the_headline_at_the_top(store) -> None:
    result = measure_reconstruction(_embedder(), store, [3, 4], seed=7)
    values = json.loads(json.dumps(result.to_json(), allow_nan=False))
    everything = values["groups"][0]["regions"][0]["iou"]
    assert {"model": values["iou"], **values["baselines"]} == everything
    assert set(everything) == set(METHODS)
    assert (values["clips"], values["seed"]) == (2, 7)


def test_refuses_in_one_line(store) -> None:
    cnn = Embedder(build_model({"name": "cnn-gei"}, None), build_input({"representation": "gei"}), name="cnn-gei")
    with pytest.raises(UsageError, match="cnn-gei fills in nothing"):
        measure_reconstruction(cnn, store, [0])
    with pytest.raises(UsageError, match="no decoder"):
        measure_reconstruction(_embedder(config=GaitBertConfig(channels=(8, 16), decoder=False)), store, [0])
    nothing = GaitBertConfig(channels=(8, 16), masking=Masking(frames=0, blocks=0))
    with pytest.raises(UsageError, match="hides neither frames nor blocks"):
        measure_reconstruction(_embedder(config=nothing), store, [0])
    with pytest.raises(IncompatibleError, match="no walk"):
        measure_reconstruction(_embedder(), store, [])

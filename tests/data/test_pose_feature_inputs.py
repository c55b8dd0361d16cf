"""Features of a frozen pose network as model input: what they are, and that they are computed once."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.feature_cache import FeatureCache, cache_folder
from gaitprint.data.frames import square_frames, to_model
from gaitprint.data.inputs import INPUTS, build_input
from gaitprint.data.pose_feature_inputs import PoseFeaturesConfig, PoseFeaturesInput
from gaitprint.data.store import Store
from gaitprint.models.pose.weights import PoseCard, build_pose_network, load_pose_network
from gaitprint.models.weight_files import write_weights
from gaitprint.training.recipe import load_recipe

NETWORK = {"name": "light-pose-nn", "channels": [4, 4, 4, 4], "blocks": [1, 1, 1]}


def _network(folder: Path, seed: int = 0) -> PoseCard:
    torch.manual_seed(seed)
    folder.mkdir()
    return write_weights(folder, build_pose_network(NETWORK), PoseCard(network=NETWORK, metrics={}))


def _walk(frames: int, condition: str = "nm-01") -> GaitSequence:
    pixels = np.random.default_rng(frames).integers(0, 256, (frames, 40, 30, 3), dtype=np.uint8)
    return GaitSequence("001", condition, "090", 25.0, frames=pixels)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAITPRINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    Store.create(tmp_path / "store").add([_walk(35), _walk(3, "nm-02")])
    return Store(tmp_path / "store")


def _input(network: Path, **options: object) -> PoseFeaturesInput:
    model_input = build_input({"representation": "pose-features", "network": str(network), "frames": 4, **options})
    assert isinstance(model_input, PoseFeaturesInput)
    return model_input


def test_features_are_those_of_the_network(tmp_path: Path, store: Store, cache: Path) -> None:
    _network(tmp_path / "network")
    network, _ = load_pose_network(tmp_path / "network")
    model_input = _input(tmp_path / "network")
    for position, walk in enumerate((_walk(35), _walk(3, "nm-02"))):
        frames = model_input.choose_frames(np.array([walk.num_frames]), None)[0]
        with torch.inference_mode():
            expected = network.features(to_model(square_frames(walk.frames[frames], network.resolution))).numpy()
        stored = model_input.read(store, position, frames)
        assert stored.dtype == np.float16
        assert stored.shape == (4, 32, 17, 17)
        tolerance = {"rtol": 2e-3, "atol": 1e-4 * np.abs(expected).max()}
        np.testing.assert_allclose(stored.astype(np.float32), expected, **tolerance)
        np.testing.assert_allclose(model_input.encode(walk).astype(np.float32), expected, **tolerance)
        whole = model_input.read(store, position, None)
        np.testing.assert_array_equal(whole[frames], stored)
    final = model_input.finish(model_input.collate([stored, stored]))
    assert final.dtype == torch.float32
    assert final.shape == (2, 4, 32, 17, 17)


def test_a_walk_is_computed_once_for_all_runs(
    tmp_path: Path, store: Store, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = _network(tmp_path / "network")
    before = _input(tmp_path / "network")
    before.warm_up(store, np.array([0, 1]))
    files = sorted(cache.rglob("*.npy"))
    assert len(files) == 2
    assert all(card.weights_hash[:32] in file.parts for file in files)
    values = before.read(store, 0, np.arange(4))
    after = _input(tmp_path / "network")

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(after, "_compute", never)
    np.testing.assert_array_equal(after.read(store, 0, np.arange(4)), values)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(before)).read(store, 0, np.arange(4)), values)


def test_what_was_kept_is_what_would_be_computed() -> None:
    # Where this fails with the same weights, what an older release kept is wrong: the folder needs another name.
    rows, columns, channels = np.mgrid[:300, :140, :3]
    picture = ((7 * columns + 5 * rows * (channels + 1)) % 256).astype(np.uint8)
    model_input = build_input({"representation": "pose-features", "network": "light-pose-nn", "frames": 1})
    (features,) = model_input.encode(GaitSequence("001", "nm-01", "090", 25.0, frames=picture[None]))
    found = np.stack([features[::8, 8, 8], features[::8, 3, 9]])
    np.testing.assert_allclose(found, [[1.0, 1.5, 0.95, 3.06], [-0.16, 3.48, 2.48, 3.25]], atol=0.02)


def test_damaged_files_are_computed_again(tmp_path: Path, store: Store, cache: Path) -> None:
    _network(tmp_path / "network")
    values = _input(tmp_path / "network").read(store, 1, None)
    (file,) = cache.rglob("*.npy")
    good = file.read_bytes()
    for bad in (b"", good[:50], good[:-100], b"not an array at all" * 10, pickle.dumps([1, 2])):
        file.write_bytes(bad)
        np.testing.assert_array_equal(_input(tmp_path / "network").read(store, 1, None), values)
        assert file.read_bytes() == good


def test_without_a_place_to_write_features_stay_in_memory(
    tmp_path: Path, store: Store, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("a file where the folder should be")
    _network(tmp_path / "network")
    model_input = _input(tmp_path / "network")
    values = model_input.read(store, 1, None)
    monkeypatch.setattr(model_input, "_compute", None)
    np.testing.assert_array_equal(model_input.read(store, 1, None), values)


def test_other_weights_are_refused(tmp_path: Path, store: Store, cache: Path) -> None:
    first, second = _network(tmp_path / "first"), _network(tmp_path / "second", seed=1)
    assert first.weights_hash != second.weights_hash
    _input(tmp_path / "first", weights_hash=first.weights_hash).check(store.infos)
    with pytest.raises(IncompatibleError, match=f"holds weights {second.weights_hash[:12]}; the model takes features"):
        _input(tmp_path / "second", weights_hash=first.weights_hash).check(store.infos)
    with pytest.raises(UsageError, match="there is no such folder or file"):
        _input(tmp_path / "third").check(store.infos)


def test_resolved_options_say_which_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = _network(tmp_path / "network")
    monkeypatch.chdir(tmp_path)
    pinned = INPUTS["pose-features"].pinned(PoseFeaturesConfig(network="network"))
    assert pinned == PoseFeaturesConfig(network=str(tmp_path / "network"), weights_hash=card.weights_hash)
    assert INPUTS["pose-features"].pinned(pinned) == pinned
    missing = PoseFeaturesConfig(network="nowhere")
    assert INPUTS["pose-features"].pinned(missing) == missing


def test_a_resolved_recipe_says_which_weights(tmp_path: Path) -> None:
    card = _network(tmp_path / "network")
    recipe = load_recipe("gait-nn-light", [f"input.network={tmp_path / 'network'}"])
    assert recipe.input["weights_hash"] == card.weights_hash


def test_features_that_are_no_numbers_are_refused(tmp_path: Path, cache: Path) -> None:
    _network(tmp_path / "network")
    model_input = _input(tmp_path / "network")
    network, _ = model_input._load()
    torch.nn.init.constant_(network.to_features.bias, 1e6)
    with pytest.raises(IncompatibleError, match=r"001/nm-01/090: .* gives features beyond half precision"):
        model_input.encode(_walk(3))


def test_walks_without_frames_are_refused(tmp_path: Path) -> None:
    _network(tmp_path / "network")
    walk = GaitSequence("001", "nm-01", "090", 25.0, silhouettes=np.zeros((4, 64, 44), np.uint8))
    with pytest.raises(
        IncompatibleError, match="001/nm-01/090: the model needs frames; this walk has only silhouettes"
    ):
        _input(tmp_path / "network").encode(walk)


def test_the_cache_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GAITPRINT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("GAITPRINT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "gaitprint"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "gaitprint"


def test_what_cannot_be_kept_is_computed_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaitprint.data.feature_cache.KEPT_LIMIT_BYTES", 10)
    (tmp_path / "blocked").write_text("")
    cache = FeatureCache(tmp_path / "blocked")
    calls = []
    for _ in range(2):
        cache.get("small", (4,), lambda: calls.append("small") or np.ones(4, np.float16))
        cache.get("large", (9,), lambda: calls.append("large") or np.ones(9, np.float16))
    assert calls == ["small", "large", "large"]
    assert [path.name for path in tmp_path.iterdir()] == ["blocked"]

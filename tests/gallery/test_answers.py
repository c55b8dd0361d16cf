"""What every engine must find, and what a gallery answers: one suite for all three."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.evaluation.calibration import Calibration
from gaitprint.gallery.gallery import Gallery
from gaitprint.gallery.template import ModelKey, Template

from .conftest import Lookup, people_walks, walk_of

CURVE = Calibration(slope=-8.0, intercept=4.0, genuine=99, impostors=9999, fmr_thresholds=((1e-4, 0.1), (0.1, 0.3)))


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "normalised-cosine"])
def test_search_is_exact(location, metric) -> None:
    """Against a matrix of distances from SciPy, for several people with several templates each."""
    model = Lookup(metric)
    walks = people_walks(40, each=3, spread=1.5)
    probes = [walk_of(walk[0].joints + 0.3) for walk in walks[:6]]
    with Gallery(location, model) as gallery:
        key = ModelKey.of(model, model.embed(probes)[0])
        vectors = model.embed([walk for each in walks for walk in each])
        names = [f"n{person}" for person, each in enumerate(walks) for _ in each]
        gallery.engine.add(
            [Template(name, key, "joints", vector, "w", "c", "v") for name, vector in zip(names, vectors, strict=True)]
        )
        wanted = model.embed(probes)
        found = gallery.engine.search(key, wanted, 5)
    for probe, entries in zip(wanted.astype(np.float64), found, strict=True):
        distances = np.array([by_hand(probe, vector.astype(np.float64), metric) for vector in vectors])
        nearest = {name: distances[np.array(names) == name].min() for name in dict.fromkeys(names)}
        expected = sorted(nearest, key=nearest.get)[:5]
        assert [template.person for _, template in entries] == expected
        np.testing.assert_allclose([entry.distance for entry, _ in entries], [nearest[n] for n in expected], atol=2e-5)
        assert all(entry.person_id == template.person_id for entry, template in entries)


def by_hand(first: np.ndarray, second: np.ndarray, metric: str) -> float:
    parts = []
    for a, b in zip(first, second, strict=True):
        if metric == "normalised-cosine":
            cosine = 1 - cdist(a[None, :-2], b[None, :-2], "cosine")[0, 0]
            parts.append(((a[-2] - cosine) / a[-1] + (b[-2] - cosine) / b[-1]) / 2)
        else:
            parts.append(cdist(a[None], b[None], metric)[0, 0])
    return float(np.mean(parts))


def test_one_walk_is_enrolled_as_a_list_of_one(location) -> None:
    walk = people_walks(1)[0][0]
    with Gallery(location, Lookup()) as gallery:
        assert len(gallery.enroll("Anna", walk).templates) == 1
        assert gallery.people()[0].name == "Anna"


def test_unknown_is_an_answer(location) -> None:
    walks = people_walks(3, spread=0.2)
    stranger = people_walks(1, seed=9)[0][0]
    with Gallery(location, Lookup(calibration=CURVE)) as gallery:
        empty = gallery.identify(stranger)
        assert (empty.decision, empty.candidates, empty.templates) == ("unknown", (), 0)
        for name, each in zip("ABC", walks, strict=True):
            gallery.enroll(name, each[:1])
        known = gallery.identify(walks[1][1], fpir=0.1)
        assert (known.decision, known.candidates[0].subject, known.people, known.templates) == ("known", "B", 3, 3)
        assert known.candidates[0].distance <= CURVE.threshold(0.1 / 3)
        unknown = gallery.identify(stranger, fpir=0.1)
        assert unknown.decision == "unknown"
        assert len(unknown.candidates) == 3
        beyond = gallery.identify(stranger, fpir=1e-4)
        assert (beyond.decision, len(beyond.candidates)) == (None, 3)
        assert "divided by 3 templates" in beyond.reason

        accepted = gallery.verify("B", walks[1][1], fmr=0.1)
        assert accepted.accepted
        assert accepted.threshold == CURVE.threshold(0.1)
        assert not gallery.verify("A", walks[1][1], fmr=0.1).accepted
        with pytest.raises(UsageError, match="nobody is enrolled as 'D'"):
            gallery.verify("D", stranger)
    with Gallery(location, Lookup()) as gallery:
        undecided = gallery.identify(stranger)
        assert (undecided.decision, undecided.candidates[0].probability) == (None, None)
        assert "lookup is not calibrated" in undecided.reason
        with pytest.raises(UsageError, match="is not calibrated"):
            gallery.verify("A", stranger)


def test_evidence_of_two_modalities_is_added_up(location) -> None:
    rng = np.random.default_rng(0)
    shapes = rng.integers(0, 256, (3, 64))
    bodies = [each[0].joints for each in people_walks(3)]
    skeleton = Lookup(calibration=CURVE)
    outline = Lookup(modality="silhouettes", name="outline", calibration=CURVE)
    probe = walk_of(bodies[1], shape=shapes[2])
    with Gallery(location, [skeleton, outline]) as gallery:
        gallery.enroll("A", [walk_of(bodies[0], shape=shapes[0])])
        gallery.enroll("B", [walk_of(bodies[1], shape=shapes[1])])
        gallery.enroll("C", [walk_of(bodies[2]), walk_of(None, shape=shapes[2])])
        gallery.enroll("D", [walk_of(bodies[2])])  # no silhouette
        result = gallery.identify(probe, fpir=0.1)
        assert (result.people, result.templates) == (4, 7)
        for found in result.candidates:
            assert found.score == pytest.approx(sum(-8 * each.distance + 4 for each in found.compared))
            assert found.probability == pytest.approx(1 / (1 + np.exp(-found.score)))
        assert sorted(len(found.compared) for found in result.candidates) == [1, 2, 2, 2]
        scores = [found.score for found in result.candidates]
        assert scores == sorted(scores, reverse=True)
        assert result.least_score == pytest.approx(np.log(4 / 0.1))
        genuine = gallery.identify([walk_of(bodies[0]), walk_of(None, shape=shapes[0])], fpir=0.2)
        assert (genuine.candidates[0].subject, genuine.decision) == ("A", "known")
        assert genuine.candidates[0].score == pytest.approx(8.0, abs=1e-5)
        assert gallery.verify("A", walk_of(bodies[0], shape=shapes[0]), fmr=0.01).accepted
        assert gallery.identify(walk_of(None, shape=shapes[0])).templates == 3  # one modality alone
        assert "below 1e-08" in gallery.identify(probe, fpir=1e-8).reason


def test_several_walks_and_models_against_a_loop(location) -> None:
    """Among so many people that the nearest ones of each walk are not enough to know who is best."""
    rng = np.random.default_rng(1)
    steep = replace(CURVE, slope=-20.0, intercept=3.0)
    skeleton = Lookup(calibration=CURVE)
    outline = Lookup("euclidean", modality="silhouettes", name="outline", calibration=steep)
    centres, shapes = rng.normal(size=(90, 60)), rng.integers(0, 256, (90, 64))
    known: dict[str, list] = {}
    for person, (centre, shape) in enumerate(zip(centres, shapes, strict=True)):
        bodies = [walk_of(centre + rng.normal(size=60), "p", 1) for _ in range(person % 3)]
        outlines = [walk_of(None, "p", 2, np.clip(shape + rng.integers(-40, 40, 64), 0, 255))] * (person % 4 != 1)
        if bodies + outlines:
            known[f"{person:02d}"] = bodies + outlines
    probe = [walk_of(0.5 * centres[one] + 0.5 * centres[8], "q", one) for one in (5, 11, 20)]
    probe += [walk_of(None, "q", one, shapes[one]) for one in (8, 40)]
    with Gallery(location, [skeleton, outline]) as gallery:
        keys = {
            model: ModelKey.of(model, model.embed(walks)[0])
            for model, walks in ((skeleton, probe[:3]), (outline, probe[3:]))
        }
        expected, templates = {}, []
        for name, walks in known.items():
            score = 0.0
            for model, looked in ((skeleton, probe[:3]), (outline, probe[3:])):
                own = [walk for walk in walks if model.modality in walk.modalities]
                if own:
                    vectors = model.embed(own).astype(np.float64)
                    nearest = [
                        min(by_hand(one, each, model.distance) for each in vectors) for one in model.embed(looked)
                    ]
                    score += model.calibration.slope * np.mean(nearest) + model.calibration.intercept
                    templates += [Template(name, keys[model], model.modality, each, "w", "c", "v") for each in vectors]
            expected[name] = score
        gallery.engine.add(templates)
        best = sorted(expected, key=lambda name: -expected[name])
        for count in (1, 7, 40, 200):
            found = gallery.identify(probe, top_k=count).candidates
            assert [each.subject for each in found] == best[:count]
        np.testing.assert_allclose(
            [each.score for each in found], [expected[name] for name in best], rtol=1e-4, atol=1e-3
        )
        of_one = gallery.identify(probe[:3], fpir=0.1, top_k=3).candidates[0]
        assert of_one.compared[0].walks == tuple(walk.id for walk in probe[:3])
        assert of_one.distance == pytest.approx(np.mean(of_one.compared[0].distances))


def test_several_walks_are_decided_on_together(location) -> None:
    walks = people_walks(3, each=5, spread=0.35)
    stranger = people_walks(1, each=4, seed=9)[0]
    with Gallery(location, Lookup(calibration=CURVE)) as gallery:
        for name, each in zip("ABC", walks, strict=True):
            gallery.enroll(name, each[:1])
        known = gallery.identify(walks[1][1:], fpir=0.1)
        assert (known.decision, known.candidates[0].subject, known.templates) == ("known", "B", 3)
        distances = np.array(known.candidates[0].compared[0].distances)
        assert known.nearest_counted == CURVE.fmr_thresholds[0][1]
        assert np.maximum(distances, known.nearest_counted).mean() <= known.threshold < CURVE.threshold(0.1 / 3)
        assert gallery.identify(stranger, fpir=0.1).decision == "unknown"
        assert gallery.verify("B", walks[1][1:], fmr=0.1).accepted
        assert not gallery.verify("A", walks[1][1:], fmr=0.1).accepted
        assert not gallery.verify("B", stranger, fmr=0.1).accepted
        with pytest.raises(UsageError, match="no walk to look at"):
            gallery.identify([])


def test_two_models_of_one_modality_look_at_walks_of_their_own(location) -> None:
    kinect = Lookup(name="kinect", needs={"skeleton": "kinect-v1-20"})  # 3-D is what the input has by default
    video = Lookup(name="video", needs={"skeleton": "blazepose-33", "axes": 2}, weights="2" * 64)
    rng = np.random.default_rng(0)
    flat = [
        GaitSequence(
            "p", f"c{one}", "v", 25.0, joints=rng.normal(size=(1, 33, 2)).astype(np.float32), skeleton="blazepose-33"
        )
        for one in range(2)
    ]
    solid = people_walks(2)
    with Gallery(location, [kinect, video]) as gallery:
        assert gallery.enroll("Anna", [solid[0][0], flat[0]]).models == ("kinect", "video")
        gallery.enroll("Ben", [solid[1][0], flat[1]])
        for probe, name, model in ((solid[1][1], "Ben", "kinect"), (flat[0], "Anna", "video")):
            best = gallery.identify(probe).candidates[0]
            assert (best.subject, [each.model for each in best.compared]) == (name, [model])
        other = GaitSequence("p", "c", "v", 25.0, joints=np.ones((1, 17, 2), np.float32), skeleton="coco-17")
        with pytest.raises(IncompatibleError) as refused:
            gallery.enroll("Carl", [other])
        assert str(refused.value) == (
            "p/c/v: has 2-D joints of coco-17; kinect needs 3-D joints of kinect-v1-20; "
            "video needs 2-D joints of blazepose-33"
        )
        gallery.use_models([kinect, Lookup(name="twin")])
        with pytest.raises(UsageError, match="kinect and twin both look at joints of p0/walk-0/front"):
            gallery.identify(solid[0][0])

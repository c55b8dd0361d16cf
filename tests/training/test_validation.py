import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError
from gaitprint.data.inputs import build_input
from gaitprint.evaluation.embed import Embedder
from gaitprint.models.weights import build_model
from gaitprint.training.validation import validation_rank1


@pytest.fixture
def embedder() -> Embedder:
    model = build_model({"name": "cnn-gei"}, None)
    return Embedder(model, build_input({"representation": "gei"}), name="cnn-gei")


@pytest.mark.parametrize("views", [["000"], ["000", "090"], ["090", "000", "054"]])
def test_agrees_with_a_loop(embedder: Embedder, views: list[str]) -> None:
    rng = np.random.default_rng(0)
    labels = [(s, c, v) for v in views for s in "abcd" for c in ("nm-01", "nm-02", "bg-01")]
    labels += [("e", "nm-01", views[-1])]  # nobody to find
    values = rng.normal(size=(len(labels), 1, 4)).astype(np.float32)
    walks = EmbeddingSet(values, *(np.array([label[i] for label in labels]) for i in range(3)))
    correct = trials = 0
    for probe, (subject, condition, view) in enumerate(labels):
        for gallery_view in views:
            if len(views) > 1 and gallery_view == view:
                continue
            best, nearest, present = -2.0, "", False
            for other, (other_subject, other_condition, other_view) in enumerate(labels):
                if other_condition == condition or other_view != gallery_view:
                    continue
                present |= other_subject == subject
                a, b = values[probe, 0], values[other, 0]
                similarity = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
                if similarity > best:
                    best, nearest = similarity, other_subject
            trials += present
            correct += present and nearest == subject
    assert validation_rank1(embedder, walks) == pytest.approx(correct / trials)


def test_refuses_people_with_nothing_to_compare(embedder: Embedder) -> None:
    walks = EmbeddingSet(
        np.ones((2, 1, 3), np.float32), np.array(["a", "b"]), np.array(["x", "x"]), np.array(["0", "0"])
    )
    with pytest.raises(IncompatibleError, match="validation_subjects=0"):
        validation_rank1(embedder, walks)

import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.evaluation.protocols import PROTOCOLS, Request, Trials, check_not_empty, natural_order


def labelled(*ids: str) -> EmbeddingSet:
    subjects, conditions, views = zip(*(label.split("/") for label in ids), strict=True)
    return EmbeddingSet(np.zeros((len(ids), 1, 2)), np.array(subjects), np.array(conditions), np.array(views))


def selected(protocol: str, labels: EmbeddingSet, **request: object) -> Trials:
    return PROTOCOLS[protocol].select(labels, np.arange(len(labels)), Request(**request))


def test_every_protocol_is_listed_under_its_name_with_one_line() -> None:
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert 20 < len(protocol.description) < 120
        assert "\n" not in protocol.description
    with pytest.raises(UsageError, match="did you mean 'gait3d'"):
        PROTOCOLS["gait3"]


def test_natural_order() -> None:
    assert natural_order(["10", "9", "010", "a2", "a10", "a", "9"]) == ["9", "010", "10", "a", "a2", "a10"]


def test_casia_b_selects_by_condition() -> None:
    conditions = ("nm-01", "nm-04", "nm-05", "nm-06", "bg-01", "cl-02", "cl-03")
    labels = labelled(*(f"001/{condition}/090" for condition in conditions))
    for protocol in ("casia-b", "casia-b-pooled"):
        trials = selected(protocol, labels)
        assert trials.gallery.tolist() == [0, 1]
        assert {name: indices.tolist() for name, indices in trials.probes.items()} == {
            "NM": [2, 3],
            "BG": [4],
            "CL": [5],
        }
        assert trials.notes == ()


def test_a_condition_that_is_not_there_is_noted() -> None:
    trials = selected("casia-b", labelled("001/nm-01/090", "001/nm-05/090"))
    assert list(trials.probes) == ["NM"]
    assert trials.notes == (
        "no probe of BG (conditions bg-01, bg-02)",
        "no probe of CL (conditions cl-01, cl-02)",
    )


def test_oumvlp_and_grew() -> None:
    labels = labelled("1/00/000", "1/01/000", "2/01/000", "2/02/000", "probe/03/v7")
    oumvlp, grew = selected("oumvlp", labels), selected("grew", labels)
    assert (oumvlp.gallery.tolist(), oumvlp.probes["all"].tolist()) == ([1, 2], [0])
    assert (grew.gallery.tolist(), grew.probes["all"].tolist()) == ([1, 2, 3], [4])


def test_gait3d_takes_the_listed_probes() -> None:
    labels = labelled("1/c1/s0", "1/c2/s0", "2/c1/s0")
    trials = selected("gait3d", labels, probes=["2/c1/s0", "1/c1/s0", "9/c1/s0"])
    assert (trials.gallery.tolist(), trials.probes["all"].tolist()) == ([1], [0, 2])
    assert trials.notes == ("1 of 3 listed probe sequences are not among the embeddings",)
    with pytest.raises(UsageError, match="needs the list of probe sequences"):
        selected("gait3d", labels)


def test_first_walk_goes_by_natural_order_within_each_subject() -> None:
    labels = labelled("a/10/000", "a/9/000", "a/9/090", "b/11/000", "b/10/000", "c/3/000")
    trials = selected("first-walk", labels)
    assert (trials.gallery.tolist(), trials.probes["all"].tolist()) == ([1, 2, 4, 5], [0, 3])


def test_open_set_enrols_a_seeded_half() -> None:
    labels = labelled(*(f"{subject}/{walk}/000" for subject in "abcdefg" for walk in (1, 2)))
    trials = selected("open-set", labels, seed=3)
    again, other = selected("open-set", labels, seed=3), selected("open-set", labels, seed=4)
    assert trials.gallery.tolist() == again.gallery.tolist() != other.gallery.tolist()
    enrolled = set(labels.subjects[trials.gallery])
    assert len(enrolled) == 4
    assert set(labels.conditions[trials.gallery]) == {"1"}
    assert set(labels.subjects[trials.probes["all"]]) == enrolled
    assert trials.nonmated is not None
    assert set(labels.subjects[trials.nonmated]) == set("abcdefg") - enrolled
    assert len(trials.gallery) + len(trials.probes["all"]) + len(trials.nonmated) == 14
    assert trials.notes == ("4 of 7 subjects enrolled, drawn with seed 3",)


@pytest.mark.parametrize("protocol", ["casia-b", "casia-b-pooled", "oumvlp", "grew", "first-walk", "open-set"])
def test_selection_stays_within_the_scope(protocol: str) -> None:
    conditions = ("nm-01", "nm-05", "bg-01", "cl-01", "00", "01", "02", "03")
    labels = labelled(*(f"{subject}/{condition}/000" for subject in "abcd" for condition in conditions))
    scope = np.flatnonzero(np.isin(labels.subjects, ["a", "c"]))
    trials = PROTOCOLS[protocol].select(labels, scope, Request())
    nonmated = [] if trials.nonmated is None else trials.nonmated.tolist()
    chosen = [*trials.gallery.tolist(), *np.concatenate(list(trials.probes.values())).tolist(), *nonmated]
    assert chosen
    assert set(chosen) <= set(scope.tolist())
    assert len(chosen) == len(set(chosen))


def test_nothing_to_compare_is_said_with_the_conditions_at_hand() -> None:
    labels = labelled("a/x-2/000", "a/x-10/000")
    with pytest.raises(IncompatibleError, match=r"no gallery and no probe sequence among 2 \(conditions: x-2, x-10\)"):
        check_not_empty(PROTOCOLS["casia-b"], selected("casia-b", labels), labels, np.arange(2))

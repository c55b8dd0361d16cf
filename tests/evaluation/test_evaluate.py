import json

import numpy as np
import pytest

import gaitprint.evaluation.evaluate as evaluate_module
import gaitprint.evaluation.verification as verification_module
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.evaluation import screening
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.protocols import PROTOCOLS

CASIA_CONDITIONS = [*(f"nm-{i:02}" for i in range(1, 7)), "bg-01", "bg-02", "cl-01", "cl-02"]
PROBES = {"NM": ("nm-05", "nm-06"), "BG": ("bg-01", "bg-02"), "CL": ("cl-01", "cl-02")}


def make_set(ids: list[tuple[str, str, str]], seed: int = 0, spread: float = 1.5, shape=(3, 4)) -> EmbeddingSet:
    """Embeddings around one centre for each subject."""
    rng = np.random.default_rng(seed)
    subjects, conditions, views = (np.array(labels) for labels in zip(*ids, strict=True))
    _, number = np.unique(subjects, return_inverse=True)
    centres = rng.normal(size=(number.max() + 1, *shape))
    embeddings = centres[number] + spread * rng.normal(size=(len(ids), *shape))
    return EmbeddingSet(embeddings.astype(np.float32), subjects, conditions, views)


def casia_b(num_subjects: int = 6, views=("000", "018", "090"), seed: int = 0) -> EmbeddingSet:
    subjects = [f"{75 + i:03}" for i in range(num_subjects)]
    return make_set([(s, c, v) for s in subjects for c in CASIA_CONDITIONS for v in views], seed)


def without(embeddings: EmbeddingSet, *, subject="", condition="", view="") -> EmbeddingSet:
    """Drop the walks that match everything given."""
    keys = ((embeddings.subjects, subject), (embeddings.conditions, condition), (embeddings.views, view))
    dropped = np.all([np.char.startswith(labels, wanted) for labels, wanted in keys], axis=0)
    return embeddings.select(~dropped)


def distance_of(a: np.ndarray, b: np.ndarray, metric: str = "euclidean") -> float:
    total = 0.0
    for x, y in zip(a.astype(np.float64), b.astype(np.float64), strict=True):
        if metric == "cosine":
            total += 1 - float(x @ y) / float(np.linalg.norm(x) * np.linalg.norm(y))
        else:
            total += float(np.linalg.norm(x - y))
    return total / len(a)


def looped_ranks(
    e: EmbeddingSet, probes: list[int], gallery: list[int], metric: str = "euclidean"
) -> list[tuple[int, float, float]]:
    """(rank of the first genuine entry or 0, average precision, inverse negative penalty) of each probe."""
    results = []
    for p in probes:
        ranked = sorted(
            (distance_of(e.embeddings[p], e.embeddings[g], metric), e.subjects[g] == e.subjects[p]) for g in gallery
        )
        places = [place for place, (_, genuine) in enumerate(ranked, start=1) if genuine]
        precision = [k / place for k, place in enumerate(places, start=1)]
        results.append((places[0], np.mean(precision), len(places) / places[-1]) if places else (0, np.nan, np.nan))
    return results


def indices(e: EmbeddingSet, conditions: tuple[str, ...], view: str | None = None) -> list[int]:
    return [i for i in range(len(e)) if e.conditions[i] in conditions and view in (None, e.views[i])]


def looped_casia_b(
    e: EmbeddingSet, metric: str = "euclidean", k: int = 1, remove: bool = False
) -> dict[str, np.ndarray]:
    """Rank-k of each (probe view, gallery view) cell."""
    views = sorted(set(e.views))
    cells = {}
    for name, conditions in PROBES.items():
        table = np.full((len(views), len(views)), np.nan)
        for row, probe_view in enumerate(views):
            for column, gallery_view in enumerate(views):
                gallery = indices(e, ("nm-01", "nm-02", "nm-03", "nm-04"), gallery_view)
                ranks = [rank for rank, *_ in looped_ranks(e, indices(e, conditions, probe_view), gallery, metric)]
                ranks = [rank for rank in ranks if rank or not remove]
                if ranks and gallery:
                    table[row, column] = np.mean([0 < rank <= k for rank in ranks])
        cells[name] = table
    return cells


def headline(table: np.ndarray) -> float:
    """Mean over probe views of the mean of the cells of another gallery view, where there are any."""
    rows = [[x for j, x in enumerate(row) if i != j and not np.isnan(x)] for i, row in enumerate(table)]
    return float(np.mean([np.mean(row) for row in rows if row]))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("details", [True, False])
def test_casia_b_agrees_with_loops(metric: str, details: bool) -> None:
    e = casia_b()
    evaluation = evaluate_embeddings(e, "casia-b", metric=metric, details=details)
    expected = looped_casia_b(e, metric)
    assert [c.name for c in evaluation.conditions] == ["NM", "BG", "CL"]
    for condition in evaluation.conditions:
        assert condition.views == condition.gallery_views == ("000", "018", "090")
        np.testing.assert_allclose(condition.rank1_by_view_pair, expected[condition.name], atol=1e-12)
        assert condition.rank1 == pytest.approx(headline(expected[condition.name]))
        assert condition.rank1_including_identical == pytest.approx(expected[condition.name].mean())
        assert condition.num_probe == 36
        assert condition.map is None
    assert evaluation.rank1 == pytest.approx(np.mean([headline(table) for table in expected.values()]))
    assert (evaluation.subjects, evaluation.gallery, evaluation.probe) == (6, 72, 108)
    assert evaluation.notes == ()
    if details:
        for k, figure in ((5, "rank5"), (10, "rank10")):
            tables = looped_casia_b(e, metric, k)
            for condition in evaluation.conditions:
                assert getattr(condition, figure) == pytest.approx(headline(tables[condition.name]))
                assert condition.cmc[k - 1] == pytest.approx(headline(tables[condition.name]))


@pytest.mark.parametrize("remove_unmatched", [False, True])
def test_screening_gives_the_same_cells(monkeypatch: pytest.MonkeyPatch, remove_unmatched: bool) -> None:
    e = without(casia_b(), condition="nm-0", view="018")
    e = without(e, subject="076", condition="nm-0", view="090")
    plain = evaluate_embeddings(e, "casia-b", remove_unmatched=remove_unmatched)
    monkeypatch.setattr(evaluate_module, "is_worthwhile", lambda *_: True)
    monkeypatch.setattr(screening, "_MOST_IN_DOUBT", 1.0)
    monkeypatch.setattr(evaluate_module, "search_gallery", None)  # no way but screening
    quick = evaluate_embeddings(e, "casia-b", remove_unmatched=remove_unmatched, details=False)
    for a, b in zip(plain.conditions, quick.conditions, strict=True):
        np.testing.assert_array_equal(a.rank1_by_view_pair, b.rank1_by_view_pair)
        assert (a.rank1, a.rank1_including_identical) == (b.rank1, b.rank1_including_identical)
        assert (b.rank5, b.rank10, b.cmc) == (None, None, None)
    assert quick.notes == plain.notes


def test_views_and_walks_that_are_missing() -> None:
    e = without(casia_b(), condition="nm-0", view="018")  # no gallery and no NM probe in this view
    e = without(e, subject="076", condition="nm-0", view="090")  # one subject lacks a view of the gallery
    expected = looped_casia_b(e)
    for details in (True, False):
        evaluation = evaluate_embeddings(e, "casia-b", details=details)
        for condition in evaluation.conditions:
            table = expected[condition.name]
            np.testing.assert_allclose(condition.rank1_by_view_pair, table[:, [0, 2]], atol=1e-12)
            assert condition.rank1 == pytest.approx(headline(table))
        assert any("no gallery walk in view 018" in note for note in evaluation.notes)
        assert any("searches of one view lack the probe's subject: counted as wrong" in n for n in evaluation.notes)

        removed = evaluate_embeddings(e, "casia-b", remove_unmatched=True, details=details)
        tables = looped_casia_b(e, remove=True)
        for condition in removed.conditions:
            np.testing.assert_allclose(condition.rank1_by_view_pair, tables[condition.name][:, [0, 2]], atol=1e-12)
        assert any("left out" in note for note in removed.notes)
        assert json.dumps(removed.to_json(), allow_nan=False)


def test_a_single_view_has_no_headline_but_an_identical_one() -> None:
    evaluation = evaluate_embeddings(casia_b(views=("090",)), "casia-b")
    assert evaluation.rank1 is None
    assert evaluation.conditions[0].cmc is None
    assert 0 < evaluation.conditions[0].rank1_including_identical <= 1


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_casia_b_pooled_agrees_with_loops(metric: str) -> None:
    e = casia_b(seed=1)
    evaluation = evaluate_embeddings(e, "casia-b-pooled", metric=metric)
    gallery = indices(e, ("nm-01", "nm-02", "nm-03", "nm-04"))
    for condition in evaluation.conditions:
        probes = indices(e, PROBES[condition.name])
        ranks, precision, penalty = map(np.array, zip(*looped_ranks(e, probes, gallery, metric), strict=True))
        for k, figure in ((1, "rank1"), (5, "rank5"), (10, "rank10")):
            assert getattr(condition, figure) == pytest.approx(np.mean(ranks <= k))
        assert condition.map == pytest.approx(precision.mean())
        assert condition.minp == pytest.approx(penalty.mean())
        np.testing.assert_allclose(condition.cmc, [np.mean(ranks <= k) for k in range(1, 21)])
        by_view = [np.mean(ranks[e.views[probes] == view] == 1) for view in condition.views]
        np.testing.assert_allclose(condition.rank1_by_view, by_view)


def test_only_the_named_subjects_take_part() -> None:
    e = casia_b()
    chosen = ["075", "077", "079"]
    whole = evaluate_embeddings(e, "casia-b", subjects=[*chosen, "999"])
    part = evaluate_embeddings(e.select(np.isin(e.subjects, chosen)), "casia-b")
    assert whole.subjects == 3
    assert whole.rank1 == part.rank1
    assert whole.notes == ("1 of 4 subjects have no walk among the embeddings",)
    assert {str(e.subjects[m.probe]) for m in whole.matches} == set(chosen)


def test_oumvlp_probe_without_counterpart() -> None:
    ids = [(s, c, v) for s in "abcd" for c in ("00", "01") for v in ("000", "030") if (s, c) != ("a", "01")]
    e = make_set(ids, spread=0.01)
    wrong = evaluate_embeddings(e, "oumvlp")
    removed = evaluate_embeddings(e, "oumvlp", remove_unmatched=True)
    assert (wrong.rank1, wrong.skipped_probes, wrong.probe) == (0.75, 0, 8)
    assert (removed.rank1, removed.skipped_probes, removed.probe) == (1.0, 2, 6)
    assert wrong.notes[0] == "2 probes have no walk of their subject in the gallery: counted as wrong"
    assert removed.notes[0] == "2 probes have no walk of their subject in the gallery: left out"


def test_gait3d_skips_probes_without_match() -> None:
    e = make_set([(s, f"c{i}", "s0") for s in "abcde" for i in range(4)] + [("z", "c0", "s0")], seed=2)
    probes = [f"{s}/c0/s0" for s in "abcdez"]
    evaluation = evaluate_embeddings(e, "gait3d", probes=probes)
    probe_indices = [e.ids.index(p) for p in probes[:-1]]
    gallery = [i for i, name in enumerate(e.ids) if name not in probes]
    ranks, precision, penalty = map(np.array, zip(*looped_ranks(e, probe_indices, gallery), strict=True))
    assert (evaluation.probe, evaluation.gallery, evaluation.skipped_probes) == (5, 15, 1)
    assert (evaluation.rank1, evaluation.rank5) == (np.mean(ranks == 1), np.mean(ranks <= 5))
    assert evaluation.map == pytest.approx(precision.mean())
    assert evaluation.minp == pytest.approx(penalty.mean())
    with pytest.raises(IncompatibleError, match="the gallery holds no subject of 1 probes"):
        evaluate_embeddings(e, "gait3d", probes=["z/c0/s0"])


def test_first_walk_and_its_matches_agree_with_loops() -> None:
    e = make_set([(s, str(i), "0") for s in "abcdefgh" for i in (9, 10, 11)], seed=3)
    evaluation = evaluate_embeddings(e, "first-walk")
    gallery, probes = indices(e, ("9",)), indices(e, ("10", "11"))
    ranks, precision, _ = map(np.array, zip(*looped_ranks(e, probes, gallery), strict=True))
    assert evaluation.rank1 == np.mean(ranks == 1)
    assert evaluation.map == pytest.approx(precision.mean())
    assert len(evaluation.conditions[0].cmc) == 8
    assert [match.probe for match in evaluation.matches] == probes
    for match, rank in zip(evaluation.matches, ranks, strict=True):
        expected = sorted((distance_of(e.embeddings[match.probe], e.embeddings[g]), g) for g in gallery)[:5]
        assert match.gallery == tuple(g for _, g in expected)
        assert match.distances == pytest.approx([d for d, _ in expected], rel=1e-5)
        assert match.correct == (rank == 1)


def test_verification_over_probe_and_gallery() -> None:
    e = make_set([(s, str(i), "0") for s in "abcdefgh" for i in (1, 2, 3)], seed=4)
    found = evaluate_embeddings(e, "first-walk").verification
    check_rates(e, [(p, g) for p in indices(e, ("2", "3")) for g in indices(e, ("1",))], found)


def check_rates(e: EmbeddingSet, pairs: list[tuple[int, int]], found, tolerance: float = 0.0) -> None:
    distances = np.array([distance_of(e.embeddings[a], e.embeddings[b]) for a, b in pairs])
    genuine = np.array([e.subjects[a] == e.subjects[b] for a, b in pairs])
    assert (found.num_genuine, found.num_impostor) == (genuine.sum(), (~genuine).sum())
    wins = np.mean([[(a < b) + 0.5 * (a == b) for b in distances[~genuine]] for a in distances[genuine]])
    assert found.auc == pytest.approx(wins, abs=1e-6 + tolerance)
    for key in ("1e-2", "1e-3"):
        allowed = [t for t in distances if np.mean(distances[~genuine] <= t) <= float(key)]
        expected = min([np.mean(distances[genuine] > t) for t in allowed], default=1.0)
        assert found.fnmr_at_fmr[key] == pytest.approx(expected, abs=1e-9 + tolerance)
    middle = np.searchsorted(found.thresholds, np.median(distances)) - 1
    threshold = found.thresholds[middle] * (1 + 1e-6)
    assert found.fmr[middle] == pytest.approx(np.mean(distances[~genuine] <= threshold), abs=1e-9 + tolerance)
    assert found.fnmr[middle] == pytest.approx(np.mean(distances[genuine] > threshold), abs=1e-9 + tolerance)


def test_verification_protocol_compares_every_pair_once(monkeypatch: pytest.MonkeyPatch) -> None:
    e = make_set([(s, str(i), "0") for s in "abcdefgh" for i in range(4)], seed=5)
    pairs = [(a, b) for a in range(32) for b in range(a)]
    exact = evaluate_embeddings(e, "verification")
    check_rates(e, pairs, exact.verification)
    assert (exact.gallery, exact.probe, exact.rank1) == (32, 32, None)
    assert exact.eer == exact.verification.eer

    # The same with blocks of a few rows, and distances counted instead of kept.
    monkeypatch.setattr(verification_module, "BLOCK_VALUES", 1)
    monkeypatch.setattr(verification_module, "EXACT_PAIRS", 10)
    counted = evaluate_embeddings(e, "verification")
    check_rates(e, pairs, counted.verification, tolerance=0.01)
    assert counted.eer == pytest.approx(exact.eer, abs=0.01)
    assert "counted in bins" in counted.notes[0]


def test_sampled_pairs_keep_every_genuine_one() -> None:
    sizes = {"a": 1, "b": 5, "c": 2, "d": 9, "e": 4}
    e = make_set([(s, str(i), "0") for s, count in sizes.items() for i in range(count)], seed=6)
    e = e.select(np.random.default_rng(0).permutation(len(e)))
    everything = evaluate_embeddings(e, "verification").verification
    sampled = evaluate_embeddings(e, "verification", sample_pairs=40000, seed=1)
    again = evaluate_embeddings(e, "verification", sample_pairs=40000, seed=1)
    assert sampled.verification.num_genuine == everything.num_genuine == 10 + 1 + 36 + 6
    assert sampled.verification.num_impostor == 40000
    assert sampled.eer == again.eer == pytest.approx(everything.eer, abs=0.02)
    assert sampled.verification.auc == pytest.approx(everything.auc, abs=0.005)


def test_verification_needs_both_kinds_of_pairs() -> None:
    for ids in ([("a", "1", "0"), ("b", "1", "0")], [("a", "1", "0"), ("a", "2", "0")]):
        with pytest.raises(IncompatibleError, match="needs pairs of one subject and pairs of two"):
            evaluate_embeddings(make_set(ids), "verification")
        with pytest.raises(IncompatibleError, match="needs pairs of one subject and pairs of two"):
            evaluate_embeddings(make_set(ids), "verification", sample_pairs=10)


def test_open_set_agrees_with_loops() -> None:
    e = make_set([(f"s{i}", str(w), v) for i in range(9) for w in range(3) for v in "xy"], seed=7)
    evaluation = evaluate_embeddings(e, "open-set", seed=5)
    enrolled = {str(e.subjects[m.probe]) for m in evaluation.matches}
    gallery = [i for i in range(len(e)) if e.subjects[i] in enrolled and e.conditions[i] == "0"]
    nearest = [min((distance_of(x, e.embeddings[g]), e.subjects[g]) for g in gallery) for x in e.embeddings]
    mated = [i for i in range(len(e)) if e.subjects[i] in enrolled and e.conditions[i] != "0"]
    alarms = [nearest[i][0] for i in range(len(e)) if e.subjects[i] not in enrolled]
    for key, found in evaluation.open_set.dir_at_fpir.items():
        allowed = [t for t, _ in nearest if np.mean([d <= t for d in alarms]) <= float(key)]
        rates = [np.mean([nearest[i][0] <= t and nearest[i][1] == e.subjects[i] for i in mated]) for t in allowed]
        assert found == pytest.approx(max(rates, default=0.0))
    result = evaluation.open_set
    assert (result.num_enrolled, result.num_mated, result.num_nonmated) == (5, len(mated), len(alarms)) == (5, 20, 24)
    assert evaluation.rank1 == pytest.approx(np.mean([nearest[i][1] == e.subjects[i] for i in mated]))


def test_grew_ranks_identities_for_the_server() -> None:
    walks = [(f"{i:05}", c, f"v{i}{c}") for i in range(25) for c in ("01", "02")]
    e = make_set([*walks, *(("probe", "03", f"video{i}") for i in range(4))], seed=8)
    evaluation = evaluate_embeddings(e, "grew")
    assert (evaluation.rank1, evaluation.probe, evaluation.gallery, evaluation.skipped_probes) == (None, 4, 50, 0)
    assert evaluation.verification is None
    assert evaluation.candidates.probes == ("video0", "video1", "video2", "video3")
    assert evaluation.candidates.subjects.shape == (4, 20)
    for probe, row in zip(range(50, 54), evaluation.candidates.subjects, strict=True):
        best: dict[str, float] = {}
        for g in range(50):
            distance = distance_of(e.embeddings[probe], e.embeddings[g])
            best[str(e.subjects[g])] = min(distance, best.get(str(e.subjects[g]), np.inf))
        assert row.tolist() == sorted(best, key=best.__getitem__)[:20]
    lines = evaluation.candidates.to_csv().splitlines()
    assert lines[0] == ",".join(["videoId", *(f"rank{k}" for k in range(1, 21))])
    assert lines[1].split(",")[0] == "video0"
    assert "in no figure here" in evaluation.notes[0]
    assert evaluate_embeddings(e, "grew", svm=True).svm_accuracy is None  # there is nobody to name


def test_grew_with_known_probes_has_figures_too() -> None:
    e = make_set([(s, c, "v") for s in "abc" for c in ("01", "02", "03")], spread=0.01)
    evaluation = evaluate_embeddings(e, "grew")
    assert evaluation.rank1 == 1.0
    assert evaluation.candidates.subjects[:, 0].tolist() == ["a", "b", "c"]


def test_standardised_distance() -> None:
    e = make_set([(s, str(i), "0") for s in "abcdef" for i in range(3)], seed=9)
    values = e.embeddings * np.geomspace(1e-3, 1e3, 12).reshape(3, 4).astype(np.float32)
    values[:, 1, 2] = 7.1
    scaled = EmbeddingSet(values, e.subjects, e.conditions, e.views)
    found = evaluate_embeddings(scaled, "first-walk", metric="standardised-euclidean")
    deviation = values.astype(np.float64).std(axis=0)
    deviation[1, 2] = np.inf
    by_hand = EmbeddingSet(values / deviation, e.subjects, e.conditions, e.views)
    expected = evaluate_embeddings(by_hand, "first-walk")
    assert found.metric == "standardised-euclidean"
    assert found.rank1 == expected.rank1
    assert found.matches[0].distances == pytest.approx(expected.matches[0].distances, rel=1e-5)
    assert found.notes == ("dimensions divided by their standard deviation over the 18 walks; 1 dropped",)


def test_ties_count_against_the_model() -> None:
    e = casia_b()
    collapsed = EmbeddingSet(np.ones_like(e.embeddings), e.subjects, e.conditions, e.views)
    for protocol in ("casia-b", "casia-b-pooled", "first-walk"):
        for details in (True, False):
            evaluation = evaluate_embeddings(collapsed, protocol, details=details)
            assert evaluation.rank1 == 0
            assert not any(match.correct for match in evaluation.matches)


def test_one_gallery_entry() -> None:
    e = make_set([("a", "1", "0"), ("a", "2", "0")])
    evaluation = evaluate_embeddings(e, "first-walk")
    assert (evaluation.rank1, evaluation.rank10, evaluation.map) == (1, 1, 1)
    assert evaluation.verification is None
    assert len(evaluation.matches[0].gallery) == 1


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    e = casia_b(seed=10)
    whole = {name: evaluate_embeddings(e, name).to_json() for name in ("casia-b", "casia-b-pooled", "open-set")}
    monkeypatch.setattr(verification_module, "BLOCK_VALUES", 1)
    for name, expected in whole.items():
        found = evaluate_embeddings(e, name).to_json()
        # Rows may be multiplied in another order, so that distances differ in their last bits.
        expected["verification"].pop("thresholds")
        found["verification"].pop("thresholds")
        if expected["open_set"]:
            expected["open_set"].pop("thresholds")
            found["open_set"].pop("thresholds")
        assert found == expected


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if name != "gait3d"])
def test_no_walks_and_unknown_metric(protocol: str) -> None:
    e = casia_b(num_subjects=2)
    with pytest.raises(IncompatibleError):
        evaluate_embeddings(e, protocol, subjects=["nobody"])
    with pytest.raises(UsageError, match="unknown metric 'euclid'"):
        evaluate_embeddings(e, protocol, metric="euclid")

import base64
import dataclasses
import html
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.evaluation.results import ConditionResult, Evaluation
from gaitprint.reports.html import png_uri, render_report

CARD = {"model": "cnn-gei", "weights_hash": "0123abcd", "train_subjects": 74, "data": "walkers", "version": "0.1.0"}
_VOID = {"meta", "img", "br", "link", "hr", "input"}
_RESOURCES = {"src", "href", "xlink:href", "action", "data", "poster", "srcset"}


class _Page(HTMLParser):
    """Checks that elements nest, and collects what a test asks about."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.resources: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.resources += [value or "" for name, value in attrs if name in _RESOURCES]
        if tag == "img":
            self.images.append(attributes)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _grey(walk: int) -> np.ndarray:
    return np.full((64, 44), walk, np.uint8)


def test_page_is_well_formed_and_needs_nobody(case) -> None:
    source = render_report(case.evaluation, case.embeddings, card=CARD, previews=_grey, tsne=True)
    page = _Page(source)
    assert "http:" not in source
    assert "https:" not in source
    assert "url(" not in source.replace("url(#", "")
    assert "@import" not in source
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert all(target.startswith(("#", "data:image/png;base64,")) for target in page.resources)
    assert len(page.ids) == len(set(page.ids))
    local = {target[1:] for target in page.resources if target.startswith("#")}
    assert local <= set(page.ids)
    assert set(re.findall(r"url\(#([^)]*)\)", source)) <= set(page.ids)
    assert "Content-Security-Policy" in source


def test_page_shows_the_figures(case) -> None:
    text = _Page(render_report(case.evaluation, case.embeddings, card=CARD, previews=_grey, tsne=True)).text
    for expected in (
        *("82.1 %", "61.1 %", "43.2 %", "Guessing one of 6 people: 16.7 %"),  # headline
        *("cnn-gei", "0123abcd", "74", "walkers", "1,234", "two probes had nobody to match"),  # what was evaluated
        *("91.2 %", "45.7 %", "66.7 %", "29.1 %"),  # by condition, by view
        *("51.2", "33.3", "12.5"),  # cells of the heat map
        *("EER 20.0 %", "33.27 %", "DIR 27.0 %", "98,765"),  # error rates
        *("distance 0.500", "no. 1", "Map of the embeddings", "no evidence of identity"),
    ):
        assert expected in text, expected


def test_figures_and_pictures_are_described(case) -> None:
    source = render_report(case.evaluation, case.embeddings, card=CARD, previews=_grey, show_fails=2, show_matches=3)
    page = _Page(source)
    assert len(page.images) == 5 * 3  # each a probe and two nearest
    assert all(image["alt"] for image in page.images)
    descriptions = re.findall(r'role="img" aria-label="([^"]+)"', source)
    assert len(descriptions) == page.tags.count("svg") == 9
    assert any("Lowest 12.5 % (probe 180, gallery 000)" in html.unescape(d) for d in descriptions)
    assert 'scope="col"' in source
    assert 'scope="row"' in source
    assert 'lang="en"' in source


def test_same_input_same_page(case) -> None:
    first, second = (
        render_report(case.evaluation, case.embeddings, card=CARD, previews=_grey, tsne=True, seed=1) for _ in range(2)
    )
    assert first == second


def test_strange_labels_are_escaped(case) -> None:
    evil = '<script>alert("x")</script>'
    condition = dataclasses.replace(
        case.evaluation.conditions[0], name=evil, views=(evil, "090", "b&c"), gallery_views=("$", "_b", evil)
    )
    evaluation = dataclasses.replace(
        case.evaluation, conditions=(condition, condition), protocol=evil, description=evil, notes=(evil,)
    )
    size = len(case.embeddings)
    labels = np.array([evil] * size)
    embeddings = EmbeddingSet(case.embeddings.embeddings, labels, labels, labels)
    source = render_report(evaluation, embeddings, card={"model": evil, evil: evil}, previews=_grey, tsne=True)
    assert "script" not in _Page(source).tags
    assert "&lt;script&gt;" in source


def test_wide_pictures_get_room(case) -> None:
    def strip(walk: int) -> np.ndarray:
        return np.zeros((20, 100, 3), np.uint8)

    assert 'class="strip wide"' in render_report(case.evaluation, case.embeddings, card=CARD, previews=strip)
    assert 'class="strip wide"' not in render_report(case.evaluation, case.embeddings, card=CARD, previews=_grey)


def test_pictures_survive_as_png() -> None:
    colour = np.random.default_rng(0).integers(0, 255, (9, 7, 3), dtype=np.uint8)
    encoded = np.frombuffer(base64.b64decode(png_uri(colour).partition(",")[2]), np.uint8)
    np.testing.assert_array_equal(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1], colour)
    large = np.frombuffer(base64.b64decode(png_uri(np.zeros((2000, 10), np.uint8)).partition(",")[2]), np.uint8)
    assert cv2.imdecode(large, cv2.IMREAD_UNCHANGED).shape == (320, 2)


def test_without_previews_names_remain(case) -> None:
    page = _Page(render_report(case.evaluation, case.embeddings, card=CARD))
    assert page.images == []
    assert "nm-02 · 090" in page.text


def test_no_failures_at_all(case) -> None:
    matches = tuple(dataclasses.replace(match, correct=True) for match in case.evaluation.matches)
    page = _Page(render_report(dataclasses.replace(case.evaluation, matches=matches), case.embeddings, card=CARD))
    assert "None to show: of 20 probes, 0 failed." in page.text


@pytest.mark.parametrize(
    "conditions",
    [
        (),
        (ConditionResult("all", 0),),
        (ConditionResult("all", 5, rank1=float("nan"), rank5=0.5),),
        (
            ConditionResult(
                "all",
                5,
                rank1=0.5,
                views=("front",),
                gallery_views=("front",),
                rank1_by_view_pair=np.array([[0.5]]),
                rank1_by_view=np.array([0.5]),
                cmc=np.array([0.5]),
            ),
        ),
        (
            ConditionResult(
                "NM",
                5,
                rank1=0.5,
                views=("a", "b"),
                gallery_views=("c", "d", "e"),
                rank1_by_view_pair=np.full((2, 3), np.nan),
                rank1_by_view=np.full(2, np.nan),
            ),
        ),
    ],
    ids=["none", "no figures", "NaN", "one view", "no trials"],
)
def test_less_than_everything(conditions: tuple[ConditionResult, ...], recwarn) -> None:
    evaluation = Evaluation("some", "thing", "cosine", subjects=0, gallery=0, probe=0, conditions=conditions)
    nobody = EmbeddingSet(np.zeros((0, 1, 4), np.float32), *(np.zeros(0, np.str_) for _ in range(3)))
    page = _Page(render_report(evaluation, nobody, card={}, tsne=True))
    assert "some" in page.text
    assert "a map needs at least five walks" in page.text
    assert not recwarn.list

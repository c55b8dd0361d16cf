import re

from gaitprint.reports.style import SERIES, inline_svg, new_figure


def test_figures_in_one_page_share_no_ids_and_keep_their_references() -> None:
    elements = []
    for prefix in ("a", "b"):
        figure, axes = new_figure()
        axes.bar([0, 1], [1, 2], color=SERIES[0], hatch="//")
        elements.append(inline_svg(figure, prefix))
    ids = [re.findall(r' id="([^"]+)"', element) for element in elements]
    assert not set(ids[0]) & set(ids[1])
    for element, known in zip(elements, ids, strict=True):
        used = re.findall(r'(?:url\(|xlink:href=")#([^")]+)', element)
        assert used
        assert set(used) <= set(known)


def test_colours_and_size_are_left_to_the_page() -> None:
    figure, axes = new_figure()
    axes.plot([0, 1], color=SERIES[1], label="line")
    element = inline_svg(figure, "a")
    assert "stroke:var(--series-1)" in element
    assert SERIES[1] not in element
    assert "font-family" not in element
    opening = element[: element.index(">")]
    assert "viewBox" in opening
    assert "width" not in opening
    assert 'aria-hidden="true"' in opening


def test_label_that_looks_like_markup_stays_a_label() -> None:
    figure, axes = new_figure()
    axes.set_title('url(#x) id="y" #0072b2 <style>')
    assert 'url(#x) id="y" #0072b2 &lt;style&gt;' in inline_svg(figure, "a")

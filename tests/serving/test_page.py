"""The page in a real browser, without a window."""

import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.serving.browsing import WAIT, chosen, listening, sign_in, verdicts
from tests.serving.conftest import enroll
from tests.serving.pretending import video, walk_of

from gaitprint.serving.extraction import VideoLimits, VideoRefusedError
from gaitprint.serving.looking import measure

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (gaitprint[dev])")


def test_somebody_is_enrolled_known_again_renamed_and_deleted(service, page_of):
    running, url = service
    page = page_of(url)
    sign_in(page, running.token())
    page.click("#tab-enroll")
    page.fill("#name", "Zoë <b>O'Neil</b>")
    page.set_input_files("#enroll-file", [chosen("1.avi", video("zoe")), chosen("2.avi", video("zoe", take=2))])
    page.click("#enroll-form [type=submit]")
    assert page.inner_text("#panel-enroll .error") == "Enroll only people who agreed to it."
    page.check("#consent")
    page.click("#enroll-form [type=submit]")
    assert verdicts(page) == ["Enrolled: Zoë <b>O'Neil</b>"]

    page.click("#tab-identify")
    page.set_input_files("#identify-file", chosen("who.avi", video("zoe", "stranger", "small", take=3)))
    page.click("#identify-form [type=submit]")
    page.wait_for_selector("#panel-identify .verdict")
    assert verdicts(page) == ["Known: Zoë <b>O'Neil</b>", "Unknown", "Not recognised"]
    assert "> 99.9 %" in page.inner_text("#panel-identify .candidates >> nth=0")
    assert "too small: 31 pixels high" in page.inner_text("#panel-identify")
    sync_api.expect(page.locator(".passages img").first).to_have_js_property("naturalWidth", 288, timeout=WAIT)
    page.set_input_files("#identify-file", chosen("who.avi", video("zoe", "zoe", take=4)))
    page.check("#one-person")
    page.click("#identify-form [type=submit]")
    page.wait_for_selector("#panel-identify .verdict >> nth=1", state="detached")
    page.wait_for_selector("#panel-identify .verdict")
    assert verdicts(page) == ["Known: Zoë <b>O'Neil</b>"]

    page.click("#tab-people")
    page.wait_for_selector("#people .portrait img")
    page.click("text=Rename")
    page.fill("#new-name", "Zoë")
    page.press("#new-name", "Enter")
    page.wait_for_selector("#rename-dialog", state="hidden")
    assert page.inner_text("#people .who") == "Zoë"
    page.click("#people >> text=Delete")
    assert page.inner_text("#delete-title") == "Delete Zoë?"
    page.click("#delete-dialog [type=submit]")
    page.wait_for_selector("text=Nobody is enrolled yet.")
    assert running.service.recogniser.people() == []

    page.click("#tab-audit")
    page.wait_for_selector("#audit-lines tr >> nth=5")
    assert "Zoë" not in page.inner_text("#panel-audit")


def test_a_claim_is_answered_in_words(service, page_of):
    running, url = service
    enroll(running.client(), "Anna", video("anna"))
    page = page_of(url)
    sign_in(page, running.token("verify", "list"))
    page.wait_for_selector("#claim option", state="attached")
    page.set_input_files("#identify-file", chosen("who.avi", video("ben")))
    page.click("#identify-form [type=submit]")
    assert page.inner_text("#identify-form [type=submit]") == "Check"
    assert verdicts(page) == ["No, this is not Anna"]
    assert page.locator("#tabs [role=tab]:visible").all_inner_texts() == ["Identify", "People"]
    page.click("#tab-people")
    page.wait_for_selector("#people li")
    assert page.locator("#people button").count() == 0


def test_a_token_that_expired_leads_back_to_signing_in(service, page_of):
    running, url = service
    page = page_of(url)
    page.fill("#token", "gp_wrong")
    page.press("#token", "Enter")
    page.wait_for_selector("text=This token is not valid here")
    token = running.token(expires=timedelta(hours=1))
    sign_in(page, token)
    assert page.evaluate("[location.href, document.cookie, localStorage.length]") == [f"{url}/", "", 0]
    # The page asks for several things as it opens; were the token revoked before, they alone would lead to signing in.
    page.reload()
    page.wait_for_load_state("networkidle")
    running.service.tokens.revoke(token.split("_")[1])
    page.click("#tab-people")
    page.wait_for_selector("#sign-in:not([hidden])")
    assert page.inner_text("#sign-in-message") == "Please sign in again: the token is revoked."
    assert page.evaluate("sessionStorage.length") == 0
    assert page.evaluate("document.activeElement.id") == "token"


def test_nothing_stays_for_the_next_one_who_signs_in(service, page_of):
    running, url = service
    enroll(running.client(), "Anna", video("anna"))
    page = page_of(url)
    sign_in(page, running.token())
    page.wait_for_selector("#claim option >> nth=1", state="attached")
    page.click("#tab-enroll")
    page.fill("#name", "Anna")
    page.click("#tab-identify")
    page.set_input_files("#identify-file", chosen("who.avi", video("anna", take=2)))
    late = []
    page.route("**/api/v1/jobs/*?*", lambda route: late.append(route))
    with page.expect_request("**/api/v1/jobs/*?*"):
        page.click("#identify-form [type=submit]")
    page.click("#sign-out")
    sign_in(page, running.token("identify"))
    answer = page.request.get(late[0].request.url, headers=late[0].request.headers)
    assert "Anna" in answer.text()
    with suppress(sync_api.Error):  # nobody waits for it any more
        late[0].fulfill(response=answer)
    page.evaluate("fetch('/api/health')")
    assert "Anna" not in page.evaluate("document.documentElement.outerHTML")
    assert page.evaluate("[...document.querySelectorAll('input')].map((one) => one.value).join('')") == "on" * 2
    assert page.locator(".files li").count() == 0
    assert not page.is_visible("#claim-field")


def test_a_job_is_looked_at_again_after_the_connection_broke_off(service, page_of):
    running, url = service
    page = page_of(url)
    sign_in(page, running.token())
    page.route("**/api/v1/jobs/*?*", lambda route: route.abort(), times=1)
    page.set_input_files("#identify-file", chosen("who.avi", video("anna")))
    page.click("#identify-form [type=submit]")
    assert verdicts(page) == ["Unknown"]


def test_pictures_of_people_are_asked_for_once_and_as_they_come_into_view(service, page_of):
    running, url = service
    for number in range(30):
        running.service.recogniser.enroll(f"Walker {number:02d}", [walk_of("anna", number)])
    page = page_of(url)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/picture") else None)
    sign_in(page, running.token("list"))
    page.wait_for_selector("#people img >> nth=2")
    assert len(asked) < 20
    page.fill("#filter", "walker 29")
    page.wait_for_selector("#people li:only-child img")
    assert page.locator("#people .who").all_inner_texts() == ["Walker 29"]
    page.fill("#filter", "nobody")
    page.wait_for_selector("text=Nobody has a name like this.")
    page.fill("#filter", "")
    page.click("#tab-people")
    page.wait_for_selector("#people li:nth-child(30)")
    page.wait_for_selector("#people img >> nth=2")
    assert len(asked) == len(set(asked))


def test_everybody_can_be_found_among_more_than_a_list_shows(service, page_of):
    """Among 1,203 people: by turning the list's pages, by name, and as the one who is claimed."""
    running, url = service
    running.service.recogniser.enroll("Anna", [walk_of("anna", 1)])
    (template,) = running.service.recogniser._gallery.show("Anna")[1]
    running.service.recogniser._gallery.delete("Anna")
    names = [f"Walker {number:04d}" for number in range(1203)]
    running.service.recogniser._gallery.engine.add(
        [replace(template, person=name, person_id="", template_id=uuid.uuid4().hex) for name in names]
    )
    page = page_of(url)
    sign_in(page, running.token("identify", "verify", "list"))
    page.wait_for_selector("text=The first 200 of 1203 names.")
    assert page.locator("#claim option").count() == 201
    page.set_input_files("#identify-file", chosen("who.avi", video("anna", take=2)))
    page.fill("#claim-filter", "WALKER 1202")
    page.press("#claim-filter", "Enter")  # looks for the name, and asks nothing yet
    page.wait_for_selector("#identify-form [type=submit]:has-text('Check')")
    assert page.locator("#claim option:checked").inner_text() == "Is this Walker 1202?"
    page.click("#identify-form [type=submit]")
    assert verdicts(page) == ["Yes, this is Walker 1202"]

    page.click("#tab-people")
    page.wait_for_selector("text=1203 people")
    for shown in (200, 400, 600, 800, 1000, 1200):
        sync_api.expect(page.locator("#people li")).to_have_count(shown, timeout=WAIT)
        page.click("#people-more")
    sync_api.expect(page.locator("#people li")).to_have_count(1203, timeout=WAIT)
    assert page.locator("#people .who").all_inner_texts() == names
    assert not page.is_visible("#people-more")
    page.fill("#filter", "1202")
    page.wait_for_selector("text=1 person")
    assert page.locator("#people .who").all_inner_texts() == ["Walker 1202"]


def test_a_camera_that_is_allowed_too_late_is_let_go(service, page_of):
    running, url = service
    page = page_of(url)
    page.evaluate("""() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            window.given = await ask(wanted);
            document.body.dataset.given = "";
            await new Promise((resolve) => { window.allow = resolve; });
            return window.given;
        };
    }""")
    sign_in(page, running.token())
    page.click("#panel-identify >> text=Record")
    page.wait_for_selector("body[data-given]")
    page.click("#tab-people")
    page.evaluate("window.allow()")
    page.evaluate("fetch('/api/health')")
    assert page.evaluate("window.given.getTracks().map((one) => one.readyState)") == ["ended"]
    assert page.locator(".recorder video").count() == 0


def test_everything_can_be_done_by_keyboard(service, page_of, tmp_path):
    running, url = service
    page = page_of(url)
    press = page.keyboard.press

    def focus() -> str:
        return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")

    def outlined() -> bool:
        return page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'")

    page.wait_for_selector("#token:focus")
    page.keyboard.type(running.token())
    press("Enter")
    page.wait_for_selector("#tab-identify:focus")
    assert outlined()
    press("ArrowRight")
    assert focus() == "tab-enroll"
    press("Tab")
    assert focus() == "name"
    page.keyboard.type("Anna")
    press("Tab")
    assert focus() == "enroll-file"
    with page.expect_file_chooser() as choosing:
        press("Enter")
    choosing.value.set_files([chosen("1.avi", video("anna"))])
    for expected in ("Record", "Remove", "consent"):
        press("Tab")
        assert focus() == expected
        assert outlined()
    press("Space")
    press("Enter")
    page.wait_for_selector("#panel-enroll .verdict h2:focus")
    assert verdicts(page) == ["Enrolled: Anna"]

    page.focus("#tab-enroll")
    press("ArrowRight")
    page.wait_for_selector("#people li")
    for _ in range(2):
        press("Tab")
    assert focus() == "Delete"
    press("Enter")
    page.wait_for_selector("#delete-dialog[open]")
    assert focus() == "Cancel"
    press("Escape")
    page.wait_for_selector("#delete-dialog", state="hidden")
    assert focus() == "Delete"
    press("Enter")
    press("Tab")
    assert focus() == "Delete"
    press("Enter")
    page.wait_for_selector("text=Nobody is enrolled yet.")
    page.wait_for_selector("#panel-people h1:focus")


def test_a_phone_shows_everything_without_scrolling_sideways(service, page_of):
    running, url = service
    enroll(running.client(), "Anna Wolfeschlegelsteinhausenbergerdorff" * 4, video("anna"))
    page = page_of(url, viewport={"width": 360, "height": 740}, has_touch=True)
    sign_in(page, running.token())
    page.set_input_files(
        "#identify-file", chosen("a-very-long-name-of-a-video" * 6 + ".avi", video("anna", "small", take=2))
    )
    page.click("#identify-form [type=submit]")
    page.wait_for_selector("#panel-identify .verdict")
    wide = {}
    there = {"identify": ".verdict", "enroll": "#enroll-file", "people": "#people img", "audit": "#audit-lines tr"}
    for name, shown in there.items():
        page.click(f"#tab-{name}")
        page.wait_for_selector(f"#panel-{name} {shown}")
        wide[name] = page.evaluate("document.documentElement.scrollWidth")
        low = "b => b.offsetParent && b.offsetHeight < 36"
        small = page.evaluate(f"[...document.querySelectorAll('button')].filter({low}).map(b => b.textContent)")
        assert small == []
    assert set(wide.values()) == {360}


def test_a_walk_is_recorded_with_the_camera(service, page_of, monkeypatch):
    running, url = service
    recorded = []

    def extract(video, folder, on_progress):
        recorded.append(measure(video, VideoLimits(60, 2000, 1 << 24)))
        raise VideoRefusedError("that was all")

    monkeypatch.setattr(running.extractor, "extract", extract)
    page = page_of(url)
    sign_in(page, running.token())
    page.click("#panel-identify >> text=Record")
    page.click("text=Start recording")
    page.wait_for_selector("text=/Recording ([5-9]|[1-9][0-9])/")  # a busy machine takes few frames a second
    page.click("text=Stop recording")
    page.wait_for_selector(".files li")
    assert page.inner_text(".files li").startswith("recording-")
    page.click("#identify-form [type=submit]")
    assert verdicts(page) == ["No answer"]
    ((frames, rate_hz),) = recorded
    assert frames >= 3
    assert frames / rate_hz >= 0.5


def test_reduced_motion_shows_still_pictures(service, page_of):
    running, url = service
    page = page_of(url, reduced_motion="reduce", color_scheme="dark")
    sign_in(page, running.token())
    page.set_input_files("#identify-file", chosen("who.avi", video("anna")))
    page.click("#identify-form [type=submit]")
    page.wait_for_selector("#panel-identify .verdict")
    assert page.inner_text(".passages figcaption button") == "Play"
    image = page.locator(".passages img")
    sync_api.expect(image).to_have_js_property("naturalWidth", 288, timeout=WAIT)
    still = image.get_attribute("src")
    page.click(".passages figcaption button")
    sync_api.expect(image).not_to_have_attribute("src", still, timeout=WAIT)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 28)"


def test_without_tokens_nobody_has_to_sign_in(start, page_of):
    running = start(require_token=False, hosts=("localhost",))
    with listening(running.app) as url:
        page = page_of(url)
        page.wait_for_selector("#app:not([hidden])")
        assert not page.is_visible("#account")

"""The page where something goes wrong, comes late, or is done twice, in a real browser."""

import pytest
from tests.serving.browsing import WAIT, chosen, listening, sign_in, verdicts
from tests.serving.conftest import enroll
from tests.serving.pretending import video

from gaitprint.serving.recogniser import LeftTracesError

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (gaitprint[dev])")

AWAY = "**/api/v1/session"


def test_a_wrong_token_that_is_given_twice_is_told_what_it_is(service, page_of):
    _, url = service
    page = page_of(url)
    page.fill("#token", "gp_wrong")
    page.evaluate("for (const time of [1, 2]) document.querySelector('#sign-in-form').requestSubmit()")
    page.wait_for_selector("#sign-in-message:not(:empty)")
    assert page.inner_text("#sign-in-message") == "This token is not valid here, or no longer."
    assert page.evaluate("sessionStorage.length") == 0


def test_a_token_without_a_use_for_the_page_signs_nobody_in(service, page_of):
    running, url = service
    page = page_of(url)
    page.fill("#token", running.token("delete"))
    page.press("#token", "Enter")
    page.wait_for_selector("text=This token has no right that this page could use.")
    assert page.inner_text("#announcer") == ""
    assert page.evaluate("sessionStorage.length") == 0


def test_a_service_that_is_away_for_a_while_costs_nobody_the_token(service, page_of):
    running, url = service
    page = page_of(url)
    sign_in(page, running.token())
    page.route(AWAY, lambda route: route.abort())
    page.reload()
    page.wait_for_selector("text=The service cannot be reached. Reload the page to try again.")
    page.unroute(AWAY)
    page.reload()
    page.wait_for_selector("#app:not([hidden])")


def test_a_claim_that_was_chosen_is_checked_although_names_cannot_be_listed_again(service, page_of):
    running, url = service
    enroll(running.client(), "Anna", video("anna"))
    page = page_of(url)
    sign_in(page, running.token())
    page.select_option("#claim", label="Is this Anna?")
    page.route("**/api/v1/people?*", lambda route: route.abort())
    page.click("#tab-audit")
    page.click("#tab-identify")
    page.wait_for_selector("#panel-identify >> text=The service cannot be reached.")
    page.set_input_files("#identify-file", chosen("who.avi", video("anna", take=2)))
    page.click("#identify-form [type=submit]")
    assert verdicts(page) == ["Yes, this is Anna"]


def test_nobody_to_compare_with_is_said(service, page_of):
    running, url = service
    page = page_of(url)
    page.route("**/api/v1/people?*", lambda route: route.abort())
    sign_in(page, running.token("verify", "list", "audit"))
    page.wait_for_selector("#panel-identify >> text=The service cannot be reached.")
    page.set_input_files("#identify-file", chosen("who.avi", video("anna")))
    page.click("#identify-form [type=submit]")
    assert page.inner_text("#panel-identify .error") == "The service cannot be reached."  # so nobody knows
    page.unroute("**/api/v1/people?*")
    page.click("#tab-audit")
    page.click("#tab-identify")
    sync_api.expect(page.locator("#panel-identify .error")).to_be_empty(timeout=WAIT)
    page.click("#identify-form [type=submit]")
    page.wait_for_selector("text=There is nobody whose walk this could be compared with.")


def test_older_lines_of_the_log_that_are_asked_for_twice_are_shown_once(service, page_of):
    running, url = service
    page = page_of(url)
    for _ in range(250):
        running.service.audit.write("0" * 12, "identify", "unknown")
    sign_in(page, running.token("audit"))
    lines = page.locator("#audit-lines tr")
    sync_api.expect(lines).to_have_count(100, timeout=WAIT)
    page.evaluate("for (const time of [1, 2]) document.querySelector('#audit-more').click()")
    page.wait_for_load_state("networkidle")
    sync_api.expect(lines).to_have_count(200, timeout=WAIT)


def test_traces_that_are_left_are_told_to_those_who_see(service, page_of, monkeypatch):
    running, url = service
    enroll(running.client(), "Anna", video("anna"))
    delete = running.service.recogniser.delete

    def delete_but_leave_traces(person_id):
        delete(person_id)
        raise LeftTracesError("removed, but traces could not be wiped yet")

    monkeypatch.setattr(running.service.recogniser, "delete", delete_but_leave_traces)
    page = page_of(url)
    sign_in(page, running.token("list", "delete"))
    page.click("#people >> text=Delete")
    page.click("#delete-dialog [type=submit]")
    page.wait_for_selector("text=Nobody is enrolled yet.")
    assert page.inner_text("#panel-people .error") == "Anna: removed, but traces could not be wiped yet."


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_dialog_that_was_left_does_not_close_or_fill_the_next(service, page_of, is_answered):
    running, url = service
    for name in ("Anna", "Ben"):
        enroll(running.client(), name, video(name))
    page = page_of(url)
    sign_in(page, running.token("list", "delete"))
    held = []
    page.route("**/api/v1/people/*", lambda route: held.append(route), times=1)
    page.click("[aria-label='Delete Anna']")
    with page.expect_request("**/api/v1/people/*"):
        page.click("#delete-dialog [type=submit]")
    page.keyboard.press("Escape")
    page.click("[aria-label='Delete Ben']")
    assert page.inner_text("#delete-title") == "Delete Ben?"
    if is_answered:
        held[0].continue_()
        sync_api.expect(page.locator("#people li")).to_have_count(1, timeout=WAIT)
    else:
        held[0].abort()
        sync_api.expect(page.locator("#panel-people .error")).to_have_text(
            "The service cannot be reached.", timeout=WAIT
        )
    assert page.is_visible("#delete-dialog")
    assert page.inner_text("#delete-dialog .error") == ""
    page.click("#delete-dialog [type=submit]")
    page.wait_for_selector("#delete-dialog", state="hidden")
    left = [person.name for person in running.service.recogniser.people()]
    assert left == ([] if is_answered else ["Anna"])


def test_whoever_leaves_while_a_video_is_looked_at_is_asked_to_stay(service, page_of):
    running, url = service
    page = page_of(url)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    sign_in(page, running.token())
    page.reload()
    page.wait_for_selector("#app:not([hidden])")
    assert asked == []
    page.set_input_files("#identify-file", chosen("who.avi", video("anna", takes=2)))
    page.click("#identify-form [type=submit]")
    page.wait_for_selector(".working")
    page.reload()
    assert asked == ["beforeunload"]


def test_a_file_that_is_dropped_beside_its_place_does_not_replace_the_page(service, page_of):
    _, url = service
    page = page_of(url)
    drop = """(file) => {
        const carried = new DataTransfer();
        carried.items.add(...(file ? [new File(["x"], "walk.avi")] : ["gp_", "text/plain"]));
        const event = new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true });
        document.querySelector("#token").dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    assert page.evaluate(drop, True)
    assert not page.evaluate(drop, False)  # a token may be


def test_pictures_are_held_no_longer_than_they_are_shown(service, page_of):
    running, url = service
    page = page_of(url)
    page.evaluate("""() => {
        window.held = new Set();
        const { createObjectURL, revokeObjectURL } = URL;
        URL.createObjectURL = (blob) => {
            const address = createObjectURL(blob);
            window.held.add(address);
            return address;
        };
        URL.revokeObjectURL = (address) => { window.held.delete(address); revokeObjectURL(address); };
    }""")
    sign_in(page, running.token())
    page.set_input_files("#identify-file", chosen("who.avi", video("anna", "ben")))
    page.click("#identify-form [type=submit]")
    for place in range(2):
        image = page.locator(".passages img").nth(place)
        sync_api.expect(image).to_have_js_property("naturalWidth", 288, timeout=WAIT)
    assert page.evaluate("window.held.size") == 0
    page.locator(".passages figcaption button").first.dblclick()  # stops and goes on
    assert page.locator(".passages figcaption button").first.inner_text() == "Pause"
    page.wait_for_function("window.held.size === 0")


def test_a_picture_that_is_gone_says_so(service, page_of):
    running, url = service
    page = page_of(url)
    sign_in(page, running.token())
    page.route("**/pictures/**", lambda route: route.fulfill(status=404, json={"detail": "no such picture"}))
    page.set_input_files("#identify-file", chosen("who.avi", video("anna")))
    page.click("#identify-form [type=submit]")
    page.wait_for_selector("[alt='The picture was dropped already.']")


def test_limits_are_told_as_they_are(start, page_of):
    running = start(video_seconds=90.0, upload_bytes=1_500_000)
    with listening(running.app) as url:
        page = page_of(url)
        sign_in(page, running.token("identify"))
        assert "Up to 1.5 MB and 90 seconds." in page.inner_text("#identify-form")
        page.set_input_files("#identify-file", chosen("long.avi", bytes(1_600_000)))
        page.click("#identify-form [type=submit]")
        assert page.inner_text("#identify-form .error") == "1.6 MB are too much; 1.5 MB are allowed."
        words = "import('/page/words.js').then((words) => [words.duration(60), words.rate(0.0005), words.rate(0.07)])"
        assert page.evaluate(words) == ["1 minute", "0.05 %", "7 %"]

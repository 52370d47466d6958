"""The pages in a real browser: signing in, paying, both themes, a small screen, no script."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, ViewportSize, sync_playwright

from kiosk.clock import Clock
from tests.hub.pages.reading import faults, read
from tests.hub.pages.test_escaping import CORPUS, fill
from tests.hub.process import Running, running
from tests.hub.worlds import EPCS, KioskLog, Owner, granted, left, line

Theme = Literal["light", "dark"]
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed: apt-get install chromium"
    ),
]
QUIET = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
SIZES = {"small": (320, 700), "wide": (1280, 900)}
PAGES = {
    "login": "/login",
    "unsent": "/login?next=%2Fvisits%2Fb&unsent=1",
    "today": "/",
    "visit": "/visits/b",
    "unclear": "/visits/c",
    "devices": "/devices",
    "unknown-visit": "/visits/none",
    "nowhere": "/nowhere",
}
STOPS = "a[href], button, input:not([type=hidden]):not([hidden]), [tabindex='0']"
FOCUSED = """stops => {
    const at = document.activeElement, style = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    const seen = box.width > 0 && box.bottom > 0 && box.right > 0 && box.left < innerWidth;
    const where = [...document.querySelectorAll(stops)].indexOf(at);
    return [where, seen && (ring || style.boxShadow !== 'none')];
}"""
"""Which stop has the focus, -1 for none, and whether anybody can see that it has."""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Running]:
    """A hub with something on every page."""
    log = KioskLog()
    with running(tmp_path / "hub", "--enrol", log.vkey) as hub:
        hub.line()
        hub.ask("PUT", "/v1/documents/policy", Owner().policy())
        log.now_ms = Clock().now().wall_ms - 60_000
        for visit, outcome, paid in (("a", "paid", True), ("b", "unpaid", False)):
            granted(log, visit)
            left(log, visit, outcome, line(0, 599, paid=paid), line(1, 250, paid=paid))
        granted(log, "c")
        left(log, "c", "unresolved", line(2, 1999))
        log.add("exit.unresolved", {"epcs": [EPCS[5]]})
        log.add("device.fault", {"device": "exit-reader", "detail": "no answer"})
        log.add("lock.commanded", {"gate": "main", "hold_s": 10, "cause": "staff"}, "c")
        other = log.fork_at(2)
        path = f"/v1/logs/{log.name}/entries?from=0"
        assert hub.ask("POST", path, log.upload(0)).ok
        other.add("door.forced")
        assert hub.ask("POST", path, other.upload(0)).status_code == 409
        yield hub
        hub.stop()


def context(chromium: Browser, size: str, theme: Theme, *, script: bool = True) -> BrowserContext:
    width, height = SIZES[size]
    return chromium.new_context(
        viewport=ViewportSize(width=width, height=height),
        color_scheme=theme,
        java_script_enabled=script,
    )


def dismissed(dialog: Dialog, said: list[str]) -> None:
    """Keep what a dialog says, and let the page go on."""
    said.append(dialog.message)
    dialog.dismiss()


def sign_in(page: Page, hub: Running) -> None:
    page.goto(f"{hub.url}/")
    page.fill("#secret", hub.token("staff"))
    page.click("main button")
    page.wait_for_selector("h1")
    assert page.title().startswith("Today")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_can_be_used_by_everybody(
    chromium: Browser, hub: Running, size: str, theme: Theme
) -> None:
    shots = os.environ.get("KIOSK_TEST_SCREENSHOTS")
    with context(chromium, size, theme) as browsing:
        page, said = browsing.new_page(), list[str]()
        page.on("console", lambda message: said.append(message.text))
        for name, path in PAGES.items():
            if name == "today":
                sign_in(page, hub)
            page.goto(f"{hub.url}{path}")
            assert faults(read(page.content())) == [], path
            assert page.get_attribute("html", "lang") == "en"
            assert page.title().endswith("shop"), path
            found = Axe().run(page, options=RULES).response["violations"]
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], path
            overflow = "document.documentElement.scrollWidth - window.innerWidth"
            assert page.evaluate(overflow) <= 0, path
            if shots:
                page.screenshot(path=f"{shots}/{name}-{size}-{theme}.png", full_page=True)
        said = [each for each in said if "404 (Not Found)" not in each]  # of the last two pages
        assert said == [], "the browser complains of nothing, its content policy included"


@pytest.mark.parametrize("size", SIZES)
def test_every_stop_of_every_page_is_reached_by_tab_and_seen(
    chromium: Browser, hub: Running, size: str
) -> None:
    with context(chromium, size, "light") as browsing:
        page = browsing.new_page()
        for name, path in PAGES.items():
            if name == "today":
                sign_in(page, hub)
            page.goto(f"{hub.url}{path}")
            radios = page.locator("input[type=radio]:not(:checked)").count()  # arrows lead there
            wanted = page.locator(STOPS).count() - radios
            reached = set()
            for _ in range(wanted):
                page.keyboard.press("Tab")
                where, seen = page.evaluate(FOCUSED, STOPS)
                assert seen, (path, page.evaluate("document.activeElement.outerHTML"))
                reached.add(where)
            assert len(reached - {-1}) == wanted, path


def test_every_page_reads_the_same_without_any_script(chromium: Browser, hub: Running) -> None:
    told = []
    for script in (True, False):
        with context(chromium, "small", "light", script=script) as browsing:
            page, seen = browsing.new_page(), {}
            for name, path in PAGES.items():
                if name == "today":
                    sign_in(page, hub)
                page.goto(f"{hub.url}{path}")
                seen[name] = (page.inner_text("h1"), page.locator("h2").all_inner_texts())
            told.append(seen)
    assert told[0] == told[1]


def test_on_paper_stands_what_happened_and_nothing_to_press(
    chromium: Browser, hub: Running
) -> None:
    with context(chromium, "wide", "dark") as browsing:
        page = browsing.new_page()
        sign_in(page, hub)
        page.emulate_media(media="print", color_scheme="light")
        for path in ("/", "/visits/b", "/devices"):
            page.goto(f"{hub.url}{path}")
            for pressed in page.locator("button, input, nav, a.act, .skip").all():
                assert not pressed.is_visible(), path
            assert page.locator("table").first.is_visible()


def test_a_form_sent_after_signing_out_leads_back_to_its_visit(
    chromium: Browser, hub: Running
) -> None:
    with context(chromium, "small", "light") as browsing:
        page = browsing.new_page()
        sign_in(page, hub)
        page.goto(f"{hub.url}/visits/b")
        browsing.clear_cookies()
        page.click("main form button")
        assert "nothing of the form was recorded" in page.inner_text("[role=alert]")
        page.fill("#secret", hub.token("staff"))
        page.click("main button")
        assert page.url == f"{hub.url}/visits/b"
        assert "Record a payment" in page.locator("h2").all_inner_texts()


def test_a_payment_is_recorded_without_any_script_and_by_keyboard(
    chromium: Browser, hub: Running
) -> None:
    with context(chromium, "small", "light", script=False) as browsing:
        page = browsing.new_page()
        sign_in(page, hub)
        page.goto(f"{hub.url}/visits/b")
        page.focus("input[name=amount]")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("[role=status]")
        assert "€8.49" in page.inner_text("[role=status]")
    (payment,) = hub.ask("GET", "/v1/payments?kiosk=k1").json()["payments"]
    assert (payment["amount_minor"], payment["method"]) == (849, "card")


def test_a_hostile_log_runs_nothing(chromium: Browser, tmp_path: Path) -> None:
    log = KioskLog()
    for number, text in enumerate(CORPUS):
        fill(log, f"v{number}", text)
    with running(tmp_path / "hub", "--enrol", log.vkey) as hub:
        hub.line()
        assert hub.ask("POST", f"/v1/logs/{log.name}/entries?from=0", log.upload(0)).ok
        with context(chromium, "wide", "light") as browsing:
            page, ran = browsing.new_page(), list[str]()
            page.on("dialog", lambda dialog: dismissed(dialog, ran))
            page.on("console", lambda message: ran.append(message.text))
            sign_in(page, hub)
            for path in ("/", "/devices", *(f"/visits/v{n}" for n in range(len(CORPUS)))):
                page.goto(f"{hub.url}{path}")
                assert page.evaluate("document.scripts.length") == 0
            assert ran == []
        hub.stop()

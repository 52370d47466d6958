"""The pages in a real browser: signing in, paying, both themes, a small screen, no script."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from kiosk.clock import Clock
from tests.hub.pages.test_escaping import CORPUS, fill
from tests.hub.process import Running, running
from tests.hub.worlds import EPCS, KioskLog, Owner, granted, left, line

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Chromium: TypeAlias = Any
"""What playwright hands out; it is not installed everywhere."""
CHROMIUM = shutil.which("chromium")
QUIET = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
SIZES = {"small": (320, 700), "wide": (1280, 900)}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as started:
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
        other = log.fork_at(2)
        path = f"/v1/logs/{log.name}/entries?from=0"
        assert hub.ask("POST", path, log.upload(0)).ok
        other.add("door.forced")
        assert hub.ask("POST", path, other.upload(0)).status_code == 409
        yield hub
        hub.stop()


def context(chromium: Chromium, size: str, theme: str, *, script: bool = True) -> Chromium:
    width, height = SIZES[size]
    return chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        java_script_enabled=script,
    )


def sign_in(page: Chromium, hub: Running) -> None:
    page.goto(f"{hub.url}/")
    page.fill("#secret", hub.token("staff"))
    page.click("main button")
    page.wait_for_selector("h1")
    assert page.title().startswith("Today")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_can_be_used_by_everybody(
    chromium: Chromium, hub: Running, size: str, theme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe").Axe()
    shots = os.environ.get("KIOSK_TEST_SCREENSHOTS")
    with context(chromium, size, theme) as browsing:
        page, said = browsing.new_page(), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{hub.url}/login")
        for name, path in (
            ("login", "/login"),
            ("today", "/"),
            ("visit", "/visits/b"),
            ("devices", "/devices"),
            ("nowhere", "/nowhere"),
        ):
            if name == "today":
                sign_in(page, hub)
            page.goto(f"{hub.url}{path}")
            found = axe.run(page, options=RULES).response["violations"]
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], path
            overflow = "document.documentElement.scrollWidth - window.innerWidth"
            assert page.evaluate(overflow) <= 0, path
            if shots:
                page.screenshot(path=f"{shots}/{name}-{size}-{theme}.png", full_page=True)
        said = [each for each in said if "404 (Not Found)" not in each]  # of the last page
        assert said == [], "the browser complains of nothing, its content policy included"


def test_a_payment_is_recorded_without_any_script_and_by_keyboard(
    chromium: Chromium, hub: Running
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


def test_a_hostile_log_runs_nothing(chromium: Chromium, tmp_path: Path) -> None:
    log = KioskLog()
    for number, text in enumerate(CORPUS):
        fill(log, f"v{number}", text)
    with running(tmp_path / "hub", "--enrol", log.vkey) as hub:
        hub.line()
        assert hub.ask("POST", f"/v1/logs/{log.name}/entries?from=0", log.upload(0)).ok
        with context(chromium, "wide", "light") as browsing:
            page, ran = browsing.new_page(), list[str]()
            page.on("dialog", lambda dialog: ran.append(dialog.dismiss() or dialog.message))
            page.on("console", lambda message: ran.append(message.text))
            sign_in(page, hub)
            for path in ("/", "/devices", *(f"/visits/v{n}" for n in range(len(CORPUS)))):
                page.goto(f"{hub.url}{path}")
                assert page.evaluate("document.scripts.length") == 0
            assert ran == []
        hub.stop()

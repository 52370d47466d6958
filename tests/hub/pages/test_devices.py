"""The devices' page."""

from kiosk.clock import Clock
from tests.hub.pages.conftest import Browser
from tests.hub.worlds import KioskLog, Visitor


def test_nothing_has_failed_yet(browser: Browser) -> None:
    text = browser.open("/devices").text
    assert "No kiosk is enrolled yet." in text
    assert "No device has failed so far." in text


def test_each_device_shows_the_last_word_about_it(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    kiosk_log.add("device.fault", {"device": "camera", "detail": "dark"})
    kiosk_log.add("device.fault", {"device": "exit-reader", "detail": "no answer"})
    kiosk_log.add("device.cleared", {"device": "camera", "detail": ""})
    visitor.send(kiosk_log)
    page = shop.open("/devices")
    rows = [row.text for row in page.all("tbody")[0].all("tr")]
    assert [row.split()[0] for row in rows] == ["camera", "exit-reader"]
    assert "Works" in rows[0]
    assert "Fault: no answer" in rows[1]
    assert "3 entries" in page.text


def test_exits_that_were_mostly_not_read_are_a_rate_of_the_last_week(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    assert "No exit was counted in the last 7 days." in shop.open("/devices").text
    for days_ago, unread in ((9, True), (6, True), (1, False), (0, True), (0, "yes"), (0, None)):
        kiosk_log.now_ms = clock.now().wall_ms - days_ago * 86_400_000
        kiosk_log.add("tags.observed", {"mostly_unread": unread}, "v1" if unread else "")
    assert visitor.send(kiosk_log).status_code == 200
    visitor.send(kiosk_log)
    assert "k1 : 2 of 5 exits in the last 7 days" in shop.open("/devices").text

"""The devices' page."""

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

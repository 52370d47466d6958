"""The first page: what needs somebody, in plain words, also when there is nothing."""

from kiosk.clock import Clock
from kiosk.core.values import Json
from kiosk.hub.pages.today import QUEUE
from tests.hub.pages.conftest import Browser
from tests.hub.worlds import EPCS, KioskLog, Owner, Visitor, granted, left, line

HOUR_MS = 3_600_000


def now(log: KioskLog, clock: Clock) -> KioskLog:
    log.now_ms = clock.now().wall_ms - 60_000
    return log


def test_a_new_hub_says_what_to_do_first(browser: Browser) -> None:
    text = browser.open("/").text
    for words in ("First steps", "policy, which says who", "kiosk item import", "Enrol a kiosk"):
        assert words in text
    assert "Nothing needs you now." in text
    assert "Nobody was here yet." in text


def test_the_first_steps_go_away_when_they_are_done(
    shop: Browser, visitor: Visitor, owner: Owner
) -> None:
    visitor.client.put("/v1/documents/catalogue", content=owner.catalogue())
    assert "First steps" not in shop.open("/").text


def test_an_unpaid_exit_is_shown_with_items_amount_and_end(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    granted(now(kiosk_log, clock), "v1")
    left(kiosk_log, "v1", "unpaid", line(0, 599), line(1, 100, paid=True))
    visitor.send(kiosk_log)
    page = shop.open("/")
    (row,) = page.all("tbody")[0].all("tr")
    assert "Item 0 (€5.99)" in row.text
    assert "Item 1" not in row.text, "what is paid is not owed"
    assert row.all("a")[0].attributes["href"] == "/visits/v1"
    assert row.all("a")[0].text == "Record a payment"
    assert "1 visit today: 1 unpaid." in page.text
    assert "Unpaid exits: 1, together €5.99" in page.text
    assert "Nothing needs you now." not in page.text
    visitor.pay(amount_minor=599)
    after = shop.open("/").text
    assert "Nobody owes anything." in after
    assert "1 visit today: 1 paid late." in after


def test_money_for_a_visit_on_which_nobody_came_in_is_not_lost_sight_of(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    granted(now(kiosk_log, clock), "v1")
    facts: dict[str, Json] = {"decision": "refused", "reason": "forged", "way": None}
    kiosk_log.add("decision.made", facts, "v2")
    granted(kiosk_log, "v3")
    kiosk_log.add("visit.not_entered", {}, "v3")
    visitor.send(kiosk_log)
    visitor.pay(key="inside")
    assert "no visit" not in shop.open("/").text, "who is inside may pay"
    visitor.pay(key="turned-away", visit="v2", amount_minor=150)
    visitor.pay(key="not-entered", visit="v3", amount_minor=250)
    visitor.pay(key="mistyped", visit="v11", amount_minor=None, epcs=[EPCS[0]])
    page = shop.open("/")
    assert "Payments for no visit: 3" in page.text
    (table,) = [each for each in page.all("table") if "last 7 days" in each.text]
    rows = [[cell.text for cell in each.all("td")] for each in table.all("tr")[1:]]
    assert rows == [["4", "v11", "1 named item"], ["3", "v3", "€2.50"], ["2", "v2", "€1.50"]]
    granted(kiosk_log, "v11")
    visitor.send(kiosk_log, kiosk_log.size - 2)
    assert "Payments for no visit: 2" in shop.open("/").text, "its kiosk told of it late"


def test_a_door_that_staff_opened_is_shown_with_where_its_reason_is(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    granted(now(kiosk_log, clock), "v1")
    opened: dict[str, Json] = {"gate": "main", "hold_s": 10}
    kiosk_log.add("lock.commanded", {**opened, "cause": "score"}, "v1")
    visitor.send(kiosk_log)
    assert "staff opened" not in shop.open("/").text, "a day without one says nothing of it"
    kiosk_log.add("lock.commanded", {**opened, "cause": "staff"}, "v1")
    kiosk_log.add("lock.commanded", {**opened, "cause": "staff"})
    visitor.send(kiosk_log, 3)
    page = shop.open("/")
    assert "Doors that staff opened today" in page.text
    assert "kiosk ledger show ENTRY" in page.text
    (table,) = [each for each in page.all("table") if "2 since midnight" in each.text]
    last, first = table.all("tr")[1:]
    assert [each.text for each in last.all("td")] == ["4", "no"]
    assert [each.text for each in first.all("td")] == ["3", "this visit"]
    assert first.all("a")[0].attributes["href"] == "/visits/v1"
    assert "Staff told the lock to open" in shop.open("/visits/v1").text


def test_a_door_that_staff_opened_while_the_disk_was_full_is_told_as_of_then(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    late = now(kiosk_log, clock)
    opened: dict[str, Json] = {"gate": "main", "hold_s": 10, "cause": "staff"}
    for happened in (late.now_ms - 24 * HOUR_MS, "then", -1, 2**53 - 1):
        late.add("lock.commanded", {**opened, "happened_ms": happened})
    visitor.send(late)
    (table,) = [each for each in shop.open("/").all("table") if "3 since midnight" in each.text]
    assert [each.all("td")[0].text for each in table.all("tr")[1:]] == ["3", "2", "1"]


def test_a_door_that_staff_opened_yesterday_is_not_of_today(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    now(kiosk_log, clock).now_ms -= 24 * HOUR_MS
    kiosk_log.add("lock.commanded", {"gate": "main", "hold_s": 10, "cause": "staff"})
    visitor.send(kiosk_log)
    assert "staff opened" not in shop.open("/").text


def test_what_is_not_clear_and_what_nobody_took_have_lists_of_their_own(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    granted(now(kiosk_log, clock), "v1")
    left(kiosk_log, "v1", "unresolved", line(0, 599))
    kiosk_log.add("exit.unresolved", {"epcs": [EPCS[5], "E28011"]})
    kiosk_log.add("device.fault", {"device": "exit-reader", "detail": "no answer"})
    visitor.send(kiosk_log)
    text = shop.open("/").text
    assert "Nobody owes anything for these." in text
    assert f"{EPCS[5]}" in text
    assert "not in the catalogue E28011" in text
    assert "exit-reader at k1 : no answer" in text
    kiosk_log.add("device.cleared", {"device": "exit-reader", "detail": ""})
    visitor.send(kiosk_log, 4)
    assert "Devices that need you" not in shop.open("/").text


def test_yesterday_is_not_today(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    kiosk_log.now_ms = clock.now().wall_ms - 30 * HOUR_MS
    granted(kiosk_log, "v1")
    left(kiosk_log, "v1", "paid")
    visitor.send(kiosk_log)
    assert "No visits yet today." in shop.open("/").text


def test_every_kiosk_says_when_it_was_heard_of(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    assert "k1 never" in shop.open("/").text
    kiosk_log.add("door.held")
    visitor.send(kiosk_log)
    assert "k1 just now" in shop.open("/").text
    clock.raise_offset(3 * 60_000)
    assert "k1 3 minutes ago" in shop.open("/").text


def test_a_fork_is_told_in_plain_words(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    kiosk_log.add("door.held")
    visitor.send(kiosk_log)
    other = kiosk_log.fork_at(0)
    other.add("door.forced")
    visitor.send(other)
    text = shop.open("/").text
    assert "A record was changed" in text
    assert "shop~k1" in text


def test_a_grace_that_is_over_says_so(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    granted(now(kiosk_log, clock), "v1")
    left(kiosk_log, "v1", "unpaid", line(0, 599))
    visitor.send(kiosk_log)
    clock.raise_offset(25 * HOUR_MS)
    for _ in range(200):
        if visitor.visits()["visits"][0]["grace"] == "expired":
            break
        visitor.feed(wait_s=1, after=10**6)
    assert "the time is over" in shop.open("/").text


def test_an_item_that_left_with_nobody_known_has_its_name(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, owner: Owner
) -> None:
    sgtin = "3034257BF40C0E4000000001"
    visitor.client.put("/v1/documents/catalogue", content=owner.catalogue())
    kiosk_log.add("exit.unresolved", {"epcs": [sgtin]})
    visitor.send(kiosk_log)
    (row,) = shop.open("/").all("tbody")[0].all("tr")
    assert f"Trail mix {sgtin}" in row.text


def test_an_exit_that_is_not_clear_says_why(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog
) -> None:
    for visit, cause in (("v1", "exit-reader-lost"), ("v2", "a new one"), ("v3", 7), ("v4", "")):
        granted(kiosk_log, visit)
        kiosk_log.add("exit.unresolved", {"lines": [], "currency": "EUR", "cause": cause}, visit)
    visitor.send(kiosk_log)
    text = shop.open("/").text
    assert "the exit reader stopped working" in text
    assert "a new one" in text
    assert text.count("not recorded") == 2


def test_somebody_who_was_let_in_and_stayed_outside_is_told_apart(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    granted(now(kiosk_log, clock), "v1")
    kiosk_log.add("visit.not_entered", {}, "v1")
    visitor.send(kiosk_log)
    assert "1 visit today: 1 let in but did not come in." in shop.open("/").text


def test_times_say_their_zone(shop: Browser, visitor: Visitor, owner: Owner) -> None:
    assert "All times are the shop\u2019s, UTC." in shop.open("/").text
    visitor.client.put("/v1/documents/policy", content=owner.policy(2, utc_offset_min=60))
    for path in ("/", "/devices"):
        assert "All times are the shop\u2019s, UTC+1." in shop.open(path).text


def test_a_second_kiosk_is_named_in_every_row(
    shop: Browser, visitor: Visitor, clock: Clock
) -> None:
    other = now(KioskLog("shop/k2"), clock)
    visitor.enrol(other)
    granted(other, "v1")
    visitor.send(other)
    other.add("exit.unresolved", {"epcs": [EPCS[5]]})
    visitor.send(other, other.size - 1)
    bodies = [body.text for body in shop.open("/").all("tbody")]
    assert all("k2" in body for body in bodies)


def test_a_kiosk_whose_clock_is_of_another_age_leaves_the_pages_up(
    shop: Browser, visitor: Visitor, owner: Owner
) -> None:
    policy = owner.policy(2, utc_offset_min=14 * 60)
    assert visitor.client.put("/v1/documents/policy", content=policy).status_code == 201
    log = KioskLog(now_ms=253_402_300_790_000)  # ten seconds before the year 10000
    granted(log, "v1")
    log.add("device.fault", {"device": "reader", "detail": "gone"})
    left(log, "v1", "unpaid", line(0, 599))
    assert visitor.send(log).status_code == 200
    for path in ("/", "/visits/v1", "/devices"):
        shop.open(path)


def test_what_is_owed_counts_beyond_the_list(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock
) -> None:
    now(kiosk_log, clock)
    for number in range(QUEUE + 20):
        start = kiosk_log.size
        granted(kiosk_log, f"v{number}")
        left(kiosk_log, f"v{number}", "unpaid", line(0, 100))
        left(kiosk_log, f"u{number}", "unresolved", line(1, 100))
        if number % 50 == 49:
            assert visitor.send(kiosk_log, start - start % 200).status_code == 200
    assert visitor.send(kiosk_log, kiosk_log.size - 200).status_code == 200
    page = shop.open("/").text
    assert "Unpaid exits: 120, together €120.00" in page
    assert "the newest 100 of 120" in page
    assert "Exits that are not clear: 100 or more" in page

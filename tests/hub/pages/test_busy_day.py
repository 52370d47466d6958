"""A busy day asks the database no more often than a quiet one."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from kiosk.clock import Clock
from kiosk.hub.context import Hub
from kiosk.hub.sql.store import SqlStore
from tests.hub.pages.conftest import Browser
from tests.hub.worlds import KioskLog, Visitor, granted, left, line


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Keep every statement that is sent to the database meanwhile."""
    statements: list[str] = []

    def keep(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", keep)


def looks(browser: Browser, hub: Hub, path: str) -> int:
    """How many statements the page takes; those of the hub's own clockwork do not count."""
    assert isinstance(hub.store, SqlStore)
    with counted(hub.store._engine) as statements:
        assert browser.client.get(path).status_code == 200
    clockwork = ("WHERE grace.state", "WHERE office.idx", "BEGIN")
    return sum(not any(word in each for word in clockwork) for each in statements)


def day(log: KioskLog, visits: range) -> None:
    for number in visits:
        paid = number % 2 == 0
        granted(log, f"v{number}")
        left(log, f"v{number}", "paid" if paid else "unpaid", line(0, 599, paid=paid))


def test_the_page_of_a_busy_day_is_read_in_as_many_statements_as_that_of_a_quiet_one(
    shop: Browser, visitor: Visitor, kiosk_log: KioskLog, clock: Clock, hub: Hub
) -> None:
    kiosk_log.now_ms = clock.now().wall_ms - 600_000
    day(kiosk_log, range(2))
    visitor.send(kiosk_log)
    quiet = looks(shop, hub, "/")
    start = kiosk_log.size
    day(kiosk_log, range(2, 60))
    assert visitor.send(kiosk_log, start).status_code == 200
    assert len(shop.open("/").all("tbody")[-2].all("tr")) == 60
    assert looks(shop, hub, "/") == quiet

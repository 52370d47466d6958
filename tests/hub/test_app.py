"""The hub put together: a fault of the disk is told and survived, a damaged log refused."""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import Request
from sqlalchemy.exc import DatabaseError, OperationalError

from kiosk.clock import Clock
from kiosk.hub.answers import answer
from kiosk.hub.app import create_app, open_hub
from kiosk.hub.context import Hub
from kiosk.hub.errors import HubStateError
from kiosk.hub.state import open_state
from kiosk.hub.store.base import Transaction
from tests.hub.inprocess import Client, serving
from tests.hub.worlds import Owner


class BrokenStore:
    """A store whose disk does not answer."""

    def __init__(self, fault: type[DatabaseError] = OperationalError) -> None:
        self.fault = fault
        self.asked = 0

    def write(self) -> AbstractContextManager[Transaction]:
        """Fail."""
        return self.read()

    def read(self) -> AbstractContextManager[Transaction]:
        """Fail."""
        self.asked += 1
        raise self.fault("SELECT secret", {"epc": "30340257"}, OSError("disk I/O error"))

    def close(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("fault", [OperationalError, DatabaseError], ids=["disk", "damage"])
def test_a_disk_that_does_not_answer_is_told_and_tried_again(
    hub: Hub, fault: type[DatabaseError]
) -> None:
    broken = BrokenStore(fault)
    with serving(create_app(replace(hub, store=broken))) as client:
        reply = client.get("/healthz")
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) > 0
        assert "secret" not in reply.text
        assert "30340257" not in reply.text
        for _ in range(1000):
            if broken.asked > 3:
                break
            client.get("/healthz")
    assert broken.asked > 3, "the look for graces goes on"


def test_a_damaged_office_log_is_refused_in_one_line(
    tmp_path: Path, owner: Owner, clock: Clock
) -> None:
    state = open_state(tmp_path, "shop")
    state.office.write_bytes(b"not a ledger " * 500)
    with pytest.raises(HubStateError, match=r"ledger\.db") as refused:
        open_hub(state, owner.key, clock)
    assert "\n" not in str(refused.value)


def test_an_unknown_address_is_answered_as_a_problem(client: Client) -> None:
    reply = client.get("/v1/nothing")
    assert (reply.status_code, reply.json()["type"]) == (404, "http")
    assert client.put("/healthz").status_code == 405


def test_a_fault_of_ours_is_not_dressed_up_as_a_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(answer(Request({"type": "http"}), ZeroDivisionError()))


def test_what_may_be_asked_is_described(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/payments", "/v1/documents/{kind}", "/v1/logs/{log}/entries"} <= set(paths)
    assert "/" not in paths, "pages are for people"
    assert client.get("/docs").status_code == 404

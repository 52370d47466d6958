"""Workers: few, never queued for long, and a fault of a job ends only that job."""

import logging
import threading
from collections.abc import Callable

import pytest

from kiosk.daemon.workers import Workers


def test_a_job_that_finds_every_worker_busy_is_refused_at_once(until: Callable[..., None]) -> None:
    go = threading.Event()
    workers = Workers("peer", 2)

    def wait() -> None:
        go.wait()

    assert workers.submit(wait)
    assert workers.submit(wait)
    assert not workers.submit(wait)
    assert workers.busy == 2
    go.set()
    until(lambda: workers.busy == 0)
    assert workers.submit(lambda: None)
    workers.stop()


def test_a_fault_in_a_job_is_logged_and_frees_its_worker(
    until: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("customer-1 and token K1:SECRET")

    workers = Workers("peer", 1)
    with caplog.at_level(logging.ERROR):
        assert workers.submit(fail)
        until(lambda: workers.busy == 0)
    workers.stop()
    assert "ValueError" in caplog.text
    assert "SECRET" not in caplog.text


def test_a_stopped_pool_takes_no_job() -> None:
    workers = Workers("peer", 1)
    workers.stop()
    assert not workers.submit(lambda: None)
    assert workers.busy == 0

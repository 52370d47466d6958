"""`kiosk scores seed` gives a test customer a score at the running service, and only there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

Kiosk = Callable[..., Any]


@pytest.fixture
def service(tmp_path: Path, httpserver: HTTPServer) -> Path:
    """The state directory of a score service that runs."""
    (tmp_path / "scores.url").write_text(httpserver.url_for("").rstrip("/") + "\n", "ascii")
    (tmp_path / "admin.token").write_text("secret\n", encoding="ascii")
    return tmp_path


def test_a_customer_gets_what_a_score_begins_with(
    kiosk: Kiosk, service: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(
        "/v1/facts/customer-1",
        method="PUT",
        headers={"Authorization": "Bearer secret"},
        data=json.dumps({"points": 720}),
    ).respond_with_data(status=204)
    done = kiosk("scores", "seed", "customer-1", 720, "--state", service)
    assert (done.code, done.out) == (0, "customer-1 begins with 720 points\n"), done.err


def test_a_name_that_the_service_refuses_is_named(
    kiosk: Kiosk, service: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/facts/<b>", method="PUT").respond_with_data("", status=400)
    done = kiosk("scores", "seed", "<b>", 1, "--state", service)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "CUSTOMER: refused (400)" in done.err


def test_where_no_service_runs_it_is_unreachable(kiosk: Kiosk, tmp_path: Path) -> None:
    done = kiosk("scores", "seed", "customer-1", 720, "--state", tmp_path)
    assert (done.code, "is kiosk scores running?" in done.err) == (4, True)
    (tmp_path / "scores.url").write_text("http://127.0.0.1:9\n", encoding="ascii")
    (tmp_path / "admin.token").write_text("secret\n", encoding="ascii")
    assert kiosk("scores", "seed", "customer-1", 720, "--state", tmp_path).code == 4


@pytest.mark.parametrize("points", [-1, 801, "x"])
def test_points_are_0_to_800(points: object, kiosk: Kiosk, service: Path) -> None:
    assert kiosk("scores", "seed", "customer-1", points, "--state", service).code == 2


def test_the_service_itself_needs_the_owners_key(kiosk: Kiosk) -> None:
    done = kiosk("scores")
    assert (done.code, "Missing option '--owner-key'" in done.err) == (2, True)

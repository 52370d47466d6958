"""`kiosk doctor` as a whole: marks, columns, JSON and the exit code."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from kiosk.cli.doctor_finding import Finding, fix, note, ok
from kiosk.cli.doctor_machine import clock, disk, software, state
from kiosk.cli.doctor_round import table
from kiosk.cli.doctor_services import DOCUMENTS, services
from kiosk.core.signing import b64encode
from kiosk.core.values import ClockSync, Json
from kiosk.settings import Settings, load
from tests.hub.worlds import Owner

Kiosk = Callable[..., Any]


@pytest.fixture
def shop(kiosk: Kiosk, tmp_path: Path, httpserver: HTTPServer) -> Path:
    """A simulated shop whose hub and score service are one server that is well."""
    httpserver.expect_request("/healthz").respond_with_data("ok")
    for kind in DOCUMENTS:
        httpserver.expect_request(f"/v1/documents/{kind}").respond_with_data("none", status=404)
    return open_shop(kiosk, tmp_path / "shop", httpserver)


def open_shop(kiosk: Kiosk, place: Path, httpserver: HTTPServer) -> Path:
    """Make a simulated shop whose hub and score service this server is, tokens and all."""
    url = httpserver.url_for("").rstrip("/")
    kiosk("init", place, "--simulate", "--hub", url, "--scores", url)
    for name in ("hub", "scores"):
        (place / name).mkdir()
        (place / name / "kiosk.token").write_text("token\n", encoding="ascii")
    return place


def settings(shop: Path) -> Settings:
    return load(shop / "kiosk.toml")


def owned(found: Settings) -> Settings:
    """Return the settings of a shop of the tests' owner."""
    hub = found.hub.model_copy(update={"owner_key": b64encode(Owner().public)})
    return found.model_copy(update={"hub": hub})


def told(findings: Iterator[Finding], what: str) -> Finding:
    return next(each for each in findings if each.what == what)


def test_a_shop_that_is_well_has_nothing_to_fix(kiosk: Kiosk, shop: Path) -> None:
    done = kiosk("doctor", "--state", shop)
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("nothing to fix\n")
    rows = json.loads(kiosk("doctor", "--state", shop, "--json").out)
    assert {row["mark"] for row in rows} <= {"ok", "note"}
    rules = next(row for row in rows if row["what"] == "rules")
    assert (
        rules["detail"] == "the hub has no policy, keys, catalogue yet, so the kiosk does not start"
    )
    assert {"hub", "provider", "hub token", "state", "disk", "clock", "pins", "camera"} <= {
        row["what"] for row in rows
    }


def test_a_wrong_configuration_is_told_line_by_line_and_the_rest_looked_at(
    kiosk: Kiosk, shop: Path
) -> None:
    config = shop / "kiosk.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("egress", "egres").replace("fps = 15", "fps = 99", 1), "utf-8")
    done = kiosk("doctor", "--state", shop)
    assert done.code == 1
    assert done.out.count("FIX   configuration") == 3
    assert "cameras" in done.out
    assert "3 to fix" in done.out


def test_without_a_configuration_the_machine_is_looked_at(kiosk: Kiosk) -> None:
    done = kiosk("doctor")
    assert done.code == 0
    assert "kiosk init DIR makes a first one" in done.out


def test_a_hub_that_is_down_or_unwell_is_to_be_fixed(
    kiosk: Kiosk, tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/healthz").respond_with_data("no", status=500)
    url = httpserver.url_for("").rstrip("/")
    kiosk("init", tmp_path / "shop", "--simulate", "--hub", url, "--scores", "http://127.0.0.1:9")
    found = list(services(settings(tmp_path / "shop")))
    assert told(iter(found), "hub").remedy == "see the log of kiosk hub"
    assert (
        told(iter(found), "provider").remedy == "start it (kiosk scores), or correct provider.url"
    )
    token = told(iter(found), "hub token")
    assert (token.mark, token.remedy) == ("FIX", "put the token there, mode 0600")


@pytest.mark.parametrize(
    ("changes", "marks"),
    [
        ({}, []),
        ({"max_inside": 2}, [("NOTE", "max_inside is 2, but no [exit_camera] tells who of them")]),
        ({"max_inside": "x"}, []),
    ],
)
def test_rules_that_the_devices_cannot_keep_are_told(
    kiosk: Kiosk,
    tmp_path: Path,
    httpserver: HTTPServer,
    changes: dict[str, Json],
    marks: list[tuple[str, str]],
) -> None:
    httpserver.expect_request("/healthz").respond_with_data("ok")
    for kind in DOCUMENTS:
        document = Owner().policy(1, **changes)
        httpserver.expect_request(f"/v1/documents/{kind}").respond_with_data(document)
    place = open_shop(kiosk, tmp_path / "shop", httpserver)
    blind = owned(settings(place)).model_copy(update={"exit_camera": None})
    found = [each for each in services(blind) if each.what == "rules"]
    assert [(each.mark, each.detail[:49]) for each in found] == [(m, d[:49]) for m, d in marks]


def test_the_hub_of_another_shop_is_to_be_fixed(
    kiosk: Kiosk, tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/healthz").respond_with_data("ok")
    for kind in DOCUMENTS:
        httpserver.expect_request(f"/v1/documents/{kind}").respond_with_data(Owner().policy(1))
    place = open_shop(kiosk, tmp_path / "shop", httpserver)
    rules = told(services(settings(place)), "rules")
    assert (rules.mark, rules.detail.partition(" ")[2]) == (
        "FIX",
        "serves rules that this shop's owner did not sign",
    )


def test_a_hub_that_does_not_give_its_rules_is_to_be_fixed(
    kiosk: Kiosk, tmp_path: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/healthz").respond_with_data("ok")
    httpserver.expect_request("/v1/documents/policy").respond_with_data("no", status=503)
    place = open_shop(kiosk, tmp_path / "shop", httpserver)
    rules = told(services(settings(place)), "rules")
    assert (rules.mark, rules.remedy) == ("FIX", "see the log of kiosk hub")


def test_where_nobody_is_asked_no_provider_is_looked_for(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk("init", tmp_path / "shop", "--scores", "none", "--hub", "http://127.0.0.1:9")
    found = {each.what for each in services(settings(tmp_path / "shop"))}
    assert found == {"hub", "hub token"}


# the machine


def lost(name: str) -> object:
    raise ModuleNotFoundError(f"No module named {name!r}")


def test_libraries_that_are_missing_get_a_line_each() -> None:
    marks = {each.what: each.mark for each in software(lost)}
    assert marks["pyserial"] == "FIX"
    assert marks["libzbar0"] == "NOTE"
    assert marks["python"] == "OK"


def test_a_python_that_is_too_old_and_a_disk_that_is_full_are_to_be_fixed() -> None:
    assert told(software(str, (3, 9, 2)), "python").remedy.startswith("use Debian 12 or newer")
    assert (disk(63).mark, disk(64).mark) == ("FIX", "OK")


@pytest.mark.parametrize(
    ("sync", "mark", "detail"),
    [
        ((ClockSync.NTP, 12), "OK", "synchronised, within 12 ms"),
        ((ClockSync.RTC, 2000), "OK", "kept by a battery clock"),
        ((ClockSync.NONE, 0), "FIX", "is not synchronised, so no ID is believed"),
    ],
)
def test_the_clock_must_be_known(
    sync: tuple[ClockSync, int], mark: str, detail: str, kiosk: Kiosk, tmp_path: Path
) -> None:
    kiosk("init", tmp_path / "shop")
    found = clock(settings(tmp_path / "shop"), sync)
    assert (found.mark, found.detail) == (mark, detail)
    if sync[0] is ClockSync.NONE:
        assert clock(None, sync).mark == "NOTE"


def test_a_clock_that_is_kept_by_other_means_is_believed(shop: Path) -> None:
    assert clock(settings(shop), (ClockSync.NONE, 0)).mark == "OK"


def test_a_state_directory_must_be_there_and_ours_alone(shop: Path) -> None:
    config = settings(shop)
    assert [each.mark for each in state(config)] == ["OK", "OK"]
    (shop / "log.key").chmod(0o640)
    assert told(state(config), "state").remedy == f"chmod go= {shop}/log.key"
    shop.chmod(0o755)
    assert told(state(config), "state").remedy == f"chmod go= {shop}"
    (shop / "wrap.key").unlink()
    assert "has no wrap.key" in told(state(config), "keys").detail
    shutil.rmtree(shop)
    assert [each.remedy for each in state(config)] == [f"kiosk init {shop}"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize("owner", [65534, 4_000_000])
def test_a_state_directory_of_another_account_is_said(owner: int, shop: Path) -> None:
    config = settings(shop)
    os.chown(shop, owner, -1)
    seen = told(state(config), "state")
    assert seen.mark == "NOTE"
    assert "look as the account that runs the kiosk" in seen.remedy


# the table


def test_a_long_name_keeps_its_distance() -> None:
    findings = [ok("x", "fine"), fix("opencv-python-headless-contrib", "is missing", "get it")]
    first, second, remedy, count = table(findings).splitlines()
    assert second == "FIX   opencv-python-headless-contrib  is missing"
    assert remedy.index("->") == second.index("is missing") == first.index("fine")
    assert count == "1 to fix"


def test_a_finding_is_json_with_its_remedy() -> None:
    assert note("a", "b", "c").as_json() == {
        "mark": "note",
        "what": "a",
        "detail": "b",
        "remedy": "c",
    }

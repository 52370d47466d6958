"""`kiosk policy` against a hub that runs: what show prints is what publish takes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.cli.policy import ABOVE, BELOW
from kiosk.core.signing import sign
from kiosk.hub.documents import payload_of
from tests.cli.conftest import Done
from tests.hub.process import Running, running
from tests.hub.worlds import Owner

Kiosk = Callable[..., Done]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "hub") as hub:
        hub.line()
        yield hub
        assert hub.stop() == 0


def test_an_owner_changes_the_rules_by_changing_a_file(
    hub: Running, key: Path, kiosk: Kiosk, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    signed = ("--hub", hub.url, "--owner-key-file", key)
    empty = kiosk("policy", "show", "--hub", hub.url)
    assert (empty.code, empty.out) == (1, "")
    assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).ok
    before = json.loads(kiosk("policy", "show", "--hub", hub.url, "--json").out)
    text = kiosk("policy", "show", "--hub", hub.url).out
    file.write_text(text + "[timing]\nstay_s = 600\n", encoding="utf-8")
    looked = kiosk("policy", "publish", file, *signed, "--dry-run")
    number = before["version"] + 1
    assert looked.out.startswith(
        f"policy version {number} would be published: timing.stay_s not set -> 600; until 20"
    )
    assert kiosk("policy", "publish", file, *signed).out.startswith(
        f"policy version {number} is published: timing.stay_s not set -> 600; until 20"
    )
    after = json.loads(kiosk("policy", "show", "--hub", hub.url, "--json").out)
    assert (after["version"], after["timing"]) == (number, {"stay_s": 600})
    assert after["thresholds"] == before["thresholds"]
    several = file.read_text(encoding="utf-8").replace("max_inside = 1", "max_inside = 3")
    file.write_text(several, encoding="utf-8")
    several = kiosk("policy", "publish", file, *signed).out
    assert "note: with several inside, only a kiosk with [exit_camera] tells who leaves" in several


def test_rules_that_are_as_they_were_are_published_anew_only_when_it_is_said(
    hub: Running, key: Path, kiosk: Kiosk, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    signed = ("--hub", hub.url, "--owner-key-file", key)
    assert hub.ask("PUT", "/v1/documents/policy", Owner().policy(1, valid_until_s=2**32)).ok
    file.write_text(kiosk("policy", "show", "--hub", hub.url).out, encoding="utf-8")
    told = "unchanged: nothing published; version 1 holds until 2106-02-07 06:28 UTC"
    for words in ((), ("--dry-run",)):
        same = kiosk("policy", "publish", file, *signed, *words)
        assert same.out == f"{told} (to publish it anew, give --days 365)\n"
        assert same.code == 0
    assert hub.ask("GET", "/v1/documents/policy").headers["etag"] == '"1"'
    anew = kiosk("policy", "publish", file, *signed, "--days", "365")
    assert anew.out.startswith("policy version 2 is published: the rules as they were; until 20")


def test_rules_that_are_as_they_were_are_published_anew_when_their_time_is_over(
    hub: Running, key: Path, kiosk: Kiosk, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    over = Owner().policy(1, issued_s=1_600_000_000, valid_until_s=1_600_000_001, thresholds=[])
    assert hub.ask("PUT", "/v1/documents/policy", over).ok
    file.write_text(kiosk("policy", "show", "--hub", hub.url).out, encoding="utf-8")
    done = kiosk("policy", "publish", file, "--hub", hub.url, "--owner-key-file", key)
    assert done.out.startswith("policy version 2 is published: the rules as they were; until 20")


def test_what_show_leaves_out_stands_there_as_comments_that_become_rules(
    hub: Running, key: Path, kiosk: Kiosk, tmp_path: Path
) -> None:
    signed = ("--hub", hub.url, "--owner-key-file", key)
    full = payload_of(Owner().policy())
    bare = {name: full[name] for name in full if name not in {*ABOVE, *BELOW}}
    assert hub.ask("PUT", "/v1/documents/policy", sign("policy", bare, Owner().private)).ok
    lines = kiosk("policy", "show", "--hub", hub.url).out.splitlines()
    rules = [line for line in lines if "=" in line or line.startswith(("[", "# ["))]
    file = tmp_path / "policy.toml"
    file.write_text("\n".join(each.removeprefix("# ") for each in rules), encoding="utf-8")
    done = kiosk("policy", "publish", file, *signed)
    assert (done.code, done.err) == (0, "")
    assert all(name in done.out for name in (*ABOVE, *BELOW))


def test_a_broken_rule_is_named_by_its_line_and_nothing_is_published(
    hub: Running, key: Path, kiosk: Kiosk, tmp_path: Path
) -> None:
    signed = ("--hub", hub.url, "--owner-key-file", key)
    assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).ok
    file = tmp_path / "policy.toml"
    text = kiosk("policy", "show", "--hub", hub.url).out
    points = next(line for line in text.splitlines() if line.startswith("points"))
    number = text.splitlines().index(points) + 1
    file.write_text(text.replace(points, "points = 900", 1), encoding="utf-8")
    done = kiosk("policy", "publish", file, *signed)
    assert done.code == 2
    assert done.err.startswith(f"kiosk: {file}:{number}: thresholds[0].points: 900 is out")
    assert len(done.err.splitlines()) == 1
    file.write_text(text.replace(points, "points = 12", 1), encoding="utf-8")
    tried = kiosk("policy", "publish", file, *signed, "--dry-run")
    moved = kiosk("policy", "publish", file, *signed)
    assert moved.code in {2, 4}
    assert "entry-600 stands at 600 and" in moved.err
    assert len(moved.err.splitlines()) == 1
    assert (tried.code, tried.out) == (moved.code, "")
    assert "entry-600 stands at 600 and" in tried.err, "the dry run says what the hub would say"
    shown = json.loads(kiosk("policy", "show", "--hub", hub.url, "--json").out)
    assert shown["version"] == 1


def test_every_fault_of_a_file_is_told_at_its_line_before_key_or_hub_are_needed(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        'shop = "corner"\ncurrency = "EUR"\nmax_insid = 2\n\n[[thresholds]]\nid = "entry-600"\n'
        'purpose = "entry"\npoints = 900\ntier = "standart"\n\n[timing]\nunlocks_s = 4\n',
        encoding="utf-8",
    )
    nowhere = ("--owner-key-file", tmp_path / "none.key", "--hub", "http://127.0.0.1:1")
    done = kiosk("policy", "publish", file, *nowhere)
    assert done.code == 2
    assert done.err.splitlines() == [
        f"kiosk: {file}:3: max_insid: unknown field; did you mean max_inside?",
        f"kiosk: {file}:8: thresholds[0].points: 900 is out of range; use 0..800",
        f"kiosk: {file}:9: thresholds[0].tier: no tier 'standart'; did you mean standard?",
        f"kiosk: {file}:12: timing.unlocks_s: unknown field; did you mean unlock_s?",
    ]
    missing = kiosk("policy", "publish", tmp_path / "none.toml", *nowhere)
    assert (missing.code, "kiosk policy show > policy.toml writes one" in missing.err) == (2, True)


def test_nobody_elses_policy_is_signed_again(hub: Running, kiosk: Kiosk, tmp_path: Path) -> None:
    assert hub.ask("PUT", "/v1/documents/policy", Owner().policy()).ok
    file = tmp_path / "policy.toml"
    file.write_text(kiosk("policy", "show", "--hub", hub.url).out, encoding="utf-8")
    kiosk("keys", "make", "other", "--dir", tmp_path)
    done = kiosk(
        "policy", "publish", file, "--hub", hub.url, "--owner-key-file", tmp_path / "other.key"
    )
    assert done.code == 2
    assert "the hub's policy is not signed by this owner key" in done.err


def test_a_hub_that_is_away_is_exit_4(kiosk: Kiosk) -> None:
    assert kiosk("policy", "show", "--hub", "http://127.0.0.1:1").code == 4


@pytest.mark.parametrize(
    "words", [("policy", "show"), ("policy", "publish", "x"), ("item", "list")]
)
@pytest.mark.parametrize("option", ["--state", "--config"])
def test_whoever_names_a_kiosk_where_the_hub_is_asked_is_told_so(
    words: tuple[str, ...], option: str, kiosk: Kiosk, tmp_path: Path
) -> None:
    done = kiosk(*words, option, tmp_path)
    hint = "; this asks the hub, not the kiosk: give --hub URL (see "
    assert (done.code, hint in done.err, done.err.count("\n")) == (2, True, 1)
    assert hint not in kiosk(*words, "--stat").err
    assert hint not in kiosk("ledger", "tail", "--hub").err

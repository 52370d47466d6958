"""Only what the owner signed counts; its version only rises; a lost source loses nothing."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.core.dwell import DWELL_S
from kiosk.core.policy import Policy
from kiosk.core.signing import sign
from kiosk.remote.errors import UnreachableError
from kiosk.scoring.errors import StateError
from kiosk.scoring.policies import PolicyWatch, from_file, from_hub
from tests.patience import patient_s
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import serving
from tests.scoring.documents import (
    NOW_S,
    OWNER,
    STRANGER,
    policy_envelope,
    policy_payload,
    verify_key,
)

LIMIT_S = 5.0


class Source:
    """A source whose next answer the test sets; it notes which version it was asked for."""

    def __init__(self) -> None:
        self.now_s = NOW_S
        self.next: bytes | Exception | None = None
        self.versions: list[int] = []

    def fetch(self, version: int) -> bytes | None:
        """Give what was set."""
        self.versions.append(version)
        if isinstance(self.next, Exception):
            raise self.next
        return self.next


def watching(source: Source, directory: Path) -> PolicyWatch:
    """Return a watch over the source that keeps its policy in `directory`."""
    key = verify_key(OWNER, "owner")
    return PolicyWatch(source.fetch, key, directory / "policy.json", lambda: source.now_s)


@pytest.fixture
def source() -> Source:
    """A source without a policy."""
    return Source()


@pytest.fixture
def watch(source: Source, tmp_path: Path) -> PolicyWatch:
    """A watch over it."""
    return watching(source, tmp_path)


def version(policy: Policy | None) -> int:
    """Version in force, 0 without one."""
    return 0 if policy is None else policy.version


def take(watch: PolicyWatch, source: Source, answer: bytes | Exception | None) -> int:
    """The version in force after the source gave this."""
    source.next = answer
    watch.refresh()
    return version(watch.policy)


def test_a_newer_policy_is_taken_and_the_next_is_asked_for(
    watch: PolicyWatch, source: Source
) -> None:
    assert take(watch, source, None) == 0
    assert take(watch, source, policy_envelope(3)) == 3
    assert take(watch, source, None) == 3
    assert take(watch, source, policy_envelope(4)) == 4
    assert source.versions == [0, 0, 3, 3]


REFUSED: dict[str, bytes | Exception] = {
    "older": policy_envelope(2),
    "of the same version": policy_envelope(3, now_s=1_800_000_001),
    "signed by a stranger": policy_envelope(9, STRANGER),
    "signed as keys": sign("keys", policy_payload(9), OWNER),
    "absurd": sign("policy", policy_payload(9, max_inside=0), OWNER),
    "not an envelope": b"<html>",
    "out of reach": UnreachableError("http://hub", "nobody answers"),
    "not readable": OSError("gone"),
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED.keys())
def test_t20_what_does_not_count_leaves_the_policy_as_it_is(
    watch: PolicyWatch, source: Source, answer: bytes | Exception
) -> None:
    take(watch, source, policy_envelope(3))
    before = watch.policy
    take(watch, source, answer)
    assert watch.policy is before


def test_a_restart_takes_up_where_the_last_run_was(
    watch: PolicyWatch, source: Source, tmp_path: Path
) -> None:
    take(watch, source, policy_envelope(5))
    again = watching(source, tmp_path)
    again.restore()
    assert version(again.policy) == 5
    assert take(again, source, policy_envelope(4)) == 5, "no way back over a restart"


def moved(version: int, points: int, since_s: int = NOW_S - 10) -> bytes:
    """A policy with one threshold at these points."""
    one = {"id": "entry", "purpose": "entry", "points": points, "tier": "standard"}
    thresholds = [one | {"since_s": since_s, "shadow": False}]
    return sign("policy", policy_payload(version, thresholds=thresholds), OWNER)


def test_p6_a_threshold_that_moves_too_soon_waits_whoever_publishes_it(
    watch: PolicyWatch, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert take(watch, source, moved(1, 600, 0)) == 1
    assert take(watch, source, moved(2, 650)) == 2, "the first one says that it is old"
    for early_s in (0, 60, DWELL_S - 1):
        source.now_s = NOW_S + early_s
        assert take(watch, source, moved(3, 625)) == 2
    assert caplog.messages == ["policy not refreshed: version 3 moves entry too soon"]
    source.now_s = NOW_S + DWELL_S
    assert take(watch, source, moved(3, 625)) == 3


def test_p6_a_restart_makes_no_threshold_older(
    watch: PolicyWatch, source: Source, tmp_path: Path
) -> None:
    for version, points in ((1, 600), (2, 650)):
        source.now_s = NOW_S + version * DWELL_S
        assert take(watch, source, moved(version, points)) == version
    again = watching(source, tmp_path)
    again.restore()
    source.now_s += DWELL_S - 1
    assert take(again, source, moved(3, 625)) == 2
    (tmp_path / "policy.since").write_text("{")
    with pytest.raises(StateError, match=r"policy\.since: damaged; remove it and"):
        watching(source, tmp_path).restore()


def test_a_power_cut_between_the_two_files_holds_no_policy_up(
    watch: PolicyWatch, source: Source, tmp_path: Path
) -> None:
    """What was seen of the newer one is on the disk, the newer one itself is not yet."""
    take(watch, source, moved(1, 600))
    before = (tmp_path / "policy.json").read_bytes()
    source.now_s = NOW_S + DWELL_S
    assert take(watch, source, moved(2, 650)) == 2
    (tmp_path / "policy.json").write_bytes(before)
    again = watching(source, tmp_path)
    again.restore()
    assert take(again, source, moved(2, 650)) == 2
    source.now_s += DWELL_S - 1
    assert take(again, source, moved(3, 625)) == 2, "nor is anything older for it"


def test_the_state_of_an_older_version_is_believed_about_its_dates(
    watch: PolicyWatch, source: Source, tmp_path: Path
) -> None:
    take(watch, source, moved(1, 600))
    (tmp_path / "policy.since").unlink()
    again = watching(source, tmp_path)
    again.restore()
    assert take(again, source, moved(2, 650)) == 1


def test_a_first_start_has_nothing_to_take_up(watch: PolicyWatch) -> None:
    watch.restore()
    assert watch.policy is None


@pytest.mark.parametrize("kept", [b"", b"{}", policy_envelope(5, STRANGER)])
def test_a_kept_policy_that_is_not_the_owners_is_named(
    watch: PolicyWatch, tmp_path: Path, kept: bytes
) -> None:
    (tmp_path / "policy.json").write_bytes(kept)
    with pytest.raises(StateError, match="remove it if the owner's key has changed"):
        watch.restore()


def test_a_policy_that_cannot_be_kept_is_not_taken(source: Source, tmp_path: Path) -> None:
    watch = watching(source, tmp_path / "no")
    assert take(watch, source, policy_envelope(3)) == 0


def test_losing_the_source_is_logged_once_and_so_is_its_return(
    watch: PolicyWatch, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for answer in (policy_envelope(3), OSError("gone"), OSError("gone"), None, None):
        take(watch, source, answer)
    assert [record.message for record in caplog.records] == [
        "policy in force version=3",
        "policy not refreshed: gone",
        "policy refreshed again",
    ]


def until(condition: Callable[[], bool]) -> bool:
    """Wait for a condition, and say whether it came true in time."""
    tick = threading.Event()
    for _ in range(int(patient_s(LIMIT_S) / 0.01)):
        if condition():
            return True
        tick.wait(0.01)
    return False


def test_the_thread_takes_what_is_published_and_stops_at_once(
    watch: PolicyWatch, source: Source
) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    try:
        assert until(lambda: source.versions != [])
        source.next = policy_envelope(1)
        assert until(lambda: watch.policy is not None)
    finally:
        stop.set()
        thread.join(LIMIT_S)
    assert not thread.is_alive()


def test_a_hub_is_asked_for_what_is_newer() -> None:
    with serving(faults.answers(policy_envelope(3))) as server, from_hub(server.url) as fetch:
        assert fetch(0) == policy_envelope(3)
        server.fault = faults.answers(b"", "304 Not Modified")
        assert fetch(3) is None
        assert server.requests[1].headers["if-none-match"] == '"3"'


def test_a_file_is_read_afresh_each_time(tmp_path: Path) -> None:
    path = tmp_path / "policy"
    with from_file(path) as fetch:
        with pytest.raises(OSError, match="No such file"):
            fetch(0)
        for content in (b"one", b"two"):
            path.write_bytes(content)
            assert fetch(0) == content

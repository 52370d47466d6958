"""Staff's word opens while it holds; a list that cannot be read is unknown, never no."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.core.values import Answer, CustomerRef, RequestId, Verdict
from kiosk.remote.providers.base import CheckRequest
from kiosk.remote.providers.vouch import VouchProvider

NOW_S = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp())
REQUEST = CheckRequest(RequestId("r1"), "shop/k", CustomerRef("fob:04A1"), "entry", ("a", "b"))
ANN = '[[vouched]]\ncustomer = "fob:04A1"\nuntil = 2026-11-23T13:00:00Z\nby = "Ann"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the list is."""
    return tmp_path / "vouched.toml"


def check(path: Path, now_s: int = NOW_S) -> Answer:
    """What the provider says."""
    return VouchProvider(path).check(REQUEST, now_s, 1.0)


def test_a_listed_customer_is_vouched_for(path: Path) -> None:
    path.write_text(ANN)
    yes = {"a": Verdict.YES, "b": Verdict.YES}
    assert check(path) == Answer(RequestId("r1"), yes, ("vouched",), 0, "vouch", "")


def test_an_entry_that_ran_out_is_unknown_and_says_so(path: Path) -> None:
    path.write_text(ANN)
    answer = check(path, NOW_S + 3600)
    assert set(answer.answers.values()) == {Verdict.UNKNOWN}
    assert (answer.reasons, answer.fault) == (("vouch-expired",), "")


def test_p4_nobody_on_the_list_is_unknown_and_no_fault(path: Path) -> None:
    path.write_text(ANN.replace("fob:04A1", "customer-9"))
    answer = check(path)
    assert set(answer.answers.values()) == {Verdict.UNKNOWN}
    assert (answer.reasons, answer.fault) == ((), "")


def test_of_several_entries_one_that_holds_is_enough(path: Path) -> None:
    path.write_text(ANN.replace("13:00", "11:00") + ANN)
    assert set(check(path).answers.values()) == {Verdict.YES}


def test_an_edit_counts_at_the_next_check(path: Path) -> None:
    provider = VouchProvider(path)
    path.write_text(ANN)
    assert provider.check(REQUEST, NOW_S, 1.0).answers["a"] is Verdict.YES
    path.write_text("")
    assert provider.check(REQUEST, NOW_S, 1.0).answers["a"] is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "text",
    ["[[vouched]]\n", "vouched = 3", "[[vouched]", ANN + 'note = "x"\n', "\x00", "a = [" * 5000],
)
def test_p4_a_broken_list_is_unknown_with_the_fault(path: Path, text: str) -> None:
    path.write_text(text)
    answer = check(path)
    assert set(answer.answers.values()) == {Verdict.UNKNOWN}
    assert answer.fault == "broken-list"


def test_p4_a_list_that_is_no_file_is_unknown_with_the_fault(path: Path) -> None:
    path.mkdir()
    assert check(path).fault == "broken-list"

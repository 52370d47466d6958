"""A yes or a no is kept until it runs out, in bounded memory; an unknown is never kept."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core.values import Answer, CustomerRef, RequestId, Verdict
from kiosk.remote.providers.base import CheckRequest
from kiosk.remote.providers.cache import AnswerCache

REQUEST = CheckRequest(RequestId("r1"), "shop/k", CustomerRef("c1"), "entry", ("a", "b"), "n1")
ANSWER = Answer(RequestId("r1"), {"a": Verdict.YES, "b": Verdict.NO}, ("x",), 300)


def kept(request: CheckRequest = REQUEST, answer: Answer = ANSWER) -> AnswerCache:
    """A cache with one answer."""
    cache = AnswerCache()
    cache.keep(request, answer, 0)
    return cache


def test_an_answer_is_found_as_an_answer_to_the_new_request() -> None:
    again = replace(REQUEST, request_id=RequestId("r2"), nonce="n2")
    assert kept().find(again, 299) == replace(ANSWER, request_id=RequestId("r2"))


def test_the_order_of_thresholds_does_not_matter() -> None:
    assert kept().find(replace(REQUEST, thresholds=("b", "a")), 0) is not None


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, customer=CustomerRef("c2")),
        replace(REQUEST, purpose="rental"),
        replace(REQUEST, thresholds=("a",)),
        replace(REQUEST, thresholds=("a", "b", "c")),
    ],
)
def test_an_answer_is_about_one_customer_purpose_and_set_of_thresholds(other: CheckRequest) -> None:
    assert kept().find(other, 0) is None


@pytest.mark.parametrize("now_s", [300, 301])
def test_an_answer_that_ran_out_is_not_found(now_s: int) -> None:
    assert kept().find(REQUEST, now_s) is None


def test_a_clock_that_is_set_back_makes_no_answer_last_longer() -> None:
    assert kept().find(REQUEST, -1) is None


def test_p4_an_unknown_is_not_kept_and_ends_what_was_kept() -> None:
    cache = kept()
    cache.keep(REQUEST, replace(ANSWER, answers={"a": Verdict.YES, "b": Verdict.UNKNOWN}), 1)
    assert cache.find(REQUEST, 1) is None
    assert len(cache) == 0


def test_an_answer_for_now_only_is_not_kept() -> None:
    assert len(kept(answer=replace(ANSWER, valid_until_s=0))) == 0


def test_keeping_throws_out_what_ran_out() -> None:
    cache = kept()
    cache.keep(
        replace(REQUEST, customer=CustomerRef("c2")), replace(ANSWER, valid_until_s=900), 300
    )
    assert len(cache) == 1


def test_the_oldest_goes_when_the_cache_is_full() -> None:
    cache = AnswerCache(size=2)
    requests = [replace(REQUEST, customer=CustomerRef(f"c{at}")) for at in range(3)]
    for request in requests:
        cache.keep(request, ANSWER, 0)
    assert [cache.find(request, 0) is not None for request in requests] == [False, True, True]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.integers(0, 50),
            st.integers(0, 60),
            st.sampled_from(list(Verdict)),
        )
    )
)
def test_what_is_found_was_the_last_said_and_still_holds(
    steps: list[tuple[str, int, int, Verdict]],
) -> None:
    cache = AnswerCache(size=4)
    last: dict[str, tuple[Verdict, int]] = {}
    now_s = 0
    for name, later_s, life_s, verdict in steps:
        now_s += later_s
        request = replace(REQUEST, customer=CustomerRef(name), thresholds=("a",))
        cache.keep(request, Answer(RequestId("r"), {"a": verdict}, (), now_s + life_s), now_s)
        last[name] = (verdict, now_s + life_s)
        assert len(cache) <= 4
        for other, (said, until_s) in last.items():
            found = cache.find(replace(request, customer=CustomerRef(other)), now_s)
            if found is not None:
                assert found.answers["a"] is said is not Verdict.UNKNOWN
                assert now_s < until_s == found.valid_until_s

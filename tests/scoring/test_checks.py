"""A check says yes, no or unknown to its first asker, signed for it, and hides the number."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.core.policy import Policy
from kiosk.core.signing import kid_of, open_envelope, public_of
from kiosk.core.values import CustomerRef, Json, RequestId, Verdict
from kiosk.remote.providers.base import CheckRequest
from kiosk.remote.providers.score import read_answer
from kiosk.scoring.checks import LIFE_S, RATE_S, Checks, Question, Refusal
from kiosk.scoring.formula import Fact, Severity
from kiosk.scoring.store import KEPT_S, Store
from tests.scoring.documents import NOW_S, SERVICE, policy, question, verify_key

CUSTOMER = CustomerRef("customer-1")
SEED = 737  # in no other number of these tests


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh store."""
    with Store(tmp_path / "scores.db") as fresh:
        yield fresh


@pytest.fixture
def checks(store: Store) -> Checks:
    """Checks with a policy in force and one customer at 650 points."""
    ours = Checks(store, SERVICE, policy)
    ours.seed(CUSTOMER, 650)
    return ours


def told(answer: bytes | Refusal) -> Mapping[str, Json]:
    """The payload of a signed answer."""
    assert isinstance(answer, bytes)
    keys = {kid_of(public_of(SERVICE)): verify_key(SERVICE, "provider")}
    return open_envelope("answer", answer, keys)


def test_an_answer_echoes_the_question_and_says_yes_or_no(checks: Checks) -> None:
    assert told(checks.answer(question(), NOW_S)) == {
        **question().as_json(),
        "answers": {"entry-600": "yes", "entry-700": "no"},
        "reasons": ["short-history"],
        "iat": NOW_S,
        "valid_until": NOW_S + LIFE_S,
    }


def test_the_kiosks_own_client_believes_it(checks: Checks) -> None:
    answer = checks.answer(question(), NOW_S)
    assert isinstance(answer, bytes)
    request = CheckRequest(
        RequestId("r1"),
        "shop/door",
        CUSTOMER,
        "entry",
        ("entry-600", "entry-700"),
        "0011223344556677",
    )
    keys = {kid_of(public_of(SERVICE)): verify_key(SERVICE, "provider")}
    read = read_answer(answer, request, keys, NOW_S)
    assert read.answers == {"entry-600": Verdict.YES, "entry-700": Verdict.NO}


@pytest.mark.parametrize(("points", "verdict"), [(599, "no"), (600, "yes"), (601, "yes")])
def test_a_threshold_is_met_from_its_points_on(checks: Checks, points: int, verdict: str) -> None:
    checks.seed(CUSTOMER, points)
    said = told(checks.answer(question(thresholds=("entry-600",)), NOW_S))
    assert said["answers"] == {"entry-600": verdict}


def test_p4_an_unknown_customer_is_unknown_and_never_no(checks: Checks) -> None:
    said = told(checks.answer(question(customer="stranger"), NOW_S))
    assert said["answers"] == {"entry-600": "unknown", "entry-700": "unknown"}
    assert said["reasons"] == ["not-enrolled"]


def test_a_no_names_what_lost_points_and_a_yes_names_nothing(store: Store, checks: Checks) -> None:
    for at, code in enumerate(["damage", "late-return"]):
        store.add(
            CUSTOMER,
            Fact(
                code,
                code,
                code,
                -60 + at,
                Severity.SERIOUS,
                NOW_S - 1,
                NOW_S - 1,
                NOW_S - 1,
                waived=True,
            ),
        )
    said = told(checks.answer(question(thresholds=("entry-600",)), NOW_S))
    assert (said["answers"], said["reasons"]) == ({"entry-600": "no"}, ["damage", "late-return"])
    checks.seed(CUSTOMER, 800)
    said = told(checks.answer(question("r2", thresholds=("entry-600",)), NOW_S))
    assert (said["answers"], said["reasons"]) == ({"entry-600": "yes"}, [])


def test_t1_a_nonce_is_answered_to_its_first_asker_only(checks: Checks) -> None:
    first = told(checks.answer(question(), NOW_S))
    second = told(checks.answer(question(kiosk="shop/back-door"), NOW_S))
    assert first["answers"] == {"entry-600": "yes", "entry-700": "no"}
    assert second["answers"] == {"entry-600": "unknown", "entry-700": "unknown"}
    assert second["reasons"] == ["nonce-used"]
    again = told(checks.answer(question("r2"), NOW_S))
    assert again["answers"] == first["answers"], "the first asker may ask again"


def test_p6_a_code_is_asked_with_for_one_purpose_only(checks: Checks) -> None:
    checks.answer(question(), NOW_S)
    rental = question("r2", purpose="rental:drill", thresholds=("rental-500",))
    assert told(checks.answer(rental, NOW_S))["reasons"] == ["nonce-used"]
    fresh = replace(rental, request_id="r3", nonce="n" * 16)
    assert told(checks.answer(fresh, NOW_S))["answers"] == {"rental-500": "yes"}


def test_a_nonce_is_bound_before_the_customer_is_looked_up(checks: Checks) -> None:
    checks.answer(question(customer="stranger"), NOW_S)
    other = told(checks.answer(question(kiosk="shop/back-door"), NOW_S))
    assert other["reasons"] == ["nonce-used"]


def test_the_same_question_gets_the_same_bytes_even_when_the_score_moved(checks: Checks) -> None:
    first = checks.answer(question(), NOW_S)
    checks.seed(CUSTOMER, 0)
    assert checks.answer(question(), NOW_S + 7) == first


@pytest.mark.parametrize(
    "other",
    [
        question(customer="customer-2"),
        question(thresholds=("entry-600",)),
        question(thresholds=("entry-700", "entry-600")),
        question(nonce="ffffffffffffffff"),
        question(purpose="rental:drill", thresholds=("rental-500",)),
    ],
)
def test_an_id_that_was_used_for_another_question_is_refused(
    checks: Checks, other: Question
) -> None:
    checks.answer(question(), NOW_S)
    refusal = checks.answer(other, NOW_S)
    assert isinstance(refusal, Refusal)
    assert refusal.status is HTTPStatus.CONFLICT


def test_two_kiosks_may_use_the_same_request_id(checks: Checks) -> None:
    checks.answer(question(), NOW_S)
    assert told(checks.answer(question(kiosk="shop/b", nonce="ffffffffffffffff"), NOW_S))


def test_an_id_is_free_again_when_its_answer_has_run_out(checks: Checks) -> None:
    checks.answer(question(), NOW_S)
    later = told(checks.answer(question(customer="stranger"), NOW_S + KEPT_S))
    assert later["reasons"] == ["not-enrolled"]


@pytest.mark.parametrize(
    ("purpose", "thresholds"),
    [
        ("entry", ("entry-601",)),
        ("entry", ("entry-600", "entry-650")),
        ("entry", ("rental-500",)),
        ("rental:drill", ("entry-600",)),
        ("other", ("entry-600",)),
    ],
)
def test_only_registered_thresholds_are_answered_so_that_nobody_finds_a_score_by_moving_one(
    checks: Checks, purpose: str, thresholds: tuple[str, ...]
) -> None:
    refusal = checks.answer(question(purpose=purpose, thresholds=thresholds), NOW_S)
    assert isinstance(refusal, Refusal)
    assert refusal.status is HTTPStatus.UNPROCESSABLE_ENTITY


@pytest.mark.parametrize("rules", [None, policy(now_s=NOW_S - 86_400)])
def test_without_a_policy_in_force_nothing_is_answered(store: Store, rules: Policy | None) -> None:
    refusal = Checks(store, SERVICE, lambda: rules).answer(question(), NOW_S)
    assert isinstance(refusal, Refusal)
    assert refusal.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert refusal.retry_after_s > 0


def ask(checks: Checks, at: int, now_s: int, customer: str = "customer-1") -> bytes | Refusal:
    """A fresh question."""
    return checks.answer(
        question(f"r{customer}{at}", customer=customer, nonce=f"nonce-{at}"), now_s
    )


def test_another_name_for_the_kiosk_asks_about_a_customer_no_more_often(store: Store) -> None:
    checks = Checks(store, SERVICE, policy, rate=3)
    asked = [
        checks.answer(question(f"r{n}", kiosk=f"shop/door{n}", nonce=f"nonce-{n:04}"), NOW_S)
        for n in range(4)
    ]
    assert [isinstance(each, Refusal) for each in asked] == [False, False, False, True]


def test_one_customer_may_be_asked_about_so_often_and_no_more(store: Store) -> None:
    checks = Checks(store, SERVICE, policy, rate=3)
    for at in range(3):
        assert isinstance(ask(checks, at, NOW_S + at), bytes)
    refusal = ask(checks, 3, NOW_S + 10)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.retry_after_s) == (HTTPStatus.TOO_MANY_REQUESTS, RATE_S - 10)
    assert isinstance(ask(checks, 0, NOW_S), bytes), "a repeat is no new question"
    assert isinstance(ask(checks, 4, NOW_S + 10, "customer-2"), bytes)
    assert isinstance(ask(checks, 5, NOW_S + RATE_S), bytes)


def test_the_limit_outlives_a_restart(store: Store) -> None:
    ask(Checks(store, SERVICE, policy, rate=1), 0, NOW_S)
    assert isinstance(ask(Checks(store, SERVICE, policy, rate=1), 1, NOW_S), Refusal)


def test_p7_a_forgotten_customer_is_unknown_and_nowhere_on_the_disk(
    checks: Checks, tmp_path: Path
) -> None:
    checks.answer(question(), NOW_S)
    checks.forget(CUSTOMER)
    assert told(checks.answer(question("r2"), NOW_S))["reasons"] == ["not-enrolled"]
    checks.forget(CUSTOMER)
    assert b"customer-1" not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


def test_what_was_asked_is_erased_in_time_without_a_further_question(
    checks: Checks, tmp_path: Path
) -> None:
    checks.answer(question(customer="customer-77"), NOW_S)
    checks.tidy(NOW_S + KEPT_S)
    assert b"customer-77" not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


def numbers(value: Json) -> Iterator[int]:
    """Every number in a payload."""
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)


@settings(max_examples=25)
@given(points=st.integers(0, 800))
def test_p6_no_answer_holds_the_number(
    points: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("scores")
    with Store(directory / "scores.db") as store:
        checks = Checks(store, SERVICE, policy)
        checks.seed(CUSTOMER, points)
        said = told(checks.answer(question(), NOW_S))
    shutil.rmtree(directory)
    assert sorted(numbers(said)) == [NOW_S, NOW_S + LIFE_S]


def test_p6_the_rows_that_name_a_kiosk_hold_no_number(checks: Checks, store: Store) -> None:
    checks.seed(CUSTOMER, SEED)
    checks.answer(question(), NOW_S)
    columns = [row[1] for row in store._db.execute("PRAGMA table_info(checks)")]
    assert columns == ["kiosk", "request_id", "customer", "question", "answer", "at_s"]
    (row,) = store._db.execute("SELECT * FROM checks").fetchall()
    assert str(SEED).encode() not in b"".join(str(value).encode() for value in row)


def test_p6_questions_and_state_print_no_customer_and_no_nonce() -> None:
    shown = repr(question()) + repr(replace(question(), request_id="r2"))
    assert "customer-1" not in shown
    assert "0011223344556677" not in shown

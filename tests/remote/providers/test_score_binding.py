"""A score service is believed only what it signed for this very request; all else is unknown."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core import canonical
from kiosk.core.signing import VerifyKey, b64decode, public_of, sign
from kiosk.core.values import Answer, Json, Verdict
from kiosk.remote.providers.score import (
    MAX_LIFE_S,
    SKEW_S,
    AnswerFaultError,
    read_answer,
)
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import Fault, serving
from tests.remote.providers.signed import (
    GOOD,
    NOW_S,
    QUESTION,
    REQUEST,
    SERVICE,
    STRANGER,
    Payload,
    check,
    listed,
    provider,
    raw,
    says,
    signs,
    told,
    without,
)


def test_the_good_payload_signed_by_hand_is_believed() -> None:
    assert check(raw(GOOD)).fault == ""


SIGNED: dict[str, tuple[Fault, str]] = {
    "duplicate key": (
        raw(GOOD.replace(b'"answers"', b'"answers":{"entry-600":"yes"},"answers"')),
        "bad-answer",
    ),
    "NaN": (raw(GOOD.replace(str(NOW_S).encode(), b"NaN")), "bad-answer"),
    "float": (raw(GOOD.replace(str(NOW_S).encode(), b"1.8e9")), "bad-answer"),
    "not canonical": (raw(GOOD.replace(b":", b": ")), "bad-answer"),
    "2^53": (raw(GOOD.replace(str(NOW_S).encode(), str(2**53).encode())), "bad-answer"),
    "not an object": (raw(b'["yes"]'), "bad-answer"),
    "by a stranger": (raw(GOOD, STRANGER), "bad-signature"),
    "as another kind": (signs(kind="policy"), "bad-signature"),
}


@pytest.mark.parametrize(("fault", "word"), SIGNED.values(), ids=SIGNED.keys())
def test_p4_t6_signed_but_not_well_formed_is_unknown(fault: Fault, word: str) -> None:
    answer = check(fault)
    assert (answer.fault, set(answer.answers.values())) == (word, {Verdict.UNKNOWN})


BINDING: dict[str, tuple[Callable[[Payload], Payload], str]] = {
    "another request": (says(request_id="request-2"), "mismatch"),
    "another kiosk": (says(kiosk="shop/kiosk-2"), "mismatch"),
    "another customer": (says(customer="customer-2"), "mismatch"),
    "another purpose": (says(purpose="rental"), "mismatch"),
    "another nonce": (says(nonce="ffffffffffffffff"), "mismatch"),
    "other thresholds": (says(thresholds=["entry-600"]), "mismatch"),
    "another order of thresholds": (says(thresholds=["entry-700", "entry-600"]), "mismatch"),
    "no customer": (without("customer"), "mismatch"),
    "one field more": (says(score=720), "mismatch"),
    "an answer less": (says(answers={"entry-600": "yes"}), "bad-answer"),
    "an answer more": (
        says(answers={"entry-600": "yes", "entry-700": "no", "x": "yes"}),
        "bad-answer",
    ),
    "a number for an answer": (says(answers={"entry-600": 720, "entry-700": 720}), "bad-answer"),
    "true for an answer": (says(answers={"entry-600": True, "entry-700": False}), "bad-answer"),
    "a list of answers": (says(answers=["yes", "no"]), "bad-answer"),
    "no answers": (without("answers"), "bad-answer"),
    "five reasons": (says(reasons=["a", "b", "c", "d", "e"]), "bad-answer"),
    "a reason in words": (says(reasons=["You took Something"]), "bad-answer"),
    "a long reason": (says(reasons=["a" * 41]), "bad-answer"),
    "a number for a reason": (says(reasons=[720]), "bad-answer"),
    "no reasons": (without("reasons"), "bad-answer"),
    "valid for too long": (says(valid_until=NOW_S + MAX_LIFE_S + 1), "bad-answer"),
    "valid until 10^9": (says(valid_until=10**9), "bad-answer"),
    "ends before it begins": (says(valid_until=NOW_S - 1), "bad-answer"),
    "true for a time": (says(iat=True, valid_until=True), "bad-answer"),
    "no time": (without("iat"), "bad-answer"),
    "text for a time": (says(valid_until=str(NOW_S)), "bad-answer"),
    "old": (says(iat=NOW_S - 400, valid_until=NOW_S - 100), "stale"),
    "ends now": (says(valid_until=NOW_S), "stale"),
    "from the future": (
        says(iat=NOW_S + SKEW_S + 1, valid_until=NOW_S + SKEW_S + 60),
        "stale",
    ),
}


@pytest.mark.parametrize(("change", "word"), BINDING.values(), ids=BINDING.keys())
def test_p4_t6_a_signed_answer_to_something_else_is_unknown(
    change: Callable[[Payload], Payload], word: str
) -> None:
    answer = check(signs(change))
    assert (answer.fault, set(answer.answers.values())) == (word, {Verdict.UNKNOWN})
    assert answer.reasons == ()


@pytest.mark.parametrize("role", ["issuer", "device", "log", "hub", "owner"])
def test_t6_only_a_key_of_a_provider_may_answer(role: str) -> None:
    assert check(signs(), listed(SERVICE, role)).fault == "bad-signature"


def test_t6_without_keys_nothing_is_believed() -> None:
    assert check(signs(), {}).fault == "bad-signature"


def test_keys_are_looked_up_at_each_check() -> None:
    keys: dict[str, VerifyKey] = {}
    with serving(signs()) as server, provider(server.url, keys) as score:
        assert score.check(REQUEST, NOW_S, 5.0).fault == "bad-signature"
        keys.update(listed(SERVICE))
        assert score.check(REQUEST, NOW_S, 5.0).fault == ""


class Gullible(dict[str, VerifyKey]):
    """The mutant: whoever signed is taken for a provider."""

    def __missing__(self, kid: str) -> VerifyKey:
        return VerifyKey(kid, public_of(STRANGER), "provider")

    def get(self, kid: str, default: object = None) -> VerifyKey:
        """Know every key."""
        del default
        return self[kid]


def test_t6_mutant_that_trusts_any_signer_believes_the_forged_body() -> None:
    forged = sign(
        "answer", {**told(QUESTION), "answers": dict.fromkeys(REQUEST.thresholds, "yes")}, STRANGER
    )
    believed = read_answer(forged, REQUEST, Gullible(), NOW_S)
    assert set(believed.answers.values()) == {Verdict.YES}
    assert set(check(faults.answers(forged)).answers.values()) == {Verdict.UNKNOWN}


def test_t6_mutant_that_reads_without_verifying_believes_the_forged_body() -> None:
    forged = json.loads(sign("answer", told(QUESTION), STRANGER))
    read = json.loads(b64decode(forged["payload"]))
    assert {name: read[name] for name in QUESTION} == QUESTION, "it fits this very request"
    assert read["answers"]["entry-600"] == "yes"
    with pytest.raises(AnswerFaultError):
        read_answer(json.dumps(forged).encode(), REQUEST, listed(SERVICE), NOW_S)


def test_t6_no_envelope_with_a_flipped_bit_is_believed() -> None:
    envelope = sign("answer", told(QUESTION), SERVICE)
    assert _read(envelope) is not None
    for bit in range(len(envelope) * 8):
        forged = bytearray(envelope)
        forged[bit // 8] ^= 1 << (bit % 8)
        assert _read(bytes(forged)) is None, f"bit {bit}"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(sorted(told(QUESTION))), inner, max_size=10)
        ),
        max_leaves=12,
    )
)
def test_p4_any_signed_payload_is_unknown_or_names_exactly_the_thresholds(payload: Json) -> None:
    answer = _read(sign("answer", payload, SERVICE))
    assert answer is None or set(answer.answers) == set(REQUEST.thresholds)


@given(st.sampled_from(sorted(told(QUESTION))), st.integers() | st.text() | st.none())
def test_p4_any_one_field_changed_is_unknown_or_still_bound(name: str, value: Json) -> None:
    payload = {**told(QUESTION), name: value}
    try:
        envelope = sign("answer", payload, SERVICE)
    except canonical.CanonicalError:
        return
    answer = _read(envelope)
    if answer is not None:
        assert NOW_S < answer.valid_until_s <= NOW_S + SKEW_S + MAX_LIFE_S


def _read(envelope: bytes) -> Answer | None:
    """What a provider believes of these bytes, without a socket."""
    try:
        return read_answer(envelope, REQUEST, listed(SERVICE), NOW_S)
    except AnswerFaultError:
        return None

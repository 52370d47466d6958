"""A score service is believed only what it signed for this very request; all else is unknown."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.core import canonical
from kiosk.core.signing import VerifyKey, b64decode, b64encode, kid_of, public_of, sign
from kiosk.core.values import Answer, CustomerRef, Json, RequestId, Verdict
from kiosk.remote.providers.base import CheckRequest
from kiosk.remote.providers.score import (
    MAX_LIFE_S,
    SKEW_S,
    AnswerFaultError,
    ScoreProvider,
    read_answer,
)
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import Fault, Peer, serving

NOW_S = 1_800_000_000
SERVICE = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
REQUEST = CheckRequest(
    RequestId("request-1"),
    "shop/kiosk-1",
    CustomerRef("customer-1"),
    "entry",
    ("entry-600", "entry-700"),
    "00112233aabbccdd",
)
Payload = dict[str, Any]


def listed(private: Ed25519PrivateKey, role: str = "provider") -> dict[str, VerifyKey]:
    """A key list with one key."""
    public = public_of(private)
    return {kid_of(public): VerifyKey(kid_of(public), public, role)}


def told(question: Mapping[str, Any]) -> Payload:
    """A good answer to the question."""
    return {
        **question,
        "answers": dict(zip(question["thresholds"], ("yes", "no"), strict=True)),
        "reasons": ["paid-late"],
        "iat": NOW_S,
        "valid_until": NOW_S + 300,
    }


QUESTION: Payload = {
    "request_id": "request-1",
    "kiosk": "shop/kiosk-1",
    "customer": "customer-1",
    "purpose": "entry",
    "thresholds": ["entry-600", "entry-700"],
    "nonce": "00112233aabbccdd",
}
GOOD = canonical.encode(told(QUESTION))


def signs(
    change: Callable[[Payload], Payload] = lambda payload: payload,
    private: Ed25519PrivateKey = SERVICE,
    kind: str = "answer",
) -> Fault:
    """A service that signs what `change` makes of the good answer."""

    def answer(peer: Peer) -> None:
        payload = change(told(json.loads(peer.request.body)))
        peer.send(faults.response(sign(kind, payload, private)))

    return answer


@contextmanager
def provider(url: str, keys: Mapping[str, VerifyKey] | None = None) -> Iterator[ScoreProvider]:
    """A provider that is closed at the end."""
    known = listed(SERVICE) if keys is None else keys
    score = ScoreProvider(url, "kiosk-token", lambda: known)
    try:
        yield score
    finally:
        score.close()


def check(
    fault: Fault,
    keys: Mapping[str, VerifyKey] | None = None,
    now_s: int = NOW_S,
    deadline_s: float = 5.0,
) -> Answer:
    """The answer of a provider whose service has this fault."""
    with serving(fault) as server, provider(server.url, keys) as score:
        return score.check(REQUEST, now_s, deadline_s)


def test_a_signed_answer_to_this_request_is_believed() -> None:
    assert check(signs()) == Answer(
        RequestId("request-1"),
        {"entry-600": Verdict.YES, "entry-700": Verdict.NO},
        ("paid-late",),
        NOW_S + 300,
        "http",
        "",
    )


def test_the_question_is_the_protocols_and_carries_the_token() -> None:
    with serving(signs()) as server, provider(server.url) as score:
        score.check(REQUEST, NOW_S, 5.0)
        asked = server.requests[0]
    assert asked.line == "POST /v1/checks HTTP/1.1"
    assert asked.headers["authorization"] == "Bearer kiosk-token"
    assert canonical.decode(asked.body) == QUESTION


WIRE: dict[str, tuple[Fault, str]] = {
    "closes": (faults.closes, "unreachable"),
    "resets": (faults.resets, "unreachable"),
    "cut header": (faults.cuts_header, "bad-answer"),
    "cut header after the length": (faults.cuts_header_after_length, "bad-answer"),
    "cut body": (faults.cuts_body, "bad-answer"),
    "cut chunk": (faults.cuts_chunk, "bad-answer"),
    "empty 200": (faults.empty_200, "bad-answer"),
    "not HTTP": (faults.garbage, "bad-answer"),
    "oversized": (faults.oversized, "bad-answer"),
    "oversized, unsaid": (faults.oversized_without_saying, "bad-answer"),
    "compressed": (faults.compressed, "bad-answer"),
    "500": (faults.error_500, "down"),
    "503": (faults.busy_503, "down"),
    "302": (faults.redirect, "refused"),
    "401": (faults.answers(b"{}", "401 Unauthorized"), "refused"),
    "201": (faults.answers(b"{}", "201 Created"), "refused"),
    "not JSON": (faults.answers(b"<html>"), "bad-answer"),
    "JSON, no envelope": (faults.as_json({"ok": True}), "bad-answer"),
    "a bare yes": (faults.as_json({"answers": {"entry-600": "yes"}}), "bad-answer"),
    "a list": (faults.as_json([]), "bad-answer"),
    "NaN": (faults.as_json(math.nan), "bad-answer"),
    "a number": (faults.as_json(10**9), "bad-answer"),
}


@pytest.mark.parametrize(("fault", "word"), WIRE.values(), ids=WIRE.keys())
def test_p4_t6_a_fault_on_the_wire_makes_every_threshold_unknown(fault: Fault, word: str) -> None:
    answer = check(fault)
    assert set(answer.answers.items()) == {
        ("entry-600", Verdict.UNKNOWN),
        ("entry-700", Verdict.UNKNOWN),
    }
    assert (answer.fault, answer.request_id, answer.valid_until_s) == (word, "request-1", 0)


def test_p4_a_refused_connection_is_unknown() -> None:
    with provider(f"http://127.0.0.1:{faults.closed_port()}") as score:
        assert score.check(REQUEST, NOW_S, 1.0).fault == "unreachable"


@pytest.mark.parametrize("fault", [faults.drips_headers, faults.drips_body, faults.hangs])
def test_p4_t6_a_drip_or_silence_is_unknown_at_the_deadline(fault: Fault) -> None:
    with serving(fault) as server, provider(server.url) as score:
        began = time.monotonic()
        answer = score.check(REQUEST, NOW_S, 0.4)
        took_s = time.monotonic() - began
        assert server.peers[0].gone.wait(5)
    assert answer.fault == "timeout"
    assert set(answer.answers.values()) == {Verdict.UNKNOWN}
    assert took_s < 0.4 + 1.0


def raw(payload: bytes, private: Ed25519PrivateKey = SERVICE) -> Fault:
    """A service that signs these payload bytes, canonical or not."""
    envelope = {
        "payload": b64encode(payload),
        "kid": kid_of(public_of(private)),
        "sig": b64encode(private.sign(b"kiosk/answer/v1\n" + payload)),
    }
    return faults.as_json(envelope)


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


def says(**fields: Json) -> Callable[[Payload], Payload]:
    """The good answer with these fields changed."""
    return lambda payload: {**payload, **fields}


def without(name: str) -> Callable[[Payload], Payload]:
    """The good answer without this field."""
    return lambda payload: {key: value for key, value in payload.items() if key != name}


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


def test_an_answer_stands_in_while_the_service_is_down_and_until_it_runs_out() -> None:
    again = replace(REQUEST, request_id=RequestId("request-2"))
    with serving(signs()) as server, provider(server.url) as score:
        first = score.check(REQUEST, NOW_S, 5.0)
        for fault in (faults.closes, faults.error_500, faults.cuts_header):
            server.fault = fault
            kept = score.check(again, NOW_S + 299, 5.0)
            assert kept == replace(first, request_id=again.request_id)
        assert score.check(again, NOW_S + 300, 5.0).fault == "bad-answer"


def test_t1_a_service_that_is_up_is_asked_every_time_so_that_a_nonce_opens_one_door() -> None:
    with serving(signs()) as server, provider(server.url) as score:
        score.check(REQUEST, NOW_S, 5.0)
        server.fault = signs(says(answers={"entry-600": "unknown", "entry-700": "unknown"}))
        second = score.check(REQUEST, NOW_S, 5.0)
        assert set(second.answers.values()) == {Verdict.UNKNOWN}
        assert second.fault == ""
        server.fault = faults.closes
        assert score.check(REQUEST, NOW_S, 5.0).fault == "unreachable", "unknown is not kept"


@pytest.mark.parametrize("fault", [faults.redirect, signs(private=STRANGER)])
def test_a_kept_answer_never_stands_in_for_a_refusal_or_a_forgery(fault: Fault) -> None:
    with serving(signs()) as server, provider(server.url) as score:
        score.check(REQUEST, NOW_S, 5.0)
        server.fault = fault
        assert score.check(REQUEST, NOW_S, 5.0).fault in {"refused", "bad-signature"}


def test_a_request_that_cannot_be_written_is_unknown_and_not_an_exception() -> None:
    odd = replace(REQUEST, customer=CustomerRef("\ud800"))
    with provider("http://127.0.0.1:1") as score:
        assert score.check(odd, NOW_S, 1.0).fault == "mismatch"


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check(signs())
    assert list(tmp_path.iterdir()) == []


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

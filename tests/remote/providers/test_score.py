"""Whatever happens on the wire, every threshold has an answer: unknown at worst."""

import contextlib
import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.core import canonical
from kiosk.core.values import Answer, CustomerRef, RequestId, Verdict
from tests.remote import faulty_server as faults
from tests.remote.faulty_server import Fault, serving
from tests.remote.providers.signed import (
    NOW_S,
    QUESTION,
    REQUEST,
    STRANGER,
    check,
    provider,
    says,
    signs,
)


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
    "500 with a deep reason": (faults.deep_reason, "down"),
    "503 with an endless wait": (faults.endless_retry, "down"),
    "a length of 5000 digits": (faults.endless_length, "bad-answer"),
    "a length below nothing": (faults.negative_length, "bad-answer"),
    "a chunk below nothing": (faults.negative_chunk, "bad-answer"),
    "a chunk of all there is": (faults.all_there_is, "bad-answer"),
    "302 to nowhere": (faults.redirect_nowhere, "refused"),
    "302 in no alphabet": (faults.redirect_garbled, "refused"),
    "302 without end": (faults.redirect_without_end, "bad-answer"),
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


def test_nothing_is_written_to_disk(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        check(signs())
    assert list(tmp_path.iterdir()) == []

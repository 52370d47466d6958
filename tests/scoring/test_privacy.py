"""P6: what leaves the service depends on the verdicts alone; two scores on one side look alike."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.core.policy import Threshold
from kiosk.core.signing import b64decode
from kiosk.core.values import CustomerRef, Json, Verdict
from kiosk.scoring.checks import Checks, Question
from kiosk.scoring.store import Store
from tests.scoring.documents import NOW_S, SERVICE, policy, question
from tests.scoring.served import World, service

POINTS = st.integers(min_value=0, max_value=800)
BOUNDS = (600, 700)
CUSTOMER = CustomerRef("customer-1")
NUMBER = 737


def side(points: int) -> tuple[bool, ...]:
    """On which side of each threshold a score lies: all that may be told."""
    return tuple(points >= bound for bound in BOUNDS)


def said(points: int, kind: type[Checks] = Checks) -> Mapping[str, Json]:
    """Everything that is signed and sent about a customer of so many points."""
    with TemporaryDirectory() as directory, closing(Store(Path(directory) / "scores.db")) as store:
        checks = kind(store, SERVICE, policy)
        checks.seed(CUSTOMER, points)
        answer = checks.answer(question(), NOW_S)
    assert isinstance(answer, bytes)
    payload: Mapping[str, Json] = orjson.loads(b64decode(orjson.loads(answer)["payload"]))
    return payload


class TellsMore(Checks):
    """A mutant whose reasons say how far from the threshold a score is."""

    def _verdicts(
        self, question: Question, thresholds: Sequence[Threshold], now_s: int
    ) -> tuple[Mapping[str, Verdict], tuple[str, ...]]:
        verdicts, why = super()._verdicts(question, thresholds, now_s)
        record = self._store.record(CUSTOMER)
        assert record
        near = (record.seed_points or 0) >= min(BOUNDS) - 50
        return verdicts, ("nearly",) if why and near else why


def look_alike(one: int, other: int, kind: type[Checks] = Checks) -> bool:
    return said(one, kind) == said(other, kind)


@settings(deadline=None, max_examples=40)
@given(POINTS, POINTS)
def test_p6_two_scores_are_told_apart_by_their_verdicts_alone(one: int, other: int) -> None:
    assert look_alike(one, other) == (side(one) == side(other))


def test_p6_the_mutant_that_tells_more_is_caught() -> None:
    assert side(560) == side(100)
    assert look_alike(560, 100)
    assert not look_alike(560, 100, TellsMore)


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., requests.Response]:
    """Asks a served score service that knows a customer of 737 points."""

    def ask(method: str, path: str, token: str, **body: object) -> requests.Response:
        with service(tmp_path, World()) as url:
            bearer = {"Authorization": "Bearer admin-token"}
            fact = {"points": NUMBER}
            requests.put(f"{url}/v1/facts/{CUSTOMER}", json=fact, headers=bearer, timeout=10)
            asking = {"Authorization": f"Bearer {token}"}
            return requests.request(method, url + path, json=body, headers=asking, timeout=10)

    return ask


ASKED = question()
BODY: Mapping[str, object] = {**ASKED.as_json()}
REQUESTS: dict[str, tuple[str, str, str, Mapping[str, object]]] = {
    "a check": ("POST", "/v1/checks", "kiosk-token", BODY),
    "a threshold that is not registered": (
        *("POST", "/v1/checks", "kiosk-token"),
        {**BODY, "thresholds": [f"entry-{NUMBER}x"]},
    ),
    "a broken question": ("POST", "/v1/checks", "kiosk-token", {**BODY, "customer": "x y"}),
    "a stranger": ("POST", "/v1/checks", "nobody", BODY),
    "reading a fact": ("GET", f"/v1/facts/{CUSTOMER}", "admin-token", {}),
    "a wrong fact": ("PUT", f"/v1/facts/{CUSTOMER}", "admin-token", {"points": 7370}),
    "health": ("GET", "/healthz", "", {}),
    "an unknown address": ("GET", f"/v1/scores/{CUSTOMER}", "admin-token", {}),
}


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS.keys())
def test_p6_no_answer_and_no_error_over_http_holds_the_number(
    told: Callable[..., requests.Response], asked: tuple[str, str, str, Mapping[str, object]]
) -> None:
    method, path, token, body = asked
    reply = told(method, path, token, **body)
    words = reply.text + str(reply.headers)
    if reply.status_code == 200 and "payload" in reply.text:
        words += b64decode(reply.json()["payload"]).decode()
    assert not re.search(rf"(?<![0-9A-Za-z_-]){NUMBER}(?![0-9A-Za-z_-])", words)


def test_a_question_is_the_same_however_its_thresholds_are_cut(tmp_path: Path) -> None:
    """Asking for each threshold alone tells nothing that asking for all does not."""
    with Store(tmp_path / "scores.db") as store:
        checks = Checks(store, SERVICE, policy)
        checks.seed(CUSTOMER, 650)
        found: dict[str, Json] = {}
        for number, name in enumerate(ASKED.thresholds):
            alone = replace(ASKED, request_id=f"r{number}", thresholds=(name,))
            answer = checks.answer(alone, NOW_S)
            assert isinstance(answer, bytes)
            found |= orjson.loads(b64decode(orjson.loads(answer)["payload"]))["answers"]
    assert found == said(650)["answers"]

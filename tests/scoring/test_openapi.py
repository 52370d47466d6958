"""The description of the service is honest: whatever is sent, only documented answers come back."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok, Result
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kiosk.scoring.service import create_app
from tests.scoring.documents import policy
from tests.scoring.served import World, scores, service, serving

TOKENS = {"/v1/checks": "kiosk-token", "/v1/facts/{customer}": "admin-token"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def world() -> World:
    """A policy with the threshold that generated questions name most often."""
    threshold = {"id": "0", "purpose": "0", "points": 1, "tier": "standard", "since_s": 0}
    simple = World()
    simple.policy = policy(thresholds=[threshold])
    return simple


NO_HTTP = b"Invalid HTTP request received."
"""What the server says to bytes that are no request, before the service is asked."""


def attack(url: str, examples: int) -> Counter[int]:
    """Send that many cases to each operation, with and without its token; count the statuses."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    seen: Counter[int] = Counter()
    for result in schema.get_all_operations():
        seen += _attack(result, examples)
    return seen


def _attack(
    result: Result[APIOperation[Any, Any, Any, Any], InvalidSchema], examples: int
) -> Counter[int]:
    assert isinstance(result, Ok)
    operation = result.ok()
    token = TOKENS.get(operation.path, "")
    good, bad = (
        operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode
    )
    seen: Counter[int] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=good | bad, bearer=st.sampled_from([token, "wrong", ""]))
    def send(case: schemathesis.Case[Any], bearer: str) -> None:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        reply = case.call(headers=headers)
        if reply.content == NO_HTTP:
            return
        case.validate_response(reply, checks=CHECKS)
        seen[reply.status_code] += 1

    send()
    return seen


def test_no_undocumented_answer_in_a_small_share(tmp_path: Path, world: World) -> None:
    with service(tmp_path, world) as url:
        assert {401, 422} <= set(attack(url, 15))


def test_mutant_description_that_forgot_a_status_is_caught(tmp_path: Path, world: World) -> None:
    with scores(tmp_path, world) as ours:
        app = create_app(ours)
        for methods in app.openapi()["paths"].values():
            for operation in methods.values():
                operation["responses"].pop("401", None)
        with serving(app) as url, pytest.raises(FailureGroup, match="Undocumented status code"):
            attack(url, 15)


@pytest.mark.slow
def test_no_undocumented_answer(tmp_path: Path, world: World) -> None:
    with service(tmp_path, world) as url:
        assert {200, 204, 401, 422} <= set(attack(url, 1500))

"""Every provider answers for every threshold; the ones without a network cannot fail."""

from pathlib import Path

import pytest

from kiosk.core.values import CustomerRef, RequestId, Verdict
from kiosk.remote.providers.base import CheckRequest, Provider
from kiosk.remote.providers.none import NoProvider
from kiosk.remote.providers.score import ScoreProvider
from kiosk.remote.providers.vouch import VouchProvider
from tests.remote import faulty_server as faults

REQUEST = CheckRequest(RequestId("r1"), "shop/k", CustomerRef("c1"), "entry", ("a", "b"))


@pytest.fixture(params=["none", "vouch", "http"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Provider:
    """Each kind, knowing nobody."""
    kinds: dict[str, Provider] = {
        "none": NoProvider(),
        "vouch": VouchProvider(tmp_path / "missing.toml"),
        "http": ScoreProvider(f"http://127.0.0.1:{faults.closed_port()}", "", dict),
    }
    return kinds[request.param]


def test_p4_a_provider_that_knows_nothing_says_unknown_to_every_threshold(
    provider: Provider,
) -> None:
    answer = provider.check(REQUEST, 1_800_000_000, 1.0)
    provider.close()
    assert answer.answers == {"a": Verdict.UNKNOWN, "b": Verdict.UNKNOWN}
    assert (answer.request_id, answer.provider) == ("r1", provider.kind)
    assert (answer.fault == "") == (provider.kind != "http")

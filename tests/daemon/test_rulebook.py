"""The owner's documents: signed, newest, and never taken from anybody else."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core.signing import public_of, sign
from kiosk.core.values import CoreError
from kiosk.daemon.rulebook import KINDS, Rulebook, reload
from tests.daemon.gatehouse import ORIGIN, OWNER, SHOP, book, documents


def empty() -> Rulebook:
    return Rulebook("door", frozenset({SHOP, ORIGIN}), public_of(OWNER), {})


def test_rules_exist_only_when_every_document_is_there() -> None:
    held = empty()
    for kind in KINDS:
        assert held.rules() is None
        assert kind in held.missing()
        held = held.adopt(kind, documents()[kind])
    rules = held.rules()
    assert rules is not None
    assert rules.policy.currency == "EUR"
    assert held.missing() == ()


def test_a_document_of_the_same_or_an_older_version_changes_nothing() -> None:
    held = book()
    with pytest.raises(CoreError, match="not newer than 1"):
        held.adopt("policy", documents()["policy"])


def test_a_document_that_somebody_else_signed_is_refused() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
    forged = sign("catalogue", {"version": 9, "currency": "EUR", "items": [], "sold": []}, stranger)
    with pytest.raises(CoreError):
        book().adopt("catalogue", forged)


def test_a_document_without_a_version_is_refused() -> None:
    with pytest.raises(CoreError, match="version None"):
        book().adopt("catalogue", sign("catalogue", {"currency": "EUR"}, OWNER))


def test_what_the_store_kept_is_taken_up_and_a_broken_copy_left_out() -> None:
    kept = {**documents(), "keys": b"not an envelope"}
    held = reload(empty(), kept.get)
    assert held.missing() == ("keys",)
    assert reload(empty(), lambda _kind: None).missing() == KINDS

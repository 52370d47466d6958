"""One check: is this customer at or above the thresholds, yes, no or unknown, signed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.core import canonical
from kiosk.core.policy import Policy, Threshold
from kiosk.core.signing import sign
from kiosk.core.values import CustomerRef, Json, Verdict
from kiosk.scoring.formula import BASE, Score, reasons, score
from kiosk.scoring.store import Asked, Record, Store

LIFE_S: Final = 300  # how long a kiosk may use the answer
RATE_S: Final = 60
RATE: Final = 30
"""Checks of one customer in `RATE_S`: far more than anybody queues up.

Whichever kiosks ask: they share a token, and the name is the word of whoever asks.
"""
NO_POLICY_S: Final = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What a kiosk asks; every field is checked at the edge."""

    request_id: str
    kiosk: str
    customer: CustomerRef = field(repr=False)
    purpose: str
    thresholds: tuple[str, ...]
    nonce: str = field(repr=False)

    def as_json(self) -> dict[str, Json]:
        """Return it as the answer echoes it."""
        return {
            "request_id": self.request_id,
            "kiosk": self.kiosk,
            "customer": self.customer,
            "purpose": self.purpose,
            "thresholds": list(self.thresholds),
            "nonce": self.nonce,
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question is not answered at all.

    Attributes:
        detail: One line, without the customer.
    """

    status: HTTPStatus
    detail: str
    retry_after_s: int = 0


class Checks:
    """Answers questions out of the store; one thread at a time.

    Args:
        key: Signs the answers.
        policy: The policy as it is now, None before there is one.
        rate: Checks allowed of one customer in `RATE_S`.
    """

    def __init__(
        self,
        store: Store,
        key: Ed25519PrivateKey,
        policy: Callable[[], Policy | None],
        rate: int = RATE,
    ) -> None:
        self._store = store
        self._key = key
        self._policy = policy
        self._rate = rate

    def answer(self, question: Question, now_s: int) -> bytes | Refusal:
        """Return the signed envelope, durable with its nonce before it leaves, or a refusal.

        The same question under the same id gets the same bytes, so that a lost answer can be
        asked for again.
        """
        thresholds = self._registered(question, now_s)
        if isinstance(thresholds, Refusal):
            return thresholds
        wanted = canonical.encode(question.as_json())
        with self._store.transaction():
            self._store.purge(now_s)
            before = self._store.asked(question.kiosk, question.request_id)
            if before is not None:
                return before.answer if before.question == wanted else _REUSED
            refusal = self._too_often(question, now_s)
            if refusal is not None:
                return refusal
            verdicts, why = self._verdicts(question, thresholds, now_s)
            envelope = self._sign(question, verdicts, why, now_s)
            self._store.remember(
                Asked(
                    question.kiosk,
                    question.request_id,
                    question.customer,
                    wanted,
                    envelope,
                    now_s,
                )
            )
        return envelope

    def seed(self, customer: CustomerRef, points: int) -> None:
        """Set the base of a customer: a test fact, the only number that comes in from outside."""
        with self._store.transaction():
            self._store.seed(customer, points)

    def forget(self, customer: CustomerRef) -> None:
        """Erase everything about a customer, from the disk too."""
        with self._store.transaction():
            self._store.forget(customer)
        self._store.shrink()

    def tidy(self, now_s: int) -> None:
        """Erase what has served its time; for a service that nobody asks for a while."""
        with self._store.transaction():
            self._store.purge(now_s)
        self._store.shrink()

    def _registered(self, question: Question, now_s: int) -> Sequence[Threshold] | Refusal:
        policy = self._policy()
        if policy is None:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no policy yet", NO_POLICY_S)
        if now_s >= policy.valid_until_s:
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the policy has run out", NO_POLICY_S)
        found = [policy.threshold(name) for name in question.thresholds]
        registered = [one for one in found if one is not None and one.purpose == question.purpose]
        if len(registered) != len(found):
            return Refusal(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "a threshold is not registered for this purpose; publish it in the policy",
            )
        return registered

    def _too_often(self, question: Question, now_s: int) -> Refusal | None:
        times, first_s = self._store.times_asked(question.customer, now_s - RATE_S)
        if times < self._rate:
            return None
        wait_s = max(first_s + RATE_S - now_s, 1)
        return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too many checks of one customer", wait_s)

    def _verdicts(
        self, question: Question, thresholds: Sequence[Threshold], now_s: int
    ) -> tuple[Mapping[str, Verdict], tuple[str, ...]]:
        unknown = dict.fromkeys(question.thresholds, Verdict.UNKNOWN)
        # Four thresholds of one purpose say little; those of every purpose would say the score.
        if not self._store.asks_first(question.nonce, question.kiosk, question.purpose, now_s):
            return unknown, ("nonce-used",)
        record = self._store.record(question.customer)
        if record is None:
            return unknown, ("not-enrolled",)
        told = _score(record, now_s)
        verdicts = {
            one.id: Verdict.YES if told.points >= one.points else Verdict.NO for one in thresholds
        }
        if Verdict.NO not in verdicts.values():
            return verdicts, ()
        return verdicts, reasons(told) or ("short-history",)

    def _sign(
        self, question: Question, verdicts: Mapping[str, Verdict], why: Sequence[str], now_s: int
    ) -> bytes:
        said: dict[str, Json] = {
            "answers": {name: verdict.value for name, verdict in verdicts.items()},
            "reasons": list(why),
            "iat": now_s,
            "valid_until": now_s + LIFE_S,
        }
        return sign("answer", {**question.as_json(), **said}, self._key)


_REUSED: Final = Refusal(HTTPStatus.CONFLICT, "request_id was used for another question")


def _score(record: Record, now_s: int) -> Score:
    base = BASE if record.seed_points is None else record.seed_points
    return score(record.facts, now_s, base)

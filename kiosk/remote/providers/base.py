"""What every trust provider takes and answers: one verdict per threshold, never a number."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kiosk.core.values import Answer, CustomerRef, RequestId, Verdict


class Fault(StrEnum):
    """Why a provider could not be asked; the text of `Answer.fault`."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    DOWN = "down"
    REFUSED = "refused"
    BAD_ANSWER = "bad-answer"
    BAD_SIGNATURE = "bad-signature"
    MISMATCH = "mismatch"
    STALE = "stale"
    BROKEN_LIST = "broken-list"


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One question: does this customer meet these thresholds?

    Attributes:
        kiosk: Name of the asking kiosk, "shop/kiosk".
        nonce: The token's nonce: the provider answers its first asker only.
    """

    request_id: RequestId
    kiosk: str
    customer: CustomerRef
    purpose: str
    thresholds: tuple[str, ...]
    nonce: str = ""


class Provider(Protocol):
    """A source of trust answers; up to four threads may ask it at once."""

    @property
    def kind(self) -> str:
        """How the configuration names it: http, none or vouch."""

    def check(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        """Return one verdict per threshold; any fault makes all of them unknown (P4).

        Never raises.

        Args:
            request: The question.
            now_s: Unix seconds now, from the process's clock.
            deadline_s: Monotonic seconds that asking may take.
        """

    def close(self) -> None:
        """Let go of connections; nobody asks any more."""


def unknown(
    request: CheckRequest, kind: str, fault: str = "", reasons: tuple[str, ...] = ()
) -> Answer:
    """Return the answer that knows nothing about any of the thresholds."""
    verdicts = dict.fromkeys(request.thresholds, Verdict.UNKNOWN)
    return Answer(request.request_id, verdicts, reasons, provider=kind, fault=fault)

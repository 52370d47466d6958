"""The provider behind HTTP: a signed answer that fits the question, or unknown.

Nothing is believed before its signature, and nothing signed is believed before it is bound to this
very request. A fault of any kind makes every threshold unknown (P4).
"""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from kiosk.core import canonical
from kiosk.core.signing import SigningError, VerifyKey, open_envelope
from kiosk.core.values import Answer, CoreError, Json, Verdict
from kiosk.remote.errors import BadAnswerError, RefusedError, RemoteError, TimedOutError
from kiosk.remote.http import DEADLINE_S, Ask, HttpClient
from kiosk.remote.providers.base import CheckRequest, Fault, unknown
from kiosk.remote.providers.cache import AnswerCache

MAX_BYTES: Final = 16_384  # four thresholds and four reasons take under 1 kB
MAX_LIFE_S: Final = 300  # DESIGN 9 leaves it to the answer; longer would outlive a change of mind
SKEW_S: Final = 30  # how far the provider's clock may be ahead of the kiosk's
MAX_REASONS: Final = 4  # as many key factors as a notice of refusal names (Regulation B, 1002.9)
PATH: Final = "/v1/checks"
_REASON: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_REASON: Final = 40
_SAID: Final = frozenset({"answers", "reasons", "iat", "valid_until"})


class AnswerFaultError(Exception):
    """An answer that must not be believed, and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class ScoreProvider:
    """Asks a score service over HTTP; up to four threads may ask it at once.

    The service is asked every time, because it answers a nonce's first asker only and a kept
    answer would not. A kept one only stands in while the service cannot be reached.

    Args:
        base_url: Address of the service.
        token: The kiosk's bearer token.
        keys: The signed key list as it is now; only keys of role "provider" count.
        cache: Where yes and no are kept until they run out.
    """

    kind = "http"

    def __init__(
        self,
        base_url: str,
        token: str,
        keys: Callable[[], Mapping[str, VerifyKey]],
        cache: AnswerCache | None = None,
    ) -> None:
        self._http = HttpClient(base_url, token, max_bytes=MAX_BYTES)
        self._keys = keys
        self._cache = AnswerCache() if cache is None else cache

    def check(self, request: CheckRequest, now_s: int, deadline_s: float = DEADLINE_S) -> Answer:
        """Return the service's verdicts, or unknown for all with the fault; never raises."""
        try:
            answer = self._ask(request, now_s, deadline_s)
        except AnswerFaultError as error:
            return unknown(request, self.kind, error.fault)
        except RemoteError as error:
            fault = _fault_of(error)
            kept = None if fault is Fault.REFUSED else self._cache.find(request, now_s)
            return kept or unknown(request, self.kind, fault)
        except CoreError:
            return unknown(request, self.kind, Fault.MISMATCH)
        self._cache.keep(request, answer, now_s)
        return answer

    def close(self) -> None:
        """Let go of connections; nobody asks any more."""
        self._http.close()

    def _ask(self, request: CheckRequest, now_s: int, deadline_s: float) -> Answer:
        question = _question(request)
        ask = Ask("POST", PATH, canonical.encode(question), {"Content-Type": "application/json"})
        reply = self._http.call(ask, deadline_s)
        if reply.status != HTTPStatus.OK:
            raise self._http.refused(reply)
        keys = {kid: key for kid, key in self._keys().items() if key.role == "provider"}
        return read_answer(reply.body, request, keys, now_s)


def read_answer(
    body: bytes, request: CheckRequest, keys: Mapping[str, VerifyKey], now_s: int
) -> Answer:
    """Return the answer that `body` signs for exactly this request.

    Raises:
        AnswerFaultError: It is not signed, not for this request, not in force or not an answer.
    """
    try:
        payload = open_envelope("answer", body, keys)
    except SigningError as error:
        malformed = error.reason == "malformed"
        raise AnswerFaultError(Fault.BAD_ANSWER if malformed else Fault.BAD_SIGNATURE) from error
    echo = {name: value for name, value in payload.items() if name not in _SAID}
    if echo != _question(request):
        raise AnswerFaultError(Fault.MISMATCH)
    verdicts = _verdicts(payload.get("answers"), request.thresholds)
    reasons = _reasons(payload.get("reasons"))
    valid_until_s = _valid_until_s(payload.get("iat"), payload.get("valid_until"), now_s)
    return Answer(request.request_id, verdicts, reasons, valid_until_s, ScoreProvider.kind)


def _question(request: CheckRequest) -> Mapping[str, Json]:
    return {
        "request_id": request.request_id,
        "kiosk": request.kiosk,
        "customer": request.customer,
        "purpose": request.purpose,
        "thresholds": list(request.thresholds),
        "nonce": request.nonce,
    }


def _verdicts(said: Json, thresholds: tuple[str, ...]) -> Mapping[str, Verdict]:
    if not isinstance(said, Mapping) or set(said) != set(thresholds):
        raise AnswerFaultError(Fault.BAD_ANSWER)
    try:
        return {name: Verdict(str(said[name])) for name in thresholds}
    except ValueError as error:
        raise AnswerFaultError(Fault.BAD_ANSWER) from error


def _reasons(said: Json) -> tuple[str, ...]:
    if not isinstance(said, list) or len(said) > MAX_REASONS:
        raise AnswerFaultError(Fault.BAD_ANSWER)
    codes = tuple(code for code in said if isinstance(code, str) and len(code) <= _MAX_REASON)
    if len(codes) != len(said) or not all(_REASON.fullmatch(code) for code in codes):
        raise AnswerFaultError(Fault.BAD_ANSWER)
    return codes


def _valid_until_s(iat: Json, valid_until: Json, now_s: int) -> int:
    # A bool is an int to Python, but not a time.
    if type(iat) is not int or type(valid_until) is not int:
        raise AnswerFaultError(Fault.BAD_ANSWER)
    if not iat <= valid_until <= iat + MAX_LIFE_S:
        raise AnswerFaultError(Fault.BAD_ANSWER)
    if iat > now_s + SKEW_S or valid_until <= now_s:
        raise AnswerFaultError(Fault.STALE)
    return valid_until


def _fault_of(error: RemoteError) -> Fault:
    match error:
        case TimedOutError():
            return Fault.TIMEOUT
        case BadAnswerError():
            return Fault.BAD_ANSWER
        case RefusedError(status=status):
            server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
            return Fault.DOWN if server else Fault.REFUSED
        case _:
            return Fault.UNREACHABLE

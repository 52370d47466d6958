"""Who is signed in at the pages: server-side, in memory, gone at a restart.

Times are real and monotonic: a play that moves its clock signs nobody out.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

IDLE_S: Final = 15 * 60
LONGEST_S: Final = 12 * 3600
CODE_S: Final = 15 * 60
MAX_SESSIONS: Final = 100
ID_BYTES: Final = 32
CODE_BYTES: Final = 16


@dataclass(slots=True)
class _Session:
    began_s: float
    seen_s: float


@dataclass(slots=True)
class _Code:
    text: str = field(repr=False)
    made_s: float


class Sessions:
    """The sessions of one process; any thread may ask.

    Args:
        staff_token: What signs in besides a one-time code.
        now_s: Monotonic seconds.
    """

    def __init__(self, staff_token: str, now_s: Callable[[], float] = time.monotonic) -> None:
        self._token = staff_token
        self._now_s = now_s
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._code: _Code | None = None

    def new_code(self) -> str:
        """Return a code that signs in once within `CODE_S`; an earlier one is void."""
        code = _Code(secrets.token_urlsafe(CODE_BYTES), self._now_s())
        with self._lock:
            self._code = code
        return code.text

    def sign_in(self, secret: str) -> str | None:
        """Return a fresh session id for the staff token or the one-time code, None otherwise."""
        now_s = self._now_s()
        with self._lock:
            if not (
                self._spend(secret, now_s) or compare_digest(_bytes(secret), _bytes(self._token))
            ):
                return None
            self._forget(now_s)
            if len(self._sessions) >= MAX_SESSIONS:
                oldest = min(self._sessions, key=lambda name: self._sessions[name].seen_s)
                del self._sessions[oldest]
            session = secrets.token_urlsafe(ID_BYTES)
            self._sessions[session] = _Session(now_s, now_s)
            return session

    def knows(self, session: str) -> bool:
        """Say whether this session is signed in, and keep it awake."""
        now_s = self._now_s()
        with self._lock:
            self._forget(now_s)
            found = self._sessions.get(session)
            if found is not None:
                found.seen_s = now_s
            return found is not None

    def sign_out(self, session: str) -> None:
        """End a session; one that is not there is fine."""
        with self._lock:
            self._sessions.pop(session, None)

    def _spend(self, secret: str, now_s: float) -> bool:
        code = self._code
        if code is None or now_s - code.made_s > CODE_S:
            return False
        if not compare_digest(_bytes(secret), _bytes(code.text)):
            return False
        self._code = None
        return True

    def _forget(self, now_s: float) -> None:
        self._sessions = {
            name: session
            for name, session in self._sessions.items()
            if now_s - session.seen_s <= IDLE_S and now_s - session.began_s <= LONGEST_S
        }


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")

"""The control socket: staff's commands and the status, one JSON object per line each way.

It belongs to the daemon's user alone (mode 0600), which is its whole access control. Questions
are answered by the owner thread; a flood of connections never holds that up. What staff want of
the door does not wait for the owner, which may be stuck in a write: it is done, then written down.
"""

import json
import logging
import queue
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from drivers.base import DriverError
from drivers.unix_socket import listen_at
from kiosk.core.values import Json, Moment
from kiosk.daemon.errors import DaemonError
from kiosk.daemon.messages import Asked
from kiosk.daemon.questions import read_reason
from kiosk.daemon.rhythm import Rhythm

log = logging.getLogger(__name__)

SOCKET: Final = "control.sock"
ANSWER_S: Final = 5.0
ACCEPT_S: Final = 0.2
MAX_LINE: Final = 65_536
MAX_CALLERS: Final = 8


class Door(Protocol):
    """The door as staff may move it, from any thread."""

    def lock(self) -> None:
        """Lock it now."""

    def unlock(self) -> None:
        """Unlock it for as long as the policy says."""


class ControlSocket:
    """Listens in the state directory until it is stopped.

    Args:
        path: Where the socket is made; one left by a dead daemon is replaced.
        door: Moved from the caller's own thread.
    """

    def __init__(self, path: Path, rhythm: Rhythm, door: Door) -> None:
        self._path = path
        self._inbox = rhythm.inbox
        self._clock = rhythm.clock
        self._door = door
        self._stop = threading.Event()
        self._crowded = threading.Event()
        self._callers = threading.BoundedSemaphore(MAX_CALLERS)
        self._talking: set[threading.Thread] = set()
        self._server: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen.

        Raises:
            DaemonError: The socket cannot be made there.
        """
        try:
            server = listen_at(self._path, MAX_CALLERS)
        except OSError as error:
            raise DaemonError(f"{self._path}: {error}; choose another kiosk.state_dir") from error
        server.settimeout(ACCEPT_S)
        self._server = server
        self._thread = threading.Thread(target=self._run, args=(server,), name="control")
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and wait for the calls that are under way."""
        self._stop.set()
        if self._thread is None or self._server is None:
            return
        self._thread.join()
        self._server.close()
        for talk in tuple(self._talking):
            talk.join()
        self._path.unlink(missing_ok=True)

    def _run(self, server: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                caller, _ = server.accept()
            except TimeoutError:
                continue
            if not self._has_place():
                caller.close()
                continue
            talk = threading.Thread(target=self._talk, args=(caller,), name="control-call")
            self._talking.add(talk)
            talk.start()

    def _has_place(self) -> bool:
        """Take a place for one more caller; for want of one, whoever says nothing is sent away."""
        if self._callers.acquire(blocking=False):
            return True
        self._crowded.set()
        free = self._callers.acquire(timeout=2 * ACCEPT_S)
        self._crowded.clear()
        return free

    def _talk(self, caller: socket.socket) -> None:
        caller.settimeout(ACCEPT_S)
        try:
            with caller:
                pending = b""
                while not self._stop.is_set() and len(pending) <= MAX_LINE:
                    line, newline, rest = pending.partition(b"\n")
                    if newline:
                        pending = rest
                        caller.sendall(self._answer(line))
                        continue
                    try:
                        more = caller.recv(4096)
                    except TimeoutError:
                        if self._crowded.is_set():
                            return
                        continue
                    if not more:
                        return
                    pending += more
        except OSError as error:
            log.info("control call ended why=%s", error.strerror)
        finally:
            self._callers.release()
            self._talking.discard(threading.current_thread())

    def _answer(self, line: bytes) -> bytes:
        question = _question(line)
        if question is None:
            return _line({"ok": False, "error": "not a JSON object on one line"})
        at = self._clock.now()
        match question.get("do"), question.get("want"):
            case "door", "lock":
                return _line(self._locked(question, at))
            case "door", "unlock":
                return _line(self._unlocked(question, at))
            case _:
                return _line(self._owners_answer(question, at))

    def _locked(self, question: Mapping[str, Json], at: Moment) -> Mapping[str, Json]:
        try:
            self._door.lock()
        except DriverError as error:
            return {"ok": False, "error": str(error)}
        # The pin is driven; the owner need only write it down.
        self._owners_answer(question, at)
        return {"ok": True, "unlocked": False}

    def _unlocked(self, question: Mapping[str, Json], at: Moment) -> Mapping[str, Json]:
        try:
            read_reason(question)
            self._door.unlock()
        except (ValueError, DriverError):
            return self._owners_answer(question, at)  # which says what is wrong
        answer = self._owners_answer(question, at)
        return answer if answer.get("ok") else {"ok": True, "unlocked": True}

    def _owners_answer(self, question: Mapping[str, Json], at: Moment) -> Mapping[str, Json]:
        answers: queue.SimpleQueue[Mapping[str, Json]] = queue.SimpleQueue()
        asked = Asked(question, answers.put, at)
        put = self._inbox.put_fact if question.get("do") == "door" else self._inbox.put
        if not put(asked):
            return {"ok": False, "error": "busy; try again"}
        try:
            return answers.get(timeout=ANSWER_S)
        except queue.Empty:
            return {"ok": False, "error": "no answer in 5 s; try again"}


def _question(line: bytes) -> Mapping[str, Json] | None:
    """Return the question on a line, None when it is none."""
    try:
        question = json.loads(line)
        # What the ledger could not write as UTF-8 must not reach the owner.
        json.dumps(question, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return question if isinstance(question, dict) else None


def _line(answer: Mapping[str, Json]) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"

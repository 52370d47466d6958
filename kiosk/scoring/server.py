"""The score service as a process: open its state, watch the policy, serve until told to stop."""

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from kiosk.clock import Clock
from kiosk.core.signing import VerifyKey
from kiosk.keyfiles import PRIVATE, write_over
from kiosk.scoring.checks import RATE, Checks
from kiosk.scoring.policies import PolicyWatch, from_file, from_hub
from kiosk.scoring.service import Scores, create_app
from kiosk.scoring.state import URL_FILE, open_state
from kiosk.scoring.store import Store
from kiosk.serving import Service, listen, serve

TIDY_S: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is to run.

    Attributes:
        owner: Whose signature makes a policy.
        policy_url: Address of the hub; "" when `policy_file` is given.
        rate: Checks a minute of one customer, whichever kiosks ask.
    """

    state: Path
    host: str
    port: int
    owner: VerifyKey
    policy_url: str = ""
    policy_file: Path | None = None
    rate: int = RATE


def run(settings: Settings, clock: Clock, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `say` gets the one line that it is ready.

    Raises:
        ScoringError: It cannot start, in one line.
        ListenError: The address is taken or not ours; nothing was made.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        state = open_state(settings.state)
        store = stack.enter_context(Store(state.database))
        source = (
            from_file(settings.policy_file)
            if settings.policy_file
            else from_hub(settings.policy_url)
        )
        fetch = stack.enter_context(source)
        watch = PolicyWatch(fetch, settings.owner, state.policy, clock.wall_s)
        watch.restore()
        watch.refresh()
        stack.enter_context(_refreshing(watch))
        checks = Checks(store, state.key, lambda: watch.policy, settings.rate)
        scores = Scores(
            checks, lambda: watch.policy, clock.wall_s, state.kiosk_token, state.admin_token
        )
        link = state.path / URL_FILE
        service = Service(
            create_app(scores), partial(_announce, link, say), Tidying(checks, clock.wall_s)
        )
        stack.callback(link.unlink, missing_ok=True)
        asyncio.run(serve(service, listener))


def _announce(link: Path, say: Callable[[str], None], url: str) -> None:
    write_over(link, f"{url}\n".encode("ascii"), PRIVATE)
    say(f"ready {url}")


@contextlib.contextmanager
def _refreshing(watch: PolicyWatch) -> Iterator[None]:
    """Refresh the policy in a thread of its own until the end."""
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,), name="policy")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass(slots=True)
class Tidying:
    """Erases what has served its time now and then; lives as long as the event loop turns."""

    checks: Checks
    now_s: Callable[[], int]
    last_s: float = field(default=float("-inf"))

    async def __call__(self) -> bool:
        """Return True: whoever gets an answer knows that the loop, which answers checks, turns."""
        if time.monotonic() >= self.last_s + TIDY_S:
            self.last_s = time.monotonic()
            try:
                self.checks.tidy(self.now_s())
            except sqlite3.Error as error:  # tried again in a minute; answers go on meanwhile
                log.warning("nothing erased now why=%s", error)
        return True

"""The hub as a process: open its state, say where the pages are, serve until told to stop."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from kiosk.clock import Clock
from kiosk.core.signing import VerifyKey
from kiosk.hub.api.logs import enrol_log, new_log
from kiosk.hub.app import close_hub, create_app, open_hub
from kiosk.hub.context import Hub, Options
from kiosk.hub.errors import HubError, RefusalError
from kiosk.hub.sessions import CODE_S
from kiosk.hub.state import open_state
from kiosk.keyfiles import PRIVATE, write_over
from kiosk.serving import Service, listen, serve

URL_FILE: Final = "hub.url"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the hub is to run.

    Attributes:
        shop: Name of the shop; None takes what the state directory says.
        enrol: Verifier keys of logs to enrol at the start.
        login_code: Print a one-time sign-in code even when this is not the first start.
    """

    state: Path
    host: str
    port: int
    owner: VerifyKey
    shop: str | None = None
    enrol: Sequence[str] = ()
    login_code: bool = False
    options: Options = field(default_factory=Options)


def run(settings: Settings, clock: Clock, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `say` gets the lines for whoever started it.

    Raises:
        HubError: It cannot start, in one line.
        ListenError: The address is taken or not ours; nothing was made.
    """
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        state = open_state(settings.state, settings.shop)
        hub = open_hub(state, settings.owner, clock, settings.options)
        stack.callback(close_hub, hub)
        _enrol(hub, settings.enrol)
        with_code = state.first or settings.login_code
        service = Service(
            create_app(hub),
            partial(_announce, hub, say, with_code=with_code),
            partial(_lives, hub),
            hub.paid.silence,
        )
        stack.callback((state.path / URL_FILE).unlink, missing_ok=True)
        asyncio.run(serve(service, listener))


def _announce(hub: Hub, say: Callable[[str], None], url: str, *, with_code: bool) -> None:
    """Say where the pages are and how to sign in; the token itself is never printed."""
    write_over(hub.state.path / URL_FILE, f"{url}\n".encode("ascii"), PRIVATE)
    say(f"ready {url}")
    if with_code:
        code = hub.sessions.new_code()
        good = f"once, within {CODE_S // 60} minutes, while it runs"
        say(f"open {url}/login?code={code} to sign in ({good})")
    else:
        say(f"pages at {url}; sign in with the token in {hub.state.staff_file}")


async def _lives(hub: Hub) -> bool:
    """Say whether the desk, which does all the writing, still takes work."""
    try:
        await hub.desk.run(lambda: None)
    except RefusalError:
        return False
    return True


def _enrol(hub: Hub, vkeys: Sequence[str]) -> None:
    for vkey in vkeys:
        log = vkey.partition("+")[0].replace("/", "~")
        try:
            work = partial(enrol_log, row=new_log(log, vkey))
            hub.desk.now(partial(hub.write_now, work))
        except RefusalError as error:
            raise HubError(f"--enrol: {error.detail}") from error

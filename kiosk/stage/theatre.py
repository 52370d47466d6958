"""The processes of a play and everything that moves them: services, daemon, clock, devices.

Opened in order and closed in reverse; nothing is left running. The directory is kept.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.base import DriverError
from drivers.sim.control import SimClient
from kiosk.clock import OFFSET_VARIABLE, Clock, create_offset
from kiosk.core.identity import mint
from kiosk.core.signing import kid_of, public_of
from kiosk.core.values import CustomerRef
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.remote.providers.allow_list import AllowList, Vouch
from kiosk.stage import props
from kiosk.stage.child import Child, alive
from kiosk.stage.ending import Ending
from kiosk.stage.errors import MachineError, ProcessError, StageError
from kiosk.stage.links import Control, wait_for
from kiosk.stage.plot import Script
from kiosk.stage.services import Services
from kiosk.stage.terminals import REMEDY, why_none
from kiosk.stage.witness import Witness

TTL_S: Final = 120  # DESIGN 8: the longest life of a token
VOUCHER_S: Final = 30 * 86_400
IDLE_S: Final = 15.0
SEEN_S: Final = 15.0  # a reader that came back is opened again after at most 10 s
DOCUMENTS_S: Final = 45.0  # a running daemon looks for new documents every 30 s
DYING_S: Final = 1.0
SOCKET: Final = "control.sock"
LOCK: Final = "play.lock"
PIDS: Final = ("daemon.pid", "hub.pid", "scores.pid")
NIGHT_S: Final = 86_400  # core: 4 h until a forgotten visit ends, 4 more until its guest is gone
SOCKET_BYTES: Final = 107  # sun_path of unix(7), without its NUL
ROLES: Final = {"reader": "exit-reader", "camera": "camera"}


class Theatre:
    """A running play; made by `opened`.

    Attributes:
        ending: Whether somebody asked the play to end.
    """

    def __init__(
        self, directory: Path, script: Script, keys: props.Keys, ending: Ending | None = None
    ) -> None:
        self.directory = directory
        self.ending = ending or Ending()
        self.many_inside = script.policy["max_inside"] > 1
        self._script = script
        self._keys = keys
        self._clock = Clock(directory / "clock", "always")
        environment = {OFFSET_VARIABLE: str(directory / "clock")}
        self._versions: Mapping[str, int] = {}
        self.control = Control(directory / SOCKET)
        self.services = Services(directory, keys, environment, self.ending.check)
        self.daemon = Child(
            directory, "daemon", ["run", "--config", str(directory / props.CONFIG)], environment
        )

    @property
    def hub_url(self) -> str:
        """Address of the hub and its pages."""
        return self.services.url("hub")

    @property
    def ahead_s(self) -> float:
        """How far the clocks of the play are ahead of this machine's, by what was skipped."""
        return self._clock.offset_ms() / 1000

    def start(self, stack: ExitStack) -> None:
        """Start hub, scores and daemon, and publish the script's documents."""
        self.start_services(stack)
        stack.callback(self.control.close)
        stack.callback(self.daemon.stop)
        self._up()
        stack.callback(self._close_sim)
        if not self.wait_for(lambda: self.status()["documents"] == self._versions, DOCUMENTS_S):
            raise ProcessError("daemon: it does not take the script's rules; see daemon.log")
        self.witness = Witness(self.directory / LEDGER_FILE)
        stack.callback(self.witness.close)
        self._empty_the_shop()

    def start_services(self, stack: ExitStack) -> None:
        """Start hub and scores only, publish the documents, and write the configuration."""
        stack.callback(self._clock.close)
        self.services.start(stack)
        self._versions = self.services.publish(self._script, self._clock.wall_s())
        self.services.seed(self._script)
        places = self.services.places()
        props.write_config(self.directory, self._keys, places, many_inside=self.many_inside)

    def restart_daemon(self) -> None:
        """Start the daemon again after it was killed or stopped, and wait until it answers."""
        self.stop_daemon()
        self._up()

    def stop_daemon(self) -> None:
        """Stop the daemon for good or for a while; hub and scores stay."""
        self.daemon.stop()
        self.control.close()
        self.sim.close()

    def check(self) -> None:
        """Raise when the play cannot go on.

        Raises:
            ProcessError: A process ended that nobody stopped.
            EndedError: Somebody asked the play to end.
        """
        self.ending.check()
        self.daemon.check()
        self.services.check()

    def wait_for(self, seen: Callable[[], bool], limit_s: float) -> bool:
        """Return whether `seen` came true in time; raise when the play cannot go on."""

        def look() -> bool:
            """Whether it came true; gives up when the play cannot go on."""
            self.check()
            return seen()

        return wait_for(look, limit_s)

    def ask(self, do: str) -> Mapping[str, Any]:
        """Return the daemon's answer to a question.

        Raises:
            ProcessError: It is gone or does not answer.
        """
        try:
            return self.control.ask(do)
        except ProcessError:
            self._check_dying()
            raise

    def status(self) -> Mapping[str, Any]:
        """Return the daemon's status."""
        found: Mapping[str, Any] = {}

        def told() -> bool:
            """Whether it answered with its status."""
            nonlocal found
            found = self.ask("status")
            return bool(found.get("ok"))

        if not wait_for(told, SEEN_S):
            raise ProcessError(f"daemon: {found.get('error')}; see daemon.log")
        return found

    def tell(self, device: str, do: str, **arguments: object) -> Mapping[str, Any]:
        """Give a simulated device an order and return what it says.

        Raises:
            StageError: It would not.
        """
        try:
            return self.sim.tell(device, do, **arguments)
        except (ValueError, DriverError) as error:
            if isinstance(error, DriverError):
                self._check_dying()
            raise StageError(f"{device}: {error}") from error

    def mint(self, customer: str, *, age_s: int) -> str:
        """Return a fresh token of this customer, made `age_s` ago."""
        return self._token(customer, props.SHOP, age_s, TTL_S, self._keys.issuer)

    def forge(self, customer: str) -> str:
        """Return a token that names the issuer's key but is signed by another."""
        forger = Ed25519PrivateKey.generate()
        return self._token(customer, props.SHOP, 0, TTL_S, forger, as_kid=self._keys.issuer)

    def voucher(self) -> str:
        """Return a voucher as staff hand it out."""
        name = f"voucher:{secrets.token_hex(4)}"
        return self._token(name, props.ORIGIN, 0, VOUCHER_S, self._keys.voucher)

    def vouch(self, customer: str) -> None:
        """Put the customer on staff's list for a day."""
        until = datetime.fromtimestamp(self._clock.wall_s(), tz=UTC) + timedelta(days=1)
        vouch = Vouch(CustomerRef(customer), until, "staff of the play")
        AllowList(self.directory / "vouched.toml").add(vouch)

    def lose(self, device: str) -> bool:
        """Take a device or a service away, and wait until the daemon has noticed a device."""
        if device not in ROLES:
            self.services.lose("hub" if device == "hub" else "scores")
            return True
        self.tell(ROLES[device], "unplug")
        return self.wait_for(lambda: ROLES[device] in self.status()["lost"], SEEN_S)

    def restore(self, device: str) -> bool:
        """Bring it back, and wait until it works again."""
        if device in ROLES:
            self.tell(ROLES[device], "replug")
            return self.wait_for(lambda: ROLES[device] not in self.status()["lost"], SEEN_S)
        self.services.restore("hub" if device == "hub" else "scores")
        return device != "hub" or self.catch_up()

    def catch_up(self) -> bool:
        """Return whether a hub that runs got every event of the kiosk in time."""
        if not self.services.running("hub"):
            return True
        return self.wait_for(self._caught_up, SEEN_S)

    def _caught_up(self) -> bool:
        """Whether the hub has everything; asks for an upload, since a back-off may be long."""
        status = self.status()
        behind = status["ledger"]["size"] > status["upload"]["acked"]
        if behind:
            self.ask("flush")
        return not behind

    def move_clock(self, by_s: float) -> bool:
        """Move every clock forward once nothing is under way; false, and unmoved, if that never is.

        Afterwards what became due has been done.
        """
        if not self.settle():
            return False
        self._clock.raise_offset(int(by_s * 1000))
        return self.settle()

    def let_pass(self, for_s: float) -> None:
        """Let real time pass, as a person takes it."""
        self.check()
        time.sleep(for_s)

    def settle(self) -> bool:
        """Return whether inbox, workers and upload of the daemon came to rest in time."""
        return self.wait_for(lambda: bool(self.ask("idle").get("idle")), IDLE_S)

    def _empty_the_shop(self) -> None:
        """Let nights pass after an earlier day; who was forgotten inside is gone by then."""
        if self.witness.earlier:
            for _ in range(2):
                self.move_clock(NIGHT_S)

    def _up(self) -> None:
        self.daemon.start()
        self.daemon.wait_until(self._answers, "its control socket answered")
        self.sim = SimClient(self.directory / "sim.sock")
        if not self.wait_for(lambda: not self.status()["lost"], SEEN_S):
            lost = ", ".join(self.status()["lost"])
            raise ProcessError(f"daemon: {lost} does not work; see {self.directory}/daemon.log")

    def _answers(self) -> bool:
        self.ending.check()
        return self.control.alive()

    def _check_dying(self) -> None:
        """Raise when the daemon ended; its sockets close a moment before it does."""
        wait_for(lambda: not self.daemon.running, DYING_S)
        self.check()

    def _close_sim(self) -> None:
        """Hang up on whichever daemon runs last."""
        self.sim.close()

    def _token(
        self,
        customer: str,
        audience: str,
        age_s: int,
        ttl_s: int,
        key: Ed25519PrivateKey,
        as_kid: Ed25519PrivateKey | None = None,
    ) -> str:
        kid = kid_of(public_of(as_kid or key))
        now_s = self._clock.wall_s() - age_s
        return mint(customer, audience, now_s, ttl_s, secrets.token_bytes(8), key, kid)


@contextmanager
def opened(directory: Path, script: Script, ending: Ending | None = None) -> Iterator[Theatre]:
    """Yield a running play in this directory, and stop all of it at the end.

    Raises:
        StageError: The directory cannot be used, or another play uses it.
        MachineError: There are no pseudo terminals for the simulated readers.
        ProcessError: A process did not become ready, or a device does not work.
        EndedError: Somebody asked the play to end.
    """
    trouble = why_none()
    if trouble:
        raise MachineError(f"{trouble}: {REMEDY}")
    with ExitStack() as stack:
        theatre = prepared(directory, script, ending)
        stack.enter_context(_claimed(directory))
        theatre.start(stack)
        yield theatre


def prepared(directory: Path, script: Script, ending: Ending | None = None) -> Theatre:
    """Return a theatre in this directory, with keys and clock, and nothing started.

    Raises:
        StageError: The directory cannot be used.
    """
    if len(os.fsencode(directory / SOCKET)) > SOCKET_BYTES:
        raise StageError(f"{directory}: too long a path for its sockets; choose a shorter --state")
    try:
        if (directory / props.CONFIG).exists() and not (directory / LOCK).exists():
            raise StageError(f"{directory}: a kiosk is set up here; give --state another directory")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (directory / LOCK).touch()
        if not (directory / "clock").exists():
            create_offset(directory / "clock")
        return Theatre(directory, script, props.make_keys(directory), ending)
    except OSError as error:
        raise StageError(
            f"{directory}: {error.strerror}; choose another directory with --state"
        ) from error


@contextmanager
def _claimed(directory: Path) -> Iterator[None]:
    """Hold the directory for one play, after looking for processes that an earlier one left."""
    with (directory / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StageError(f"{directory}: another play uses it; end that one first") from error
        left = [pid for pid in (alive(directory / name) for name in PIDS) if pid]
        if left:
            pids = " ".join(str(pid) for pid in left)
            raise StageError(f"{directory}: an earlier play was cut off; first: kill {pids}")
        yield

"""The processes of a play and everything that moves them: hub, scores, daemon, clock, devices.

Opened in order and closed in reverse; nothing is left running. The directory is kept.
"""

import secrets
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.sim.control import SimClient
from kiosk.clock import OFFSET_VARIABLE, Clock, create_offset
from kiosk.core.identity import mint
from kiosk.core.signing import kid_of, public_of
from kiosk.core.values import CustomerRef, Epc, VisitId
from kiosk.remote.hub import HubClient
from kiosk.remote.orders import PaymentOrder
from kiosk.remote.providers.allow_list import AllowList, Vouch
from kiosk.stage import props
from kiosk.stage.child import Child
from kiosk.stage.errors import ProcessError
from kiosk.stage.links import Control, wait_for
from kiosk.stage.script import Script
from kiosk.stage.witness import Witness

TTL_S: Final = 120  # DESIGN 8: the longest life of a token
VOUCHER_S: Final = 30 * 86_400
IDLE_S: Final = 15.0
SEEN_S: Final = 15.0  # a reader that came back is opened again after at most 10 s
CALL_S: Final = 5.0
LEDGER: Final = "ledger.db"
SOCKET: Final = "control.sock"
ROLES: Final = {"reader": "exit-reader", "camera": "camera"}


@dataclass(frozen=True, slots=True)
class _Services:
    hub: Child
    hub_url: str
    scores: Child
    scores_url: str


class Theatre:
    """A running play; made by `opened`."""

    def __init__(self, directory: Path, script: Script, keys: props.Keys) -> None:
        self.directory = directory
        self.many_inside = script.policy["max_inside"] > 1
        self._script = script
        self._keys = keys
        self._clock = Clock(directory / "clock", "always")
        self._environment = {OFFSET_VARIABLE: str(directory / "clock")}
        self._services: _Services | None = None
        self.control = Control(directory / SOCKET)
        self.daemon = Child(
            directory,
            "daemon",
            ["run", "--config", str(directory / props.CONFIG)],
            self._environment,
        )

    @property
    def hub_url(self) -> str:
        """Address of the hub and its pages."""
        return self._running().hub_url

    def start(self, stack: ExitStack) -> None:
        """Start hub, scores and daemon, and publish the script's documents."""
        self.start_services(stack)
        self._start_daemon(stack)

    def start_services(self, stack: ExitStack) -> None:
        """Start hub and scores only, publish the documents, and write the configuration."""
        self._stack = stack
        stack.callback(self._clock.close)
        vkey = props.log_vkey(self.directory)
        hub, hub_url = self._service(
            stack, "hub", ["--shop", props.SHOP, "--enrol", vkey, "--next-after-s", "1"]
        )
        scores, scores_url = self._service(stack, "scores", ["--policy-url", hub_url])
        self._services = _Services(hub, hub_url, scores, scores_url)
        self._publish()
        self._seed()
        places = props.Places(
            hub_url,
            scores_url,
            self.directory / "hub" / "kiosk.token",
            self.directory / "scores" / "kiosk.token",
            self.directory / "clock",
        )
        props.write_config(self.directory, self._keys, places, many_inside=self.many_inside)

    def restart_daemon(self) -> None:
        """Start the daemon again after it was killed or stopped, and wait until it answers."""
        self.daemon.stop()
        self.control.close()
        self.sim.close()
        self._up()

    def _up(self) -> None:
        self.daemon.start()
        self.daemon.wait_until(self.control.alive, "its control socket answered")
        self.sim = SimClient(self.directory / "sim.sock")
        wait_for(lambda: not self.status()["lost"], SEEN_S)

    def _close_sim(self) -> None:
        """Hang up on whichever daemon runs last."""
        self.sim.close()

    def _start_daemon(self, stack: ExitStack) -> None:
        stack.callback(self.control.close)
        stack.callback(self.daemon.stop)
        self._up()
        stack.callback(self._close_sim)
        self.witness = Witness(self.directory / LEDGER)
        stack.callback(self.witness.close)

    def status(self) -> Mapping[str, Any]:
        """Return the daemon's status."""
        return self.control.ask("status")

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

    def pay(self, visit: str, epcs: Sequence[str], amount_minor: int) -> None:
        """Record a payment at the counter, as staff do."""
        order = PaymentOrder(
            key=secrets.token_hex(8),
            kiosk=props.KIOSK,
            visit=VisitId(visit),
            epcs=tuple(Epc(epc) for epc in epcs),
            amount_minor=amount_minor,
            currency=self._script.currency,
            method="cash",
        )
        with self.staff() as hub:
            hub.record_payment(order)

    @contextmanager
    def staff(self) -> Iterator[HubClient]:
        """Yield a client with the staff's token."""
        client = HubClient(self.hub_url, self.token("hub/staff.token"), deadline_s=CALL_S)
        try:
            yield client
        finally:
            client.close()

    def get(self, path: str) -> Mapping[str, Any]:
        """Return a JSON object of the hub, asked as staff."""
        headers = {"Authorization": f"Bearer {self.token('hub/staff.token')}"}
        reply = requests.get(f"{self.hub_url}{path}", headers=headers, timeout=CALL_S)
        page: Mapping[str, Any] = reply.json()
        return page

    def token(self, name: str) -> str:
        """Return a token from the play's directory."""
        return (self.directory / name).read_text(encoding="ascii").strip()

    def login_url(self) -> str:
        """Return an address that signs in to the owner's pages once; the hub starts anew for it."""
        services = self._running()
        services.hub.stop()
        hub = services.hub.with_arguments(["--login-code"])
        self._services = replace(services, hub=hub)
        self._stack.callback(hub.stop)
        known = _links(hub)
        hub.start()
        hub.wait_until(lambda: len(_links(hub)) > len(known), "it gave a sign-in link")
        return _links(hub)[-1]

    def lose(self, device: str) -> bool:
        """Take a device or a service away, and wait until the daemon has noticed a device."""
        services = self._running()
        if device in ROLES:
            self.sim.tell(ROLES[device], "unplug")
            return wait_for(lambda: ROLES[device] in self.status()["lost"], SEEN_S)
        (services.hub if device == "hub" else services.scores).stop()
        return True

    def restore(self, device: str) -> bool:
        """Bring it back, and wait until it works again."""
        services = self._running()
        if device in ROLES:
            self.sim.tell(ROLES[device], "replug")
            return wait_for(lambda: ROLES[device] not in self.status()["lost"], SEEN_S)
        child, url = (
            (services.hub, services.hub_url)
            if device == "hub"
            else (services.scores, services.scores_url)
        )
        child.start()
        child.wait_until(lambda: _healthy(url), "its address answered")
        return device != "hub" or wait_for(self._caught_up, SEEN_S)

    def _caught_up(self) -> bool:
        """Whether the hub has everything; asks for an upload, since a back-off may be long."""
        status = self.status()
        behind = status["ledger"]["size"] > status["upload"]["acked"]
        if behind:
            self.control.ask("flush")
        return not behind

    def move_clock(self, by_s: float) -> None:
        """Move every clock forward while nothing is under way, and wait until all is quiet."""
        self.settle()
        self._clock.raise_offset(int(by_s * 1000))
        self.settle()

    def let_pass(self, for_s: float) -> None:
        """Let real time pass, as a person takes it."""
        time.sleep(for_s)

    def catch_up(self) -> None:
        """Wait until a hub that runs has every event of the kiosk."""
        if self._running().hub.running:
            wait_for(self._caught_up, SEEN_S)

    def settle(self) -> None:
        """Wait until inbox, workers and upload of the daemon are idle."""
        with suppress(ProcessError):
            wait_for(lambda: bool(self.control.ask("idle").get("idle")), IDLE_S)

    def _service(self, stack: ExitStack, name: str, more: Sequence[str]) -> tuple[Child, str]:
        state = self.directory / name
        common = ["--state", str(state), "--owner-key", self._keys.owner_key]
        child = Child(
            self.directory,
            name,
            [name, *common, "--listen", f"127.0.0.1:{_free_port()}", *more],
            self._environment,
        )
        stack.callback(child.stop)
        link = state / f"{name}.url"
        link.unlink(missing_ok=True)
        child.start()
        child.wait_until(link.exists, "it listened")
        return child, link.read_text(encoding="ascii").strip()

    def _publish(self) -> None:
        provider = self.token("scores/scores.pub")
        signed = props.documents(self._script, self._keys, provider, self._clock.wall_s())
        with self.staff() as hub:
            for kind, envelope in signed.items():
                if hub.document(kind) is None:
                    hub.put_document(kind, envelope)

    def _seed(self) -> None:
        headers = {"Authorization": f"Bearer {self.token('scores/admin.token')}"}
        for customer in self._script.customers:
            if customer.score is not None:
                url = f"{self._running().scores_url}/v1/facts/{customer.id}"
                body = {"points": customer.score}
                requests.put(url, json=body, headers=headers, timeout=CALL_S).raise_for_status()

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

    def _running(self) -> _Services:
        if self._services is None:
            raise ProcessError("the play has not started")
        return self._services


@contextmanager
def opened(directory: Path, script: Script) -> Iterator[Theatre]:
    """Yield a running play in this directory, and stop all of it at the end.

    Raises:
        ProcessError: A process did not become ready.
    """
    with ExitStack() as stack:
        theatre = prepared(directory, script)
        theatre.start(stack)
        yield theatre


def prepared(directory: Path, script: Script) -> Theatre:
    """Return a theatre in this directory, with keys and clock, and nothing started."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (directory / "clock").exists():
        create_offset(directory / "clock")
    return Theatre(directory, script, props.make_keys(directory))


def _links(hub: Child) -> list[str]:
    return [line.split()[1] for line in hub.lines() if line.startswith("open http")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.RequestException:
        return False

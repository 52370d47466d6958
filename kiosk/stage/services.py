"""Hub and scores of a play: started, given the script's documents and facts, asked as staff."""

import json
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from kiosk.core.signing import VerifyKey, kid_of, open_envelope, public_of
from kiosk.core.values import Epc, Json, VisitId
from kiosk.remote.errors import RemoteError
from kiosk.remote.http import Ask, HttpClient
from kiosk.remote.hub import HubClient
from kiosk.remote.orders import PaymentOrder
from kiosk.stage import props
from kiosk.stage.child import Child
from kiosk.stage.plot import Script

CALL_S: Final = 5.0
HEALTH_S: Final = 1.0
OK: Final = 200
TAKEN: Final = frozenset({200, 201, 204})
DATED: Final = frozenset({"version", "issued_s", "valid_until_s", "thresholds"})
"""What differs between two policies of one script; a threshold has its date in it."""


class Services:
    """Hub and scores in a play's directory, on free ports of the loopback.

    Args:
        environment: What their processes get beside the inherited variables.
        watch: Called at each look while they are awaited; raises to give up.
    """

    def __init__(
        self,
        directory: Path,
        keys: props.Keys,
        environment: Mapping[str, str],
        watch: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._keys = keys
        self._environment = environment
        self._watch = watch
        self._stack = ExitStack()
        self._children: dict[str, Child] = {}
        self._urls: dict[str, str] = {}

    def start(self, stack: ExitStack) -> None:
        """Start both; the stack stops them."""
        self._stack = stack
        vkey = props.log_vkey(self._directory)
        hub = ["--shop", props.SHOP, "--enrol", vkey, "--next-after-s", "1"]
        self._start("hub", hub)
        self._start("scores", ["--policy-url", self.url("hub")])

    def url(self, name: str) -> str:
        """Return the address of "hub" or "scores"."""
        return self._urls[name]

    def places(self) -> props.Places:
        """Return where the daemon finds both."""
        return props.Places(
            self.url("hub"),
            self.url("scores"),
            self._directory / "hub" / "kiosk.token",
            self._directory / "scores" / "kiosk.token",
            self._directory / "clock",
        )

    def running(self, name: str) -> bool:
        """Whether it runs."""
        return self._children[name].running

    def check(self) -> None:
        """Raise ProcessError when one ended though nobody stopped it."""
        for child in self._children.values():
            child.check()

    def lose(self, name: str) -> None:
        """Stop one; its port refuses from then on."""
        self._children[name].stop()

    def restore(self, name: str) -> None:
        """Start it again on its old port, and wait until it answers."""
        self._children[name].start()
        self._await(name, lambda: self._healthy(name), "its address answered")

    def publish(self, script: Script, now_s: int) -> Mapping[str, int]:
        """Publish the script's documents where they differ from what the hub has.

        Returns:
            The versions that stand now.

        Raises:
            RemoteError: The hub refused one, as it does another currency than its first.
        """
        provider = self.token("scores/scores.pub")
        payloads = props.payloads(script, self._keys, provider, now_s)
        return {kind: self._published(kind, payload) for kind, payload in payloads.items()}

    def seed(self, script: Script) -> None:
        """Give scores the facts of the script's customers.

        Raises:
            RemoteError: It did not take them.
        """
        client = HttpClient(self.url("scores"), self.token("scores/admin.token"), deadline_s=CALL_S)
        try:
            for customer in script.customers:
                if customer.score is not None:
                    body = json.dumps({"points": customer.score}).encode()
                    path = f"/v1/facts/{quote(customer.id, safe='')}"
                    headers = {"Content-Type": "application/json"}
                    reply = client.call(Ask("PUT", path, body, headers))
                    if reply.status not in TAKEN:
                        raise client.refused(reply)
        finally:
            client.close()

    def pay(self, visit: str, epcs: Sequence[str], amount_minor: int, currency: str) -> None:
        """Record a payment at the counter, as staff do.

        Raises:
            RemoteError: Not known to be recorded.
        """
        order = PaymentOrder(
            key=secrets.token_hex(8),
            kiosk=props.KIOSK,
            visit=VisitId(visit),
            epcs=tuple(Epc(epc) for epc in epcs),
            amount_minor=amount_minor,
            currency=currency,
            method="cash",
        )
        with self.staff() as hub:
            hub.record_payment(order)

    @contextmanager
    def staff(self) -> Iterator[HubClient]:
        """Yield a client with the staff's token."""
        client = HubClient(self.url("hub"), self.token("hub/staff.token"), deadline_s=CALL_S)
        try:
            yield client
        finally:
            client.close()

    def get(self, path: str) -> Mapping[str, Any]:
        """Return a JSON object of the hub, asked as staff.

        Raises:
            RemoteError: It did not answer so.
        """
        client = HttpClient(self.url("hub"), self.token("hub/staff.token"), deadline_s=CALL_S)
        try:
            reply = client.call(Ask("GET", path))
            if reply.status != OK:
                raise client.refused(reply)
            page: Mapping[str, Any] = json.loads(reply.body)
            return page
        finally:
            client.close()

    def token(self, name: str) -> str:
        """Return a token from the play's directory."""
        return (self._directory / name).read_text(encoding="ascii").strip()

    def login_url(self) -> str:
        """Return an address that signs in to the owner's pages once; the hub starts anew for it."""
        self._children["hub"].stop()
        hub = self._children["hub"].with_arguments(["--login-code"])
        self._children["hub"] = hub
        self._stack.callback(hub.stop)
        known = len(_links(hub))
        hub.start()
        self._await("hub", lambda: len(_links(hub)) > known, "it gave a sign-in link")
        return _links(hub)[-1]

    def _start(self, name: str, more: Sequence[str]) -> None:
        state = self._directory / name
        common = ["--state", str(state), "--owner-key", self._keys.owner_key]
        listen = ["--listen", f"127.0.0.1:{_free_port()}"]
        child = Child(
            self._directory, name, [name, *common, *listen, *more], dict(self._environment)
        )
        self._children[name] = child
        self._stack.callback(child.stop)
        link = state / f"{name}.url"
        link.unlink(missing_ok=True)
        child.start()
        self._await(name, lambda: link.exists() and link.read_bytes() != b"", "it listened")
        self._urls[name] = link.read_text(encoding="ascii").strip()

    def _await(self, name: str, ready: Callable[[], bool], what: str) -> None:
        def look() -> bool:
            """Whether it is ready; gives up when the play cannot go on."""
            self._watch()
            return ready()

        self._children[name].wait_until(look, what)

    def _published(self, kind: str, payload: Mapping[str, Json]) -> int:
        owner = VerifyKey(kid_of(public_of(self._keys.owner)), public_of(self._keys.owner), "owner")
        with self.staff() as hub:
            envelope = hub.document(kind)
            if envelope is None:
                version = 1
            else:
                held = open_envelope(kind, envelope, {owner.kid: owner})
                version = int(str(held["version"]))
                if _undated(held) == _undated(payload):
                    return version
                version += 1
            hub.put_document(kind, props.signed(kind, payload, version, self._keys))
        return version

    def _healthy(self, name: str) -> bool:
        client = HttpClient(self.url(name), deadline_s=HEALTH_S)
        try:
            return client.call(Ask("GET", "/healthz")).status == OK
        except RemoteError:
            return False
        finally:
            client.close()


def _undated(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a payload without what changes from play to play."""
    rest = {key: value for key, value in payload.items() if key not in DATED}
    if "thresholds" in payload:
        rest["ids"] = [threshold["id"] for threshold in payload["thresholds"]]
    return rest


def _links(hub: Child) -> list[str]:
    return [line.split()[1] for line in hub.lines() if line.startswith("open http")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The registered thresholds: only what the owner signed, with a rising version, moved rarely.

Whoever asks must not be able to move a threshold at will, so the dwell is held here too, by this
service's own clock: the hub that holds it is the owner's.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from kiosk.core.dwell import Standing, changes, stood
from kiosk.core.policy import Policy, newer, parse_policy
from kiosk.core.signing import VerifyKey, open_envelope
from kiosk.core.values import CoreError
from kiosk.keyfiles import PRIVATE, KeyFileError, write_over
from kiosk.remote.errors import RemoteError
from kiosk.remote.hub import HubClient
from kiosk.scoring.errors import StateError, TooEarlyError

LOOK_S: Final = 5.0  # a published change counts within seconds; asking costs a 304
FIRST_S: Final = 0.2  # until there is a policy at all
FETCH_S: Final = 1.0  # bounds how long stopping takes
MAX_BYTES: Final = 1 << 20

log = logging.getLogger(__name__)

Fetch = Callable[[int], bytes | None]
"""Returns the signed policy, or None when it is no newer than the version it is given."""


@contextmanager
def from_hub(url: str) -> Iterator[Fetch]:
    """Yield what asks a hub; one thread at a time may call it."""
    hub = HubClient(url, deadline_s=FETCH_S)
    try:
        yield lambda version: hub.document("policy", version)
    finally:
        hub.close()


@contextmanager
def from_file(path: Path) -> Iterator[Fetch]:
    """Yield what reads a file that holds the signed policy."""

    def fetch(version: int) -> bytes:
        """Return the whole file; it has no versions to compare."""
        del version
        with path.open("rb") as file:
            return file.read(MAX_BYTES)

    yield fetch


class PolicyWatch:
    """Keeps the newest good policy; one thread refreshes, any thread reads `policy`.

    Args:
        fetch: Where it comes from.
        owner: Whose signature counts.
        kept: File of the last good one: it holds the version up when the source is lost. Beside
            it, in `.since`, stands when each threshold was first seen as it is.
        now_s: Returns Unix seconds.
    """

    def __init__(
        self, fetch: Fetch, owner: VerifyKey, kept: Path, now_s: Callable[[], int]
    ) -> None:
        self._fetch = fetch
        self._owner = {owner.kid: owner}
        self._kept = kept
        self._since = kept.with_suffix(".since")
        self._now_s = now_s
        self._standing: Mapping[str, Standing] = {}
        self._trouble = ""
        self.policy: Policy | None = None

    def restore(self) -> None:
        """Take up the policy that was kept by the run before.

        Raises:
            StateError: The file is not a policy that this owner signed.
        """
        if not self._kept.exists():
            return
        try:
            self.policy = self._read(self._kept.read_bytes())
        except CoreError as error:
            raise StateError(
                f"{self._kept}: {error}; remove it if the owner's key has changed"
            ) from error
        self._standing = _as_signed(self.policy)
        if self._since.exists():
            seen = _seen(self._since)
            self._standing = {
                name: replace(one, since_s=seen.get(_told(one), seen.get(name, one.since_s)))
                for name, one in self._standing.items()
            }

    def refresh(self) -> None:
        """Fetch once; what is refused or out of reach leaves the policy as it is."""
        try:
            envelope = self._fetch(self.policy.version if self.policy else 0)
            if envelope is not None:
                self._take(envelope)
        except (RemoteError, CoreError, TooEarlyError, KeyFileError, OSError) as error:
            self._tell(str(error))
        else:
            self._tell("")

    def run(self, stop: threading.Event) -> None:
        """Refresh again and again until `stop`."""
        while not stop.wait(LOOK_S if self.policy else FIRST_S):
            self.refresh()

    def _take(self, envelope: bytes) -> None:
        policy = self._read(envelope)
        if self.policy is not None and not newer(self.policy.version, policy.version):
            return
        now_s = self._now_s()
        early = [one for one in changes(self._standing, policy) if one.too_early(now_s)]
        if early:
            raise TooEarlyError(f"version {policy.version} moves {early[0].id} too soon")
        # The first policy is believed about its dates: there is nothing it could have moved.
        standing = stood(self._standing, policy, now_s) if self.policy else _as_signed(policy)
        # Of both policies: whichever is kept when the power fails in between finds its own.
        seen = {_told(one): one.since_s for one in (*self._standing.values(), *standing.values())}
        write_over(self._since, json.dumps(seen).encode("ascii"), PRIVATE)
        write_over(self._kept, envelope, PRIVATE)
        self.policy, self._standing = policy, standing
        log.info("policy in force version=%d", policy.version)

    def _read(self, envelope: bytes) -> Policy:
        return parse_policy(open_envelope("policy", envelope, self._owner))

    def _tell(self, trouble: str) -> None:
        """Log once when the source goes and once when it is back."""
        if trouble and not self._trouble:
            log.warning("policy not refreshed: %s", trouble)
        if self._trouble and not trouble:
            log.info("policy refreshed again")
        self._trouble = trouble


def _as_signed(policy: Policy) -> Mapping[str, Standing]:
    return {one.id: Standing(one, one.since_s) for one in policy.thresholds}


def _told(one: Standing) -> str:
    """Return a threshold as it stands, in one word."""
    fixed = one.threshold
    return f"{fixed.id} {fixed.purpose} {fixed.points} {fixed.shadow}"


def _seen(path: Path) -> Mapping[str, int]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (msgspec.MsgspecError, OSError) as error:
        raise StateError(f"{path}: damaged; remove it and {path.with_suffix('.json')}") from error

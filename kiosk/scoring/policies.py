"""The registered thresholds: only what the owner signed, and a version that only ever rises."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kiosk.core.policy import Policy, newer, parse_policy
from kiosk.core.signing import VerifyKey, open_envelope
from kiosk.core.values import CoreError
from kiosk.keyfiles import PRIVATE, KeyFileError, write_over
from kiosk.remote.errors import RemoteError
from kiosk.remote.hub import HubClient
from kiosk.scoring.errors import StateError

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
        kept: File of the last good one: it holds the version up when the source is lost.
    """

    def __init__(self, fetch: Fetch, owner: VerifyKey, kept: Path) -> None:
        self._fetch = fetch
        self._owner = {owner.kid: owner}
        self._kept = kept
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

    def refresh(self) -> None:
        """Fetch once; what is refused or out of reach leaves the policy as it is."""
        try:
            envelope = self._fetch(self.policy.version if self.policy else 0)
            if envelope is not None:
                self._take(envelope)
        except (RemoteError, CoreError, KeyFileError, OSError) as error:
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
        write_over(self._kept, envelope, PRIVATE)
        self.policy = policy
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

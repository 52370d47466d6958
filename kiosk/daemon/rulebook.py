"""The owner's signed documents as the daemon holds them: checked, newest, kept for offline days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from kiosk.core.catalogue import Catalogue, parse_catalogue
from kiosk.core.keylist import parse_keys
from kiosk.core.policy import Policy, newer, parse_policy
from kiosk.core.signing import VerifyKey, kid_of, open_envelope
from kiosk.core.values import CoreError
from kiosk.core.visit_state import Rules

KINDS: Final = ("policy", "keys", "catalogue")
OWNER: Final = "owner"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What is held of the owner's documents; a document that is missing has version 0.

    Attributes:
        owner: The pinned owner key, 32 bytes.
        versions: Version by kind.
    """

    gate: str
    audiences: frozenset[str]
    owner: bytes
    versions: Mapping[str, int]
    policy: Policy | None = None
    keys: Mapping[str, VerifyKey] | None = None
    catalogue: Catalogue | None = None

    def adopt(self, kind: str, envelope: bytes) -> "Rulebook":
        """Return the book with this document in it.

        Raises:
            CoreError: Not signed by the owner, not valid, or not newer; the book is unchanged.
        """
        key = VerifyKey(kid_of(self.owner), self.owner, OWNER)
        payload = open_envelope(kind, envelope, {key.kid: key})
        version = payload.get("version")
        if not isinstance(version, int) or not newer(self.versions.get(kind, 0), version):
            held = self.versions.get(kind, 0)
            raise CoreError(
                f"{kind}: version {version} is not newer than {held}; publish a newer one"
            )
        versions = {**self.versions, kind: version}
        match kind:
            case "policy":
                return replace(self, versions=versions, policy=parse_policy(payload))
            case "keys":
                return replace(self, versions=versions, keys=parse_keys(payload))
            case _:
                return replace(self, versions=versions, catalogue=parse_catalogue(payload))

    def rules(self) -> Rules | None:
        """Return the rules of the gate, None until every document is there."""
        if self.policy is None or self.keys is None or self.catalogue is None:
            return None
        return Rules(self.gate, self.policy, self.catalogue, self.keys, self.audiences)

    def missing(self) -> tuple[str, ...]:
        """Return the kinds of documents that are not there yet."""
        return tuple(kind for kind in KINDS if not self.versions.get(kind))


def reload(book: Rulebook, stored: Callable[[str], bytes | None]) -> Rulebook:
    """Return the book with the last good documents from the store; a broken one is left out."""
    for kind in KINDS:
        envelope = stored(kind)
        if envelope is None:
            continue
        try:
            book = book.adopt(kind, envelope)
        except CoreError:
            # A store that was tampered with: the hub's copy, signed, will replace it.
            continue
    return book

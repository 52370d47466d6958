"""What other threads put into the inbox: core inputs, codes to be verified, news, questions.

Every message is frozen. Only the owner thread takes them out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kiosk.core.inputs import Cause
from kiosk.core.values import Json, Moment


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """A text in the token grammar was shown to a camera; `side` is "entry" or "exit"."""

    text: str
    side: str
    at: Moment


@dataclass(frozen=True, slots=True)
class FobSeen:
    """A fob was held to a reader; `fob` is its id in upper-case hex."""

    fob: str
    side: str
    at: Moment


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact that needs no translation."""

    fact: Cause


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The hub holds the log durably up to `size`."""

    size: int


@dataclass(frozen=True, slots=True)
class DocumentFetched:
    """The hub published a newer policy, key list or catalogue; not checked yet."""

    kind: str
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A question from the control socket, asked at `at`; `reply` may be called once."""

    question: Mapping[str, Json]
    reply: Callable[[Mapping[str, Json]], None]
    at: Moment


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop in order; the last message that is handled."""


Message = CodeSeen | FobSeen | Happened | Uploaded | DocumentFetched | Asked | Stop

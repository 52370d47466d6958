"""What a customer can choose by a button, or staff for them by the control socket."""

from typing import Final

from kiosk.core.inputs import GroupDeclared, WayChosen
from kiosk.core.values import Moment, Way

CHOICES: Final = (*Way, "leave", "group")


def choice(name: str, at: Moment) -> WayChosen | GroupDeclared:
    """Return what choosing one of `CHOICES` tells the core.

    Raises:
        ValueError: There is no such choice.
    """
    match name:
        case "leave":
            return WayChosen(at, None)
        case "group":
            return GroupDeclared(at)
        case _:
            return WayChosen(at, Way(name))

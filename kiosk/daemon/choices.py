"""What a customer can choose by a button."""

from kiosk.core.inputs import GroupDeclared, WayChosen
from kiosk.core.values import Moment, Way


def choice(name: str, at: Moment) -> WayChosen | GroupDeclared:
    """Return what choosing a way in, "leave" or "group" tells the core.

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

"""The pseudo terminals of this machine, over which simulated readers speak."""

import os
from typing import Final

REMEDY: Final = "sudo mount -t devpts devpts /dev/pts"


def why_none() -> str:
    """Return why no pseudo terminal is to be had here, "" when one is."""
    try:
        ends = os.openpty()
    except OSError as error:
        return f"no pseudo terminal is to be had ({error.strerror}); simulated readers need some"
    for end in ends:
        os.close(end)
    return ""

"""How long a test waits: its own limit, longer on a machine that is busy with other things."""

import os
from typing import Final

MOST: Final = 20.0


def patient_s(limit_s: float) -> float:
    """Return the limit, stretched by how many others want each core just now.

    A limit of a promise ("stops within two seconds") stays what it is on a machine that is free.
    """
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return limit_s * min(max(1.0, load), MOST)

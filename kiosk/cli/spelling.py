"""How the program was called, so that a printed command can be pasted."""

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

NAME: Final = "kiosk"
VARIABLE: Final = "KIOSK_AS"


def spelled(called: str | None = None) -> str:
    """Return `kiosk` as it was typed: the script `run` says so, else the path of the program.

    Args:
        called: The path that the system started; `sys.argv[0]` if not given.
    """
    if told := os.environ.get(VARIABLE):
        return told
    path = Path(called or sys.argv[0])
    if path.parts[-2:] == (NAME, "__main__.py"):
        return f"{shlex.quote(sys.executable)} -m {NAME}"
    found = shutil.which(NAME)
    if path.name != NAME or (found is not None and path.resolve() == Path(found).resolve()):
        return NAME
    return shlex.quote(str(path))

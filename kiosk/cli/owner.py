"""The owner's key: where a command finds it, and the one line when it is not there."""

from pathlib import Path
from typing import Annotated, Final

import typer

OwnerKeyFile = Annotated[
    Path,
    typer.Option(
        "--owner-key-file",
        help="The owner's private key; it signs here and is sent nowhere.",
    ),
]
OWNER_KEY_FILE: Final = Path("owner.key")


def owner_file(path: Path) -> Path:
    """Return where the owner's key is; KeyFileError at no file: a second key would sign nothing."""
    from kiosk.keyfiles import KeyFileError

    if not path.exists():
        remedy = "say where the owner's key is: --owner-key-file FILE (kiosk init made owner.key)"
        raise KeyFileError(f"{path}: no such file; {remedy}")
    return path

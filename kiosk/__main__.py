"""The program `kiosk`: errors become one plain line and an exit code."""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Final

from kiosk.cli.app import NOUNS, Noun, build

FAULT_EXIT_CODE: Final = 70  # sysexits.h EX_SOFTWARE: a fault of ours, none of the caller's


def main(arguments: Sequence[str] | None = None, nouns: Mapping[str, Noun] = NOUNS) -> None:
    """Run one command and exit with its code; no traceback but with KIOSK_DEBUG=1."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        build(words or _words_to_complete(), nouns)(args=words, prog_name="kiosk")
    except KeyboardInterrupt:
        sys.exit(130)  # the shell's code for Ctrl-C
    except Exception as error:
        if os.environ.get("KIOSK_DEBUG") == "1":
            raise
        sys.exit(_explain(error))


def _explain(error: Exception) -> int:
    """Print an error in one line for each thing that is wrong; return the exit code."""
    code = getattr(error, "exit_code", None)
    if isinstance(code, int):
        text = str(error)
    elif isinstance(error, OSError) and error.filename is not None:
        code, text = 2, f"{error.filename}: {error.strerror}"
    else:
        # The message of an unknown error may hold a token or a name, so it is not shown.
        code = FAULT_EXIT_CODE
        text = f"fault at {_place(error)}: {type(error).__name__} (KIOSK_DEBUG=1 shows all of it)"
    for line in text.splitlines() or [type(error).__name__]:
        sys.stderr.write(f"kiosk: {line}\n")
    return code


def _place(error: Exception) -> str:
    """File and line where an error came up."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"


def _words_to_complete() -> list[str]:
    """Return what the shell asks to complete: the words come in its variables, not as arguments."""
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return line.split()[1:]


if __name__ == "__main__":
    main()

"""What is wrong with the words of a call, in plain ones, and where the help for it is."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import typer
from typer.main import get_command

from kiosk.cli.app import Noun, build
from kiosk.cli.spelling import spelled

KIOSK_OPTIONS: Final = {"--state", "--config"}
SHOWN: Final = 40  # of a value that cannot be
NUMBERS: Final[Mapping[object, str]] = {int: "a whole number", float: "a number"}


def told(error: Exception, words: Sequence[str], nouns: Mapping[str, Noun]) -> str:
    """Return one line for what Typer would not take, or "" after a page of help.

    Args:
        error: Typer's, of words that cannot be.
    """
    wanted = _wanted(error) if isinstance(error, typer.BadParameter) else ""
    message = wanted or getattr(error, "format_message", str)()
    what = " ".join(message.removeprefix("Invalid value: ").rstrip(".").split())
    context = getattr(error, "ctx", None)
    if getattr(error, "option_name", None) in KIOSK_OPTIONS and _asks_a_hub(context):
        what = f"{what}; this asks the hub, not the kiosk: give --hub URL"
    if re.match(r"-[0-9]", getattr(error, "option_name", None) or ""):
        what = "a number below 0 is not taken here"
    path = getattr(context, "command_path", None) or _called(words, nouns)
    return f"{what} (see {path} --help)" if what else ""


def _wanted(error: typer.BadParameter) -> str:
    """Return what a value should have been, "" where the message says so itself."""
    faults = getattr(error.__cause__, "errors", None)  # pydantic's, which Typer asks
    if faults is None or error.param is None:
        return ""
    fault, judged = faults()[0], error.param.type_descriptor
    place = f"Invalid value for {error.param.get_error_hint()}"
    if judged.annotation not in NUMBERS:
        return f"{place}: {str(fault['msg']).removeprefix('Value error, ')}"
    least, most = judged.parameter_info.min, judged.parameter_info.max
    reach = (
        f" from {least:g} {'on' if most is None else f'to {most:g}'}" if least is not None else ""
    )
    return f"{place}: {str(fault['input'])[:SHOWN]!a} is not {NUMBERS[judged.annotation]}{reach}"


def _called(words: Sequence[str], nouns: Mapping[str, Noun]) -> str:
    """Return the path of the verb that was called: an option without its value names none."""
    command: object = get_command(build(words, nouns))
    path = [spelled()]
    for word in words:
        verbs = getattr(command, "commands", {})
        if word in verbs:
            command = verbs[word]
            path.append(word)
    return " ".join(path)


def _asks_a_hub(context: object) -> bool:
    """Say whether the command of the words has an option for a hub's address."""
    parameters = getattr(getattr(context, "command", None), "params", ())
    return any("--hub" in parameter.opts for parameter in parameters)

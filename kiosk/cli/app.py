"""The nouns of the command line, each loaded only when it is the one that was called.

A noun lives in `kiosk/cli/<noun>.py`, as `app` (verbs under it) or `command` (none). The lines
of help stand here, so that `kiosk --help` reads no other file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Annotated, Final

import typer

DISTRIBUTION: Final = "trust-kiosk"


@dataclass(frozen=True, slots=True)
class Noun:
    """One word after `kiosk`.

    Attributes:
        help: Its line in `kiosk --help`.
        panel: The heading it stands under.
        has_verbs: Whether its module exports `app` (verbs) rather than `command`.
        package: Where its module lies, under the noun's name.
    """

    help: str
    panel: str
    has_verbs: bool = True
    package: str = "kiosk.cli"


_START: Final = "Try it and set it up"
_RUN: Final = "Run it"
_SHOP: Final = "Day by day"
_DEVICE: Final = "Devices"
_PROOF: Final = "Records and proofs"

NOUNS: Final[Mapping[str, Noun]] = {
    "demo": Noun("Play one day in a simulated shop; leave its pages up.", _START, has_verbs=False),
    "play": Noun("Play a script against the real processes.", _START, has_verbs=False),
    "init": Noun("Make the keys and a first configuration.", _START, has_verbs=False),
    "sim": Noun("Be a customer in a simulated shop.", _START),
    "doctor": Noun("Look over this machine; say what to fix.", _START, has_verbs=False),
    "config": Noun("Check or show the configuration, or print its schema.", _START),
    "keys": Noun("Make and list keys; sign the key list.", _START),
    "run": Noun("Run the daemon: it owns the gate.", _RUN, has_verbs=False),
    "eye": Noun("Run the camera in a process of its own.", _RUN, has_verbs=False),
    "hub": Noun("Run the hub: logs, policy, owner's pages.", _RUN, has_verbs=False),
    "scores": Noun("Run the reference score provider.", _RUN),
    "status": Noun("Show what the running kiosk is doing.", _SHOP, has_verbs=False),
    "pay": Noun("Record a payment for a visit.", _SHOP, has_verbs=False),
    "item": Noun("Import and list the catalogue.", _SHOP),
    "policy": Noun("Show and change the shop's rules.", _SHOP),
    "vouch": Noun("Keep the list of customers whom staff vouch for.", _SHOP),
    "id": Noun("Make, show and verify identity tokens.", _SHOP),
    "door": Noun("Lock, unlock or test the door; see its state.", _DEVICE),
    "camera": Noun("See what the camera reads.", _DEVICE),
    "rfid": Noun("Scan, learn and survey tags; decode bytes.", _DEVICE),
    "ledger": Noun("Show, verify, prove and export the ledger.", _PROOF),
    "outbox": Noun("See what still waits to be uploaded; send it now.", _PROOF),
    "bench": Noun("Measure how fast and how well it works on this machine.", _PROOF),
}

_HELP: Final = (
    "A self-service store kiosk, fair by construction.\n\n"
    "Exit codes: 0 ok, 1 a finding, 2 usage or configuration, 3 hardware, 4 hub or provider "
    "not reachable, 70 a fault of the program itself (KIOSK_DEBUG=1 shows where), 130 ended by "
    "Ctrl-C, 141 nobody reads the output any more."
)


def build(arguments: Sequence[str], nouns: Mapping[str, Noun] = NOUNS) -> typer.Typer:
    """Build the program for one call: the called noun is loaded, the others are a line of help.

    Args:
        arguments: The words after `kiosk`; the first that is no option is the noun.
    """
    app = typer.Typer(
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    called = next((word for word in arguments if not word.startswith("-")), "")
    for name, noun in nouns.items():
        if name == called:
            _mount(app, name, noun)
        else:
            app.command(name, help=noun.help, rich_help_panel=noun.panel)(_not_called)
    return app


def _mount(app: typer.Typer, name: str, noun: Noun) -> None:
    module = import_module(f"{noun.package}.{name}")
    if noun.has_verbs:
        _flow(module.app)
        app.add_typer(module.app, name=name, rich_help_panel=noun.panel)
    else:
        help_text = _flowing(module.command.__doc__)
        app.command(name, help=help_text, rich_help_panel=noun.panel)(module.command)


def _flow(app: typer.Typer) -> None:
    """Let the help of every verb flow to the width of the terminal."""
    if app.registered_callback is not None and not isinstance(app.info.help, str):
        app.registered_callback.help = _flowing(app.registered_callback.callback.__doc__)
    for verb in app.registered_commands:
        verb.help = _flowing(verb.callback.__doc__)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _flow(group.typer_instance)


def _flowing(text: str | None) -> str:
    """Return a docstring with each paragraph on one line."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _not_called() -> None:
    """Stand in for a noun in the list of help; never called."""


def _show_version(*, value: bool) -> None:
    if value:
        typer.echo(f"kiosk {metadata.version(DISTRIBUTION)}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before the noun; `--version` has ended the call by then."""
    del version

"""`kiosk policy`: the owner's rules, from the hub to a file to change, and signed back."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kiosk.cli.owner import OWNER_KEY_FILE, OwnerKeyFile, owner_file

app = typer.Typer(
    help=(
        "Show and change the shop's rules: threshold, hours, grace, how many may be inside.\n\n"
        "Save what show prints, change that file, and publish it:\n\n"
        "kiosk policy show > policy.toml"
    ),
    no_args_is_help=True,
)

HubOption = Annotated[
    str, typer.Option("--hub", help="Address of the hub.", envvar="KIOSK_HUB_URL")
]
HUB_URL = "http://127.0.0.1:8080"
DAY_S = 86_400
DAYS = 365
SEVERAL = (
    "note: with several inside, only a kiosk with [exit_camera] tells who leaves; without it no "
    "exit is anybody's, and visits end by stay_s"
)
WORDS = (
    "# thresholds: points, 0 to 800, open the door (purpose entry); the id is a name.\n"
    "# tier: which of the tiers an opened door gives; shadow: it opens nothing."
)
ABOVE = {
    "grace_s": "# grace_s = 86400  # seconds to pay late; a play's script has hours, grace_h",
    "utc_offset_min": "# utc_offset_min = 0  # minutes east of UTC, for hours and times shown",
}
BELOW = {
    "hours": (
        "# Always open, unless there are hours: one of these for each span.\n# [[hours]]\n"
        "# days = [0, 1, 2, 3, 4]  # 0 is Monday\n# from_min = 480  # minutes from midnight\n"
        "# to_min = 1200"
    ),
    "timing": (
        "# [timing]\n# unlock_s = 10  # how long the door stays unlocked\n"
        "# stay_s = 14400  # who shows no exit for so long is taken to have left, as unresolved"
    ),
}
"""What holds where the owner wrote nothing: comments that become rules without their first mark."""


@app.command()
def show(
    *,
    hub: HubOption = HUB_URL,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Print the rules that the hub publishes, as a file to change.

    Example: kiosk policy show > policy.toml

    Exit 4 when the hub cannot be reached.
    """
    import tomlkit

    from kiosk.core.policy_draft import draft_of
    from kiosk.hub.documents import payload_of
    from kiosk.remote.hub import HubClient

    client = HubClient(hub)
    try:
        envelope = client.document("policy")
    finally:
        client.close()
    if envelope is None:
        typer.echo("no policy yet; kiosk init makes the first one", err=True)
        raise typer.Exit(1)
    payload = payload_of(envelope)
    if as_json:
        typer.echo(json.dumps(payload, indent=2))
        return
    draft = draft_of(payload)
    typer.echo(f"# version {payload['version']}; publish what you change: kiosk policy publish")
    typer.echo(WORDS)
    _echo_missing(ABOVE, draft)
    typer.echo(tomlkit.dumps(draft))
    _echo_missing(BELOW, draft)


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(help="The rules, as kiosk policy show prints them.")],
    *,
    owner_key_file: OwnerKeyFile = OWNER_KEY_FILE,
    hub: HubOption = HUB_URL,
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=3650,
            help="How long it holds without a new version; publishes unchanged rules anew.",
            show_default=str(DAYS),
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would change, and whether the hub would take it."),
    ] = False,
) -> None:
    """Sign the rules as the next version and publish them; kiosks follow within seconds.

    A threshold that moves must have stood for seven days, so that nobody can find a customer's
    score by moving it; everything else may change at any time. Rules that are as they were are not
    published again, unless --days says so.

    Example: kiosk policy publish policy.toml --owner-key-file owner.key

    Every rule that is wrong is named by its line, before key and hub are asked for.

    Exit 2 when a rule or the key is wrong or the hub refuses, 4 when it cannot be reached.
    """
    from kiosk.clock import Clock
    from kiosk.core.canonical import encode
    from kiosk.core.policy_draft import draft_of, next_version
    from kiosk.core.signing import sign
    from kiosk.hub.shelf import believed
    from kiosk.keyfiles import load_private
    from kiosk.remote.hub import HubClient

    now_s = Clock.from_environment().wall_s()
    rules = _rules(file, now_s)
    owner = load_private(owner_file(owner_key_file))
    client = HubClient(hub)
    try:
        held = believed(client, "policy", owner) or {}
        payload = next_version(held or None, rules, now_s, now_s + (days or DAYS) * DAY_S)
        news = _news(draft_of(held), draft_of(payload))
        if not news and not days and _until(held) > now_s:
            typer.echo(_unchanged(held))
            return
        if dry_run:
            client.check_policy(encode(payload))
        else:
            client.put_document("policy", sign("policy", payload, owner))
    finally:
        client.close()
    did = "would be" if dry_run else "is"
    news = news or "the rules as they were"
    typer.echo(f"policy version {payload['version']} {did} published: {news}; {_ends(payload)}")
    if payload.get("max_inside", 1) != 1:
        typer.echo(SEVERAL)


def _echo_missing(texts: Mapping[str, str], draft: Mapping[str, Any]) -> None:
    for name, text in texts.items():
        if name not in draft:
            typer.echo(text)


def _rules(file: Path, now_s: int) -> Mapping[str, Any]:
    """Return the rules in a file; SettingsError with every fault in them, each at its line."""
    from kiosk.core.policy_draft import faults_in
    from kiosk.settings import SettingsError
    from kiosk.settings.files import read, told
    from kiosk.settings.places import key_of

    document = read(file, "kiosk policy show > policy.toml writes one")
    found = [(key_of(each.path)[1:], each.problem) for each in faults_in(document.values, now_s)]
    if found:
        raise SettingsError(told(file, document, found))
    return document.values


def _news(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the rules that change and how, "" for none; of lists only the names."""
    names = sorted(before.keys() | after.keys())
    return ", ".join(
        _change(each, before.get(each), after.get(each))
        for each in names
        if before.get(each) != after.get(each)
    )


def _change(name: str, before: object, after: object) -> str:
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        return _news(_fields(name, before), _fields(name, after))
    if isinstance(before, list) or isinstance(after, list):
        return name
    was, will = ("not set" if each is None else each for each in (before, after))
    return f"{name} {was} -> {will}"


def _fields(name: str, table: object) -> Mapping[str, Any]:
    """Return a table's fields by their whole names; none where there is no table."""
    rows = table.items() if isinstance(table, Mapping) else ()
    return {f"{name}.{key}": value for key, value in rows}


def _unchanged(held: Mapping[str, Any]) -> str:
    version, renew = held["version"], f"to publish it anew, give --days {DAYS}"
    return f"unchanged: nothing published; version {version} holds {_ends(held)} ({renew})"


def _ends(payload: Mapping[str, Any]) -> str:
    return f"until {datetime.fromtimestamp(_until(payload), UTC):%Y-%m-%d %H:%M} UTC"


def _until(payload: Mapping[str, Any]) -> int:
    """Return the Unix second at which a policy ends, 0 for none."""
    return int(payload.get("valid_until_s", 0))

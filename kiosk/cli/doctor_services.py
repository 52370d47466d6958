"""Hub and provider: do they answer, and may this kiosk speak to them?"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from kiosk.cli.doctor_finding import Finding, fix, note, ok
from kiosk.core.policy import parse_policy
from kiosk.core.signing import SigningError, VerifyKey, b64decode, kid_of, open_envelope
from kiosk.core.values import CoreError
from kiosk.remote.errors import RemoteError
from kiosk.remote.http import Ask, HttpClient
from kiosk.remote.hub import HubClient
from kiosk.settings import Settings, SettingsError

HUB_S: Final = 2.0
DOCUMENTS: Final = ("policy", "keys", "catalogue")


def services(settings: Settings) -> Iterator[Finding]:
    """Yield whether hub and provider answer, and whether the tokens for them can be read."""
    hub = _answers("hub", settings.hub.url)
    yield hub
    if hub.mark == "OK":
        yield from _rules(settings)
    if settings.provider.kind == "http" and settings.provider.url is not None:
        yield _answers("provider", settings.provider.url)
    yield from _tokens(settings)


def _answers(what: str, url: str) -> Finding:
    client = HttpClient(url, deadline_s=HUB_S)
    command = "kiosk hub" if what == "hub" else "kiosk scores"
    try:
        reply = client.call(Ask("GET", "/healthz"))
    except RemoteError as error:
        return fix(what, str(error), f"start it ({command}), or correct {what}.url")
    finally:
        client.close()
    if reply.status == HTTPStatus.OK:
        return ok(what, f"{url} answers")
    return fix(what, f"{url} answers {reply.status}", f"see the log of {command}")


def _rules(settings: Settings) -> Iterator[Finding]:
    """Yield what the hub has not published yet, and whether the rules fit the devices."""
    try:
        client = HubClient(settings.hub.url, settings.hub_token)
    except SettingsError:
        return  # the line of the token says so
    try:
        found = {kind: client.document(kind) for kind in DOCUMENTS}
    except RemoteError as error:
        yield fix("rules", str(error), "see the log of kiosk hub")
        return
    finally:
        client.close()
    missing = ", ".join(kind for kind, envelope in found.items() if envelope is None)
    if missing:
        remedy = "kiosk keys publish policy.json keys.json catalogue.json"
        yield note("rules", f"the hub has no {missing} yet, so the kiosk does not start", remedy)
    if found["policy"] is not None:
        yield from _fit(found["policy"], settings)


def _fit(envelope: bytes, settings: Settings) -> Iterator[Finding]:
    """Yield whether the policy is of this shop's owner, and asks nothing that a device lacks."""
    public = b64decode(settings.owner_key)
    owner = VerifyKey(kid_of(public), public, "owner")
    try:
        inside = parse_policy(open_envelope("policy", envelope, {owner.kid: owner})).max_inside
    except SigningError:
        detail = f"{settings.hub.url} serves rules that this shop's owner did not sign"
        yield fix("rules", detail, "is it another shop's hub? correct hub.url or hub.owner_key")
        return
    except CoreError:
        return  # kiosk run says what is wrong with it
    if inside > 1 and settings.exit_camera is None:
        detail = f"max_inside is {inside}, but no [exit_camera] tells who of them leaves"
        remedy = "add one, or set max_inside = 1; until then visits end only by stay_s"
        yield note("rules", detail, remedy)


def _tokens(settings: Settings) -> Iterator[Finding]:
    for what in ("hub", "provider"):
        try:
            token = settings.hub_token if what == "hub" else settings.provider_token
        except SettingsError as error:
            detail, _, remedy = str(error).partition(" (")
            yield fix(f"{what} token", detail, remedy.removesuffix(")") or "copy it there anew")
        else:
            if token:
                yield ok(f"{what} token", "is there")

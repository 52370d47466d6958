"""Hub and provider: do they answer, and may this kiosk speak to them?"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from kiosk.cli.doctor_finding import Finding, fix, ok
from kiosk.remote.errors import RemoteError
from kiosk.remote.http import Ask, HttpClient
from kiosk.settings import Settings, SettingsError

HUB_S: Final = 2.0


def services(settings: Settings) -> Iterator[Finding]:
    """Yield whether hub and provider answer, and whether the tokens for them can be read."""
    yield _answers("hub", settings.hub.url)
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

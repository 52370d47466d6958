"""The clients of hub and provider that the configuration asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from kiosk.core.signing import VerifyKey
from kiosk.remote.hub import HubClient
from kiosk.remote.payments.base import PaymentProvider
from kiosk.remote.payments.counter import CounterPayments
from kiosk.remote.providers.base import Provider
from kiosk.remote.providers.none import NoProvider
from kiosk.remote.providers.score import ScoreProvider
from kiosk.remote.providers.vouch import VouchProvider
from kiosk.settings import Settings

SETTLE_S: Final = 2.0  # Settling waits five seconds; a customer stands at the exit

Keys = Callable[[], Mapping[str, VerifyKey]]


@dataclass(frozen=True, slots=True)
class Services:
    """Every client, one per thread that uses it.

    Attributes:
        settling: Asked once more when an exit is settled.
        counter: Gives a client of the counter for a staff's token.
        feed: Long-polled for payments.
        upload: Takes the log.
        documents: Gives the owner's documents.
    """

    providers: Mapping[str, Provider]
    settling: PaymentProvider
    counter: Callable[[str], HubClient]
    feed: PaymentProvider
    upload: HubClient
    documents: HubClient


def connect(settings: Settings, keys: Keys) -> Services:
    """Return the clients; nothing is sent yet.

    Args:
        keys: The signed key list as it is now; the provider's answers are checked with it.
    """
    vouch: Provider = VouchProvider(settings.allow_list)
    score = _provider(settings, keys, vouch)
    name = settings.kiosk.name
    url, token = settings.hub.url, settings.hub_token
    return Services(
        {"score": score, "vouch": vouch},
        CounterPayments(HubClient(url, token, deadline_s=SETTLE_S), name),
        lambda staff: HubClient(url, staff, deadline_s=SETTLE_S),
        CounterPayments(HubClient(url, token, deadline_s=SETTLE_S), name),
        HubClient(url, token),
        HubClient(url, token),
    )


def _provider(settings: Settings, keys: Keys, vouch: Provider) -> Provider:
    if settings.provider.url is not None:
        return ScoreProvider(settings.provider.url, settings.provider_token, keys)
    return vouch if settings.provider.kind == "vouch" else NoProvider()

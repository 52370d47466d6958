"""The score service over HTTP: checks, test facts, health. A number comes in and never goes out.

Handlers run one after another on the event loop: one thread owns the store.
"""

import hmac
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kiosk.core.document import NAME
from kiosk.core.identity import CUSTOMER
from kiosk.core.policy import MAX_POINTS, MAX_THRESHOLDS, Policy
from kiosk.core.values import CustomerRef
from kiosk.scoring.checks import Checks, Question, Refusal

MAX_BODY: Final = 4096  # a question with four thresholds takes under 700 bytes
RETRY_S: Final = 30
VERSION: Final = "1"

log = logging.getLogger(__name__)


def _text(pattern: str) -> StringConstraints:
    return StringConstraints(pattern=f"^{pattern}$")


RequestIdText = Annotated[str, _text(r"[A-Za-z0-9_.:-]{1,64}")]
KioskText = Annotated[str, _text(r"[A-Za-z0-9_.:/-]{1,128}")]
CustomerText = Annotated[str, _text(CUSTOMER.pattern)]
NameText = Annotated[str, _text(NAME.pattern)]
NonceText = Annotated[str, _text(r"[A-Za-z0-9_-]{8,64}")]


class QuestionBody(BaseModel):
    """A question: does this customer meet these thresholds, all registered for this purpose?"""

    model_config = ConfigDict(extra="forbid", strict=True)

    request_id: RequestIdText = Field(description="Repeat it to get the same answer again.")
    kiosk: KioskText = Field(description="Who asks.")
    customer: CustomerText = Field(description="Pairwise reference from the identity token.")
    purpose: NameText
    thresholds: Annotated[
        list[NameText], Field(min_length=1, max_length=MAX_THRESHOLDS, description="Their ids.")
    ]
    nonce: NonceText = Field(description="The token's; only its first asker gets an answer.")


class EnvelopeBody(BaseModel):
    """A signed answer: the question, answers, reasons, iat and valid_until."""

    payload: str = Field(description="Canonical JSON in base64url.")
    kid: str
    sig: str = Field(description='Ed25519 over "kiosk/answer/v1\\n" and the payload bytes.')


class FactBody(BaseModel):
    """A test fact: the base of a customer's score, in place of the formula's own."""

    model_config = ConfigDict(extra="forbid", strict=True)

    points: Annotated[int, Field(ge=0, le=MAX_POINTS)]


class ProblemBody(BaseModel):
    """Why there is no answer, in one line."""

    detail: str


class HealthBody(BaseModel):
    """The service answers.

    Attributes:
        policy: Version of the policy in force, 0 before there is one.
    """

    status: str
    policy: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What the handlers work with.

    Attributes:
        now_s: Returns Unix seconds.
        policy: Returns the policy in force.
    """

    checks: Checks
    policy: Callable[[], Policy | None]
    now_s: Callable[[], int]
    kiosk_token: str = field(repr=False)
    admin_token: str = field(repr=False)


def create_app(scores: Scores) -> FastAPI:
    """Return the application; its OpenAPI names every status that it can answer."""
    app = FastAPI(
        title="Score service",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        max_body_size=MAX_BODY,
        responses=_problems(HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        # A span or a log record would carry the path, and so a customer, to a third party.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.exception_handler(RequestValidationError)(_say_what_is_wrong)
    app.exception_handler(sqlite3.Error)(_say_not_written)
    _add_checks(app, scores)
    _add_facts(app, scores)

    @app.get("/healthz")
    async def healthz() -> HealthBody:
        """Say that the service lives, and by which policy."""
        policy = scores.policy()
        return HealthBody(status="ok", policy=policy.version if policy else 0)

    return app


def _add_checks(app: FastAPI, scores: Scores) -> None:
    statuses = (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)

    @app.post(
        "/v1/checks",
        dependencies=[Depends(_bearer(scores.kiosk_token))],
        response_model=EnvelopeBody,
        responses=_problems(*_REFUSALS, HTTPStatus.BAD_REQUEST, *statuses),
    )
    async def check(body: QuestionBody) -> Response:
        """Answer yes, no or unknown per threshold, signed, for at most five minutes."""
        question = Question(
            body.request_id,
            body.kiosk,
            CustomerRef(body.customer),
            body.purpose,
            tuple(body.thresholds),
            body.nonce,
        )
        answer = scores.checks.answer(question, scores.now_s())
        if isinstance(answer, Refusal):
            wait_s = answer.retry_after_s
            headers = {"Retry-After": str(wait_s)} if wait_s else None
            raise HTTPException(answer.status, answer.detail, headers)
        return Response(answer, media_type="application/json")


def _add_facts(app: FastAPI, scores: Scores) -> None:
    customer_path = Path(description="Pairwise reference.")
    admin = [Depends(_bearer(scores.admin_token))]

    @app.put(
        "/v1/facts/{customer}",
        dependencies=admin,
        status_code=HTTPStatus.NO_CONTENT,
        responses=_problems(*_REFUSALS, HTTPStatus.BAD_REQUEST),
    )
    async def put_fact(customer: Annotated[CustomerText, customer_path], body: FactBody) -> None:
        """Set a test fact; a customer without any is unknown."""
        scores.checks.seed(CustomerRef(customer), body.points)

    @app.delete(
        "/v1/facts/{customer}",
        dependencies=admin,
        status_code=HTTPStatus.NO_CONTENT,
        responses=_problems(*_REFUSALS),
    )
    async def forget(customer: Annotated[CustomerText, customer_path]) -> None:
        """Erase everything about the customer, who is unknown from then on."""
        scores.checks.forget(CustomerRef(customer))


def _bearer(token: str) -> Callable[..., Awaitable[None]]:
    """Return the dependency that lets in who holds `token`."""
    scheme = HTTPBearer(auto_error=False)
    wanted = token.encode()

    async def holds(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)],
    ) -> None:
        """Refuse a request without the token."""
        if given is None or not hmac.compare_digest(given.credentials.encode(), wanted):
            challenge = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(HTTPStatus.UNAUTHORIZED, "not the token for this", challenge)

    return holds


async def _say_what_is_wrong(_: Request, error: RequestValidationError) -> Response:
    """Return place and rule of the first error, never the value: it may name a customer."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return JSONResponse({"detail": f"{place}: {first['msg']}"}, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _say_not_written(_: Request, error: sqlite3.Error) -> Response:
    """Return that nothing was kept; the place that says why is our own log."""
    log.error("store not written why=%s", error)
    return JSONResponse(
        {"detail": "the service cannot write its store; see its log"},
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"Retry-After": str(RETRY_S)},
    )


def _problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    return {
        status.value: {"model": ProblemBody, "description": status.phrase} for status in statuses
    }


_REFUSALS: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

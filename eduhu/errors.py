"""The one error tree, and the one shape in which an error leaves the house.

Raise from this tree; the type says what the client can do next. REST, SSE and
WebSocket all answer with `problem()`: RFC 9457 members plus `code`,
`request_id`, and `error` (= `detail`, for older clients).
"""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, ClassVar

from django.db import InterfaceError, OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from eduhu import outcomes

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

Text = str | Promise


class EduhuError(Exception):
    """Something a client is told about. Texts are translated when they are rendered.

    `retry_after` is in whole seconds. `extra` members join the body, so they
    must hold nothing internal.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "server_error"
    detail: Text = _("An unexpected server error occurred. Please try again in a moment.")
    retry_after: int | None = None

    def __init__(
        self, detail: Text | None = None, *, retry_after: int | None = None, **extra: Any
    ) -> None:
        if detail is not None:
            self.detail = detail
        if retry_after is not None:
            self.retry_after = max(1, retry_after)
        self.extra = extra
        super().__init__(self.code)


class InvalidInput(EduhuError):
    """The request can never succeed as it is. `errors` names the fields."""

    status = 400
    code = "invalid_input"
    detail = _("Your request could not be processed. Please check what you entered.")


class MalformedBody(InvalidInput):
    """The body is not the JSON it says it is."""

    code = "malformed_body"
    detail = _("The request body is not valid JSON.")


class EmptyMessage(InvalidInput):
    """A message without text."""

    code = "empty_message"
    detail = _("The message must not be empty. Please write what you need.")


class InvalidCursor(InvalidInput):
    """A page cursor this server did not make."""

    code = "invalid_cursor"
    detail = _("This page link is not valid. Please load the list again.")


class ModelNotAllowed(InvalidInput):
    """A model outside the operator's list."""

    code = "model_not_allowed"
    detail = _("This AI model is not available here. Please choose another one.")


class NotAuthenticated(EduhuError):
    """No token, or one that is wrong or expired."""

    status = 401
    code = "not_authenticated"
    detail = _("Please sign in.")


class WrongCredentials(NotAuthenticated):
    """Login refused; says nothing about which part was wrong."""

    code = "wrong_credentials"
    detail = _("E-mail address or password is wrong. Please try again.")


class PermissionDenied(EduhuError):
    """Known, but not allowed to do this."""

    status = 403
    code = "permission_denied"
    detail = _("You are not allowed to do this.")


class NotFound(EduhuError):
    """Missing, deleted, or somebody else's: the three look alike."""

    status = 404
    code = "not_found"
    detail = _("This was not found.")


class RealtimeOff(NotFound):
    """Nothing is mirrored to InstantDB here."""

    code = "realtime_off"
    detail = _("Live updates through InstantDB are not switched on here.")


class MethodNotAllowed(EduhuError):
    """The path exists, the verb does not."""

    status = 405
    code = "method_not_allowed"
    detail = _("This method is not allowed here.")

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        super().__init__()
        self.allowed = ", ".join(allowed)


class NotAcceptable(EduhuError):
    """No representation the client would accept."""

    status = 406
    code = "not_acceptable"
    detail = _("This format is not available.")


class Conflict(EduhuError):
    """The row is not in a state that allows this."""

    status = 409
    code = "conflict"
    detail = _("This does not fit the current state. Please reload and try again.")


class IdTaken(Conflict):
    """A client's own id is in use; says nothing about by whom."""

    code = "id_taken"
    detail = _("This id is already in use. Please choose a new one.")


class ReplyInProgress(Conflict):
    """One live reply per chat. Carries `reply_id`, so that a client can attach."""

    code = "reply_in_progress"
    detail = _("The assistant is still answering in this chat. Wait for the end, or stop it.")


class CannotContinue(Conflict):
    """The reply has come to its proper end."""

    code = "cannot_continue"
    detail = _("This answer is complete. To get another one, ask again.")


class RequestInProgress(Conflict):
    """The same `Idempotency-Key` is being worked on right now."""

    code = "request_in_progress"
    detail = _("The same request is still being worked on. Please wait a moment.")
    retry_after = 1


class PreconditionFailed(EduhuError):
    """`If-Match` names a revision that is no longer the current one, which `revision` is."""

    status = 412
    code = "precondition_failed"
    detail = _("This was changed in the meantime. Please load it again, then repeat your change.")


class PreconditionRequired(EduhuError):
    """A change that could overwrite another one has to say what it changes."""

    status = 428
    code = "precondition_required"
    detail = _('Please send If-Match with the ETag of what you change, such as "3".')


class IdempotencyKeyReused(EduhuError):
    """The `Idempotency-Key` came before, with another request."""

    status = 422
    code = "idempotency_key_reused"
    detail = _("This Idempotency-Key was used for another request. Please choose a new one.")


class PayloadTooLarge(EduhuError):
    """The body is over the server's cap."""

    status = 413
    code = "payload_too_large"
    detail = _("Your request is too large. Please shorten it.")


class MessageTooLong(PayloadTooLarge):
    """One message is over the limit of characters."""

    code = "message_too_long"
    detail = _("Your message is too long. Please shorten it to 100,000 characters.")


class UnsupportedMediaType(EduhuError):
    """The body is not JSON by its own word."""

    status = 415
    code = "unsupported_media_type"
    detail = _("Please send JSON (Content-Type: application/json).")


class TooManyRequests(EduhuError):
    """A limit was reached; always carries `retry_after`."""

    status = 429
    code = "rate_limited"
    detail = _("Too many requests. Please wait a moment.")
    retry_after = 1


class TooManyReplies(TooManyRequests):
    """The teacher has the allowed number of replies running."""

    code = "too_many_replies"
    detail = _("Several answers are still being written. Please wait for one to finish.")


class Unavailable(EduhuError):
    """Something we need is away for a moment; trying again is right."""

    status = 503
    code = "unavailable"
    detail = _("The service is busy at the moment. Please try again shortly.")
    retry_after = 5


class CircuitOpen(Unavailable):
    """A service failed several times in a row and is not asked; `retry_after` says until when."""

    code = "circuit_open"
    detail = _("A service we need did not answer and is given a moment. Please try again shortly.")


class SwitchedOff(Unavailable):
    """Operators want it so: refused, but no failure that anybody should be woken for."""

    code = "switched_off"
    retry_after = 60


class FeatureOff(SwitchedOff):
    """Operators have switched a feature off; `feature` names it."""

    code = "feature_off"
    detail = _(
        "This is switched off for the moment. Nothing of yours is lost; please try again later."
    )


class ModelOff(SwitchedOff):
    """Operators have switched a model off; `model` names it."""

    code = "model_off"
    detail = _(
        "This AI model is switched off for the moment. Please choose another one, or try again"
        " later."
    )


class Maintenance(SwitchedOff):
    """Operators let everybody read only; `retry_after` says until when, as far as known."""

    code = "maintenance"
    detail = _(
        "eduhu is being maintained: you can read everything, but nothing can be changed now."
        " Please try again later."
    )


class RealtimeUnavailable(Unavailable):
    """InstantDB did not give a token; our own API knows everything without it."""

    code = "realtime_unavailable"
    detail = _("Live updates are not available at the moment. Please try again shortly.")


class ProviderError(EduhuError):
    """The AI service failed. The teacher's message is stored; a retry is safe."""

    status = 502
    code = "provider_error"
    detail = _("The AI service could not answer. Your message is saved; please try again.")


class ProviderUnavailable(ProviderError):
    """No connection, a 5xx, or a broken stream."""

    status = 503
    code = "provider_unavailable"
    detail = _("The AI service is temporarily unavailable. Your message is saved; try again soon.")


class ProviderTimeout(ProviderError):
    """Silence, or the total deadline has passed."""

    status = 504
    code = "provider_timeout"
    detail = _("The AI service took too long. Your message is saved; please try again.")


class ProviderRateLimited(ProviderError):
    """The AI service asks us to wait."""

    status = 503
    code = "provider_rate_limited"
    detail = _("The AI service is overloaded. Your message is saved; please wait a moment.")


class ProviderRefused(ProviderError):
    """The AI service rejects the request itself (key, model, length)."""

    code = "provider_refused"
    detail = _("The AI service did not accept this request. Please tell your administrator.")


class ProviderUntrusted(ProviderError):
    """The AI service does not prove that it is who it should be (certificate)."""

    code = "provider_untrusted"
    detail = _("The AI service cannot be reached securely. Please tell your administrator.")


class DocumentNotMade(ProviderError):
    """The AI service sent no valid document, not even when told what was wrong.

    `spent` is what it is paid for that, where it is known (`chats.providers.base.Usage`).
    """

    spent: Any = None
    code = "document_not_made"
    detail = _("The AI service could not make this material properly. Please try again.")


class ReplyInterrupted(EduhuError):
    """The process that wrote the reply is gone; the text so far is kept."""

    status = 503
    code = "reply_interrupted"
    detail = _("The answer was interrupted. The text so far is saved; please ask again.")


def problem(error: EduhuError, request_id: str) -> dict[str, Any]:
    """The body of an error (RFC 9457), in the active language.

    The request counts as failed only where nobody wanted it so.
    """
    if isinstance(error, SwitchedOff):
        outcomes.is_wanted.set(True)
    detail = str(error.detail)
    return {
        "type": f"urn:eduhu:error:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": detail,
        "error": detail,
        "code": error.code,
        "request_id": request_id,
        **error.extra,
    }


def headers(error: EduhuError) -> dict[str, str]:
    """Return the headers that belong to an error."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, MethodNotAllowed) and error.allowed:
        headers["Allow"] = error.allowed
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def as_eduhu_error(error: Exception) -> EduhuError:
    """Turn any exception into one a client may see; what nobody expected is logged here."""
    if isinstance(error, EduhuError):
        return error
    if isinstance(error, (OperationalError, InterfaceError)):
        logger.warning("database unavailable", exc_info=error)
        return Unavailable()
    logger.error("unexpected error", exc_info=error)
    return EduhuError()


def by_code(code: str) -> EduhuError:
    """Return the error a stored `code` stands for; the general one for an unknown code."""
    pending: list[type[EduhuError]] = [EduhuError]
    while pending:
        kind = pending.pop()
        if kind.code == code:
            return kind()
        pending.extend(kind.__subclasses__())
    return EduhuError()

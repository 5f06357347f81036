"""Keys stay out of what a provider hands on, also if a vendor echoes them: replies, errors, and what errors came
from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from providers.errors import Lost, ProviderError
from providers.reading.error_text import KEY, scrub, scrub_error

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from providers.types import Choice, Reply

SHORTEST = 8
"""What is shorter is no key, and a text may well hold it."""


def clean_reply(reply: Reply, secrets: Collection[str]) -> Reply:
    """The same reply without the keys, whole as they are, in any of its texts."""
    if not secrets or not any(len(secret) >= SHORTEST for secret in secrets):
        return reply
    return replace(
        reply,
        choices=_choices(reply.choices, secrets),
        model=_without(reply.model, secrets),
        request_id=_without(reply.request_id, secrets),
        service_tier=_without(reply.service_tier, secrets),
        inference_geo=_without(reply.inference_geo, secrets),
        speed=_without(reply.speed, secrets),
        server_version=_without(reply.server_version, secrets),
        rate_headers=_headers(reply.rate_headers, secrets),
        notes=tuple(scrub(note, secrets) for note in reply.notes),
    )


def clean_error(error: ProviderError, secrets: Collection[str]) -> None:
    """Takes keys out of all that the error holds, and cuts its causes off if they name one."""
    scrub_error(error, secrets)
    error.request_id = _without(error.request_id, secrets)
    error.rate_headers = _headers(error.rate_headers, secrets)
    if isinstance(error, Lost):
        error.choices = _choices(error.choices, secrets)
        error.reply_id = _without(error.reply_id, secrets)
    if any(_holds(str(cause), secrets) for cause in _causes(error)):
        error.__cause__, error.__context__ = None, None
        error.__suppress_context__ = True


def _choices(choices: tuple[Choice, ...], secrets: Collection[str]) -> tuple[Choice, ...]:
    if not any(_holds(c.text, secrets) or _holds(c.reasoning or "", secrets) for c in choices):
        return choices
    return tuple(
        replace(c, text=_without(c.text, secrets) or "", reasoning=_without(c.reasoning, secrets))
        for c in choices
    )


def _headers(headers: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    return {name: _without(value, secrets) or "" for name, value in headers.items()}


def _without(text: str | None, secrets: Collection[str]) -> str | None:
    for secret in secrets:
        if text and len(secret) >= SHORTEST:
            text = text.replace(secret, KEY)
    return text


def _holds(text: str, secrets: Collection[str]) -> bool:
    return any(secret in text for secret in secrets if len(secret) >= SHORTEST)


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    at = error.__cause__ or error.__context__
    while at is not None and len(causes) < 16:
        causes.append(at)
        at = at.__cause__ or at.__context__
    return causes

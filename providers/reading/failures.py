"""From an HTTP status and an error body to the error class: what it may have cost, and what helps. Pure.

A refusal is free: any 4xx but those of MAY_BE_BILLED and a 400 of Azure's content filter; 529; and 500/503 with an
error body from the vendor's own host (or if the user says so). Everything else may have been billed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from providers.errors import (
    BadRequest,
    Lost,
    MayHaveCost,
    Overloaded,
    ProviderError,
    RateLimited,
    Stopped,
    TooManySamples,
)
from providers.reading.error_text import (
    clean_message,
    excerpt,
    message_of,
    one_line,
    read_error,
    scrub,
    scrub_error,
)
from providers.reading.headers import rate_headers, request_id_of, retry_after_s, wait_in_message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from providers.reading.error_text import Said

__all__ = [
    "clean_message",
    "excerpt",
    "failure_from_status",
    "message_of",
    "one_line",
    "rate_headers",
    "request_id_of",
    "retry_after_s",
    "scrub",
    "scrub_error",
]

MAY_BE_BILLED = frozenset({408, 409, 424, 425, 499})
"""A 4xx that a server or a gateway answers when work was begun: time-out, conflict, a failed dependency, too early, the
client gone."""
TOO_LARGE = frozenset({413, 414, 431})
"""It is this prompt that is too large."""
CHARGED_FILTER = "content_filter"
"""The code of Azure's content filter: its 400 is charged."""
NO_CREDIT = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "exceeded_current_quota_error",
        "insufficient_balance",
        "insufficient_credits",
        "account_deactivated",
        "account_suspended",
        "organization_on_hold",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
    }
)
"""Codes and types of a 429 or 400 that only a payment mends. The word billing in a message is no sign of it:
OpenAI's ordinary rate-limit message ends with the address of its billing page."""
_NO_CREDIT = re.compile(
    r"credit balance is too low|insufficient (?:balance|credits?|funds)|(?:usage|spend(?:ing)?) limits?\b.*regain"
    r"|reached your specified (?:api )?usage limits",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"exceeded your current quota", re.IGNORECASE)
_CONTEXT = re.compile(
    r"context[ -](?:length|window|limit)|context_length_exceeded|prompt is too long|input is too long"
    r"|(?:prompt|input|request) (?:is |\w+ )*(?:too long|longer than|exceeds? )|maximum (?:model|input) length"
    r"|too many (?:input )?tokens|must be at least 1, got -",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model[^.]{0,120}(?:does ?n.?t exist|does not exist|not found|not exist)"
    r"|not a valid model|invalid model|unknown model",
    re.IGNORECASE,
)
_NO_TEMPLATE = re.compile(r"chat template", re.IGNORECASE)
_NO_SYSTEM = re.compile(
    r"system role not supported|system (?:role|message)s? (?:is|are) not supported", re.IGNORECASE
)
_KEY = re.compile(r"api[ _-]?key", re.IGNORECASE)
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)

_N = re.compile(
    r"['\"`]n['\"`]|\bn ?(?:>|>=|<=|=|==|!=) ?\d|\bn (?:must|should|has to|is|can|cannot|value|parameter|> )"
    r"|body[\"'., )(]+n\b|parameter:? n\b|(?:number of|multiple) (?:choices|completions|samples)|\bbest_of\b",
    re.IGNORECASE,
)
_MAX_N = re.compile(
    r"(?:at most|<=|no more than|less than or equal to|not exceed|up to|must be|should be|equal to"
    r"|maximum(?: value)?(?: of| is|:)?|max(?:imum)? allowed(?: value)?(?: of| is|:)?|between 1 and|[\[(] ?1 ?, ?)"
    r" ?(\d{1,6})\b",
    re.IGNORECASE,
)

SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "stop",
    "stop_sequences",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "seed",
)
LENGTH = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_NAMED = re.compile(
    r"(?:unsupported|unrecognized|unknown|unexpected|unpermitted|invalid|extra)"
    r" (?:request )?(?:parameter|value|argument|keyword argument|field|input|key)s?"
    r"(?: supplied| provided| found| for)?:? *['\"`]?([A-Za-z_][\w.]*)"
    r"|['\"`]([A-Za-z_][\w.]*)['\"`][^.;]{0,60}?"
    r"(?:(?:not|n.t) (?:support|allow|permit|available|valid)|unsupported|deprecated|cannot both)"
    r"|\b(?:body\.)?([A-Za-z_][\w.]*): (?:extra|unknown|unexpected|unsupported)",
    re.IGNORECASE,
)
_LOCATED = re.compile(r"'loc': \('body', '(\w+)'\)[^}]{0,40}(?:extra|not permitted)", re.IGNORECASE)
_UNKNOWN = re.compile(r"extra|unknown|unrecognized|unsupported", re.IGNORECASE)
_BEGINS = re.compile(r"(?:body\.)?[`'\"]?([a-z_]+)[`'\"]?(?![\w.])")
_PARAMETER_CODES = frozenset(
    {
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "extra_forbidden",
        "unrecognized_parameter",
    }
)


_REMEDIES = {402: "add credit at the vendor", 405: "check the base URL", 406: "check the base URL"}


def failure_from_status(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    own_host: bool,
    free_5xx: bool,
    what: str,
    secrets: Iterable[str] = (),
    unstated: Collection[str] = (),
) -> ProviderError:
    """The error of a reply that is no 2xx. `body` may be empty (it did not arrive); `what` begins the message;
    `secrets` never appear in it. `own_host`: the vendor's own host, or a vllm server. `unstated`: parameters that
    were sent without the user's stating them."""
    said = read_error(body, secrets)
    answer = _Answer(status, said, headers, what, unstated)
    if status == 400 and said.code == CHARGED_FILTER:
        return _unknown(answer.error(BadRequest))
    if status in (400, 422):
        return _refused_request(answer)
    if status in (401, 403):
        return _refused_access(answer)
    if status == 404:
        return answer.stopped(_remedy_404(said))
    if status in TOO_LARGE:
        return answer.error(BadRequest)
    if status == 429:
        return _rate_limited(answer)
    if 400 <= status < 500 and status not in MAY_BE_BILLED:
        return answer.stopped(_REMEDIES.get(status, ""))
    if status == 529 or (status in (500, 503) and said.is_error and (own_host or free_5xx)):
        return answer.error(Overloaded)
    if 300 <= status < 400:
        to = next((value for name, value in headers.items() if name.lower() == "location"), "another address")
        to = clean_message(to.partition("?")[0], secrets)
        return _unknown(answer.stopped(f"it redirects to {to}, which is not followed: check the base URL"))
    return answer.error(Lost)


class _Answer:
    """One refusal, with what every error class takes from it."""

    def __init__(
        self, status: int, said: Said, headers: Mapping[str, str], what: str, unstated: Collection[str]
    ) -> None:
        self.unstated = unstated
        self.status = status
        self.said = said
        self.headers = headers
        self.what = what
        self.request_id = request_id_of(headers) or said.request_id

    def line(self, remedy: str = "") -> str:
        message = f"{self.what}: HTTP {self.status}" + (f": {self.said.message}" if self.said.message else "")
        return f"{message} ({remedy})" if remedy else message

    def error(
        self, kind: type[ProviderError], remedy: str = "", *, wait_s: float | None = None
    ) -> ProviderError:
        return kind(
            self.line(remedy),
            status=self.status,
            retry_after_s=retry_after_s(self.headers) if wait_s is None and self._may_wait(kind) else wait_s,
            request_id=self.request_id,
            rate_headers=rate_headers(self.headers),
        )

    def stopped(self, remedy: str) -> ProviderError:
        return self.error(Stopped, remedy)

    def _may_wait(self, kind: type[ProviderError]) -> bool:
        return kind in (RateLimited, Overloaded, Lost)


def _unknown(error: ProviderError) -> ProviderError:
    """No retry mends it, and yet it may have been billed."""
    error.outcome = MayHaveCost.UNKNOWN
    return error


def _refused_access(answer: _Answer) -> ProviderError:
    if answer.status == 403 and re.search(r"flagged|moderation", answer.said.message, re.IGNORECASE):
        return answer.error(BadRequest)  # OpenRouter: this prompt, not this key
    return answer.stopped("check the key that api_key_env names, and what it may use")


def _rate_limited(answer: _Answer) -> ProviderError:
    said = answer.said
    wait_s = retry_after_s(answer.headers)
    wait_s = wait_in_message(said.message) if wait_s is None else wait_s
    if _no_credit(said) or (_QUOTA.search(said.message) and wait_s is None):
        return answer.stopped("no wait mends this: add credit at the vendor")
    if _TOO_LARGE.search(said.message):
        return answer.error(BadRequest, "larger than the limit itself, so no wait mends it")
    return answer.error(RateLimited, wait_s=wait_s)


def _refused_request(answer: _Answer) -> ProviderError:
    said = answer.said
    if _no_credit(said):
        return answer.stopped("add credit at the vendor")
    if said.code == "context_length_exceeded" or _CONTEXT.search(said.message):
        return answer.error(BadRequest)
    if (
        said.code in ("model_not_found", "invalid_model")
        or said.param == "model"
        or _NO_MODEL.search(said.message)
    ):
        return answer.stopped("check `model`")
    if _KEY.search(said.message) or said.code == "invalid_api_key":
        return answer.stopped("check the key that api_key_env names")
    if _is_about_n(said):
        found = _MAX_N.search(said.message)
        max_n = max(1, int(found.group(1))) if found else 1
        return TooManySamples(answer.line(), max_n=max_n, status=answer.status, request_id=answer.request_id)
    if (name := refused_parameter(said)) is not None:
        return answer.stopped(_remedy(name, answer))
    if _NO_TEMPLATE.search(said.message):
        return answer.stopped('a model without a chat template is asked with api = "completions"')
    if _NO_SYSTEM.search(said.message):
        return answer.stopped("remove `system` from [prompt]")
    return answer.error(BadRequest)


def _no_credit(said: Said) -> bool:
    return said.code in NO_CREDIT or said.kind in NO_CREDIT or bool(_NO_CREDIT.search(said.message))


def _is_about_n(said: Said) -> bool:
    if said.param:
        return said.param in ("n", "best_of", "body.n")
    return bool(_N.search(said.message))


def refused_parameter(said: Said) -> str | None:
    """The parameter that a 400 or 422 refuses for every prompt alike; None if it is about this prompt."""
    known = SAMPLING + LENGTH
    stated = said.param.removeprefix("body.")
    if stated in known or (stated and said.code in _PARAMETER_CODES):
        return stated
    found = _LOCATED.search(said.message) or _NAMED.search(said.message)
    named = next((group for group in found.groups() if group), "").removeprefix("body.") if found else ""
    if named in known:
        return named
    if found and (said.code in _PARAMETER_CODES or _UNKNOWN.search(found.group())):
        return named
    begins = _BEGINS.match(said.message)  # vLLM: "top_p must be in (0, 1], got 3.0."
    return begins.group(1) if begins and begins.group(1) in known else None


def _remedy(name: str, answer: _Answer) -> str:
    if name in answer.unstated:
        return f"the server refuses {name}, which goes out unstated: server_defaults = true leaves it out"
    if name in SAMPLING:
        return f'the model refuses {name}: add unset = ["{name}"] to this model'
    if name == "max_tokens" and "max_completion_tokens" in answer.said.message:
        return 'this model takes max_completion_tokens: provider = "openai" sends it'
    if name in LENGTH:
        return "state a max_tokens that the model takes"
    return f"the model refuses {name}: drop it from this model"


def _remedy_404(said: Said) -> str:
    if re.search(r"v1/responses|not a chat model|v1/completions", said.message):
        return 'state another `api`: "responses", "chat" or "completions"'
    return "check `model` and the base URL"

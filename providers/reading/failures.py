"""From an HTTP status and an error body to the error class: what it may have cost, and what helps. Pure.

A refusal is free: any 4xx but those of MAY_BE_BILLED and a 400 of Azure's content filter; 529; and 500/503 with an
error body from the vendor's own host (or if the user says so). Everything else may have been billed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from providers.errors import (
    BadRequest,
    Loading,
    Lost,
    MayHaveCost,
    Overloaded,
    ProviderError,
    RateLimited,
    Stopped,
    TooManySamples,
    Unusable,
)
from providers.reading.credit import is_used_up_quota
from providers.reading.error_text import (
    clean_message,
    excerpt,
    message_of,
    one_line,
    read_error,
    scrub,
    scrub_error,
)
from providers.reading.headers import (
    asked_wait_s,
    fault_of,
    rate_headers,
    request_id_of,
    retry_after_s,
    vendors_now,
)
from providers.reading.parameters import (
    LENGTH,
    SAMPLING,
    is_about_n,
    max_n_of,
    refused_length,
    refused_parameter,
)
from providers.reading.refusal import Refusal
from providers.reading.wording import (
    CONTEXT,
    DAY_IS_OVER,
    FILTERED,
    FULL,
    KEY,
    LIMITED,
    LOADING,
    LOADING_NOW,
    NEEDS_TLS,
    NO_ENDPOINT,
    NO_MEMORY,
    NO_MODEL,
    NO_REGION,
    NO_SYSTEM,
    NO_TEMPLATE,
    THROTTLED,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from providers.reading.error_text import Said

__all__ = [
    "clean_message",
    "excerpt",
    "failure_from_status",
    "failure_in_reply",
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
_MAY_LOAD = frozenset({425, 429, 500, 502, 503, 504})
_SELDOM_LOADS = frozenset({400, 404, 409, 423})
_NEVER = re.compile(
    r"unsupported|(?:not|n.t) (?:yet )?(?:be )?(?:support|allow|permit|implement|available|accept)|must be|only \w+ "
    r"(?:is|are)|at most",
    re.IGNORECASE,
)
"""Of a 5xx: it would be the same the next time."""
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
_LIMIT_AND_REQUEST = re.compile(r"limit:? ([\d,]{1,18})\D{1,40}requested:? ([\d,]{1,18})", re.IGNORECASE)

_DAILY = re.compile(r"\bGenerate\w*PerDay", re.ASCII)
"""Of Google's quotas, beside which it asks to wait some seconds."""
_TOMORROW = "a quota of the day: run it again tomorrow"
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
    said = read_error(body, secrets, now=vendors_now(headers), fault=fault_of(headers))
    answer = Refusal(status, said, headers, what, unstated)
    error = _meant(answer, own_host=own_host, free_5xx=free_5xx)
    if (
        (status in _MAY_LOAD and LOADING.search(said.text))
        or (status == 503 and "estimated_time" in str(body[:2000]))
        or (status in _SELDOM_LOADS and LOADING_NOW.search(said.text) and LOADING.search(said.text))
    ):
        loading = answer.error(Loading)
        loading.outcome = error.outcome
        return loading
    if status >= 500 and (lasting := _no_retry_mends(answer)) is not None:
        lasting.outcome = error.outcome
        return lasting
    if isinstance(error, Lost) and answer.needs_payment:
        return _unknown(answer.stopped("add credit at the vendor"))
    return error


def _no_retry_mends(answer: Refusal) -> ProviderError | None:
    """What a server's 5xx says that would be the same the next time."""
    if CONTEXT.search(answer.said.text) and not answer.needs_payment:
        return answer.error(BadRequest)
    if NO_MEMORY.search(answer.said.text):
        return answer.stopped("the server has too little memory for this model")
    if _NEVER.search(answer.said.text):
        refused = _refused_request(answer)
        about_parameter = isinstance(refused, Stopped) and refused.about_request
        return refused if about_parameter or isinstance(refused, TooManySamples) else None
    return None


def failure_in_reply(said: Said, *, status: int, headers: Mapping[str, str]) -> ProviderError:
    """The error of a 2xx reply that holds an error in place of an answer, as what it says. It may have been billed."""
    answer = Refusal(_stated_status(said), said, headers, "", ())
    error: ProviderError = Unusable(answer.line())
    meant = _meant(answer, own_host=True, free_5xx=True)
    if isinstance(meant, (Stopped, RateLimited, BadRequest, TooManySamples)):
        error = meant
    elif LOADING.search(said.text):
        error = answer.error(Loading)
    elif answer.needs_payment:
        error = answer.stopped("add credit at the vendor")
    elif answer.said_wait_s is None and DAY_IS_OVER.search(said.text):
        error = answer.stopped(_TOMORROW)
    elif LIMITED.search(said.text) or answer.said_wait_s is not None:
        error = answer.error(RateLimited, wait_s=answer.wait_s)
    elif is_used_up_quota(said.text):
        error = answer.stopped("no wait mends this: add credit at the vendor")
    elif NO_ENDPOINT.search(said.text):
        error = answer.stopped("check the base URL")
    elif not isinstance(refused := _refused_request(answer), BadRequest) or not refused.unclear:
        error = refused
    remedy = error.message.removeprefix(answer.line())
    error.message = f"an error in a {status} reply: {said.message}{remedy}"
    error.args = (error.message,)
    error.status, error.rate_headers = status, rate_headers(headers)
    error.request_id = answer.request_id
    return _unknown(error)


_STATUSES = {
    "resource_exhausted": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "invalid_argument": 400,
    "invalid_request_error": 400,
    "failed_precondition": 400,
    "content_filter": 400,
    "unauthenticated": 401,
    "authentication_error": 401,
    "permission_denied": 403,
    "permission_error": 403,
    "not_found": 404,
    "not_found_error": 404,
    # MiniMax
    "1002": 429,
    "1039": 429,
    "1041": 429,
    "1004": 401,
    "2049": 401,
    "1008": 402,
    "1026": 400,
    "1027": 400,
    "2013": 400,
    "2056": 429,
    # Zhipu
    "1301": 400,
    "1302": 429,
    "1303": 429,
    "1304": 429,
    "1305": 429,
    "1308": 429,
    "1310": 429,
    "1312": 429,
    # Baidu
    "17": 429,
    "18": 429,
    "19": 429,
    "110": 401,
    "111": 401,
}


def _stated_status(said: Said) -> int:
    """The HTTP status that an error in a 200 would have had; 500 if it doesn't say."""
    for word in (said.code, said.kind):
        if re.fullmatch("[45][0-9][0-9]", word):
            return int(word)
        if (status := _STATUSES.get(word.lower())) is not None:
            return status
    return 500


def _meant(answer: Refusal, *, own_host: bool, free_5xx: bool) -> ProviderError:
    status, said, headers = answer.status, answer.said, answer.headers
    if status == 400 and said.code == CHARGED_FILTER:
        return _unknown(answer.error(BadRequest))
    if status in (400, 422):
        return _refused_request(answer)
    if status in (401, 403):
        return _refused_access(answer)
    if status == 404:
        return answer.stopped(_remedy_404(said))
    if status in TOO_LARGE or (status == 451 and FILTERED.search(said.text)):
        return answer.error(BadRequest)
    if status == 429:
        return _rate_limited(answer)
    if status == 402 and (wait_s := asked_wait_s({**said.headers, **headers})):
        return answer.error(RateLimited, wait_s=wait_s)  # OpenRouter: too much runs at once for what is left
    if 400 <= status < 500 and status not in MAY_BE_BILLED:
        if status != 402 and (LIMITED.search(said.text) or FULL.search(said.text)):
            return _rate_limited(answer)
        if status not in _REMEDIES and FILTERED.search(said.text) and not answer.needs_payment:
            return answer.error(BadRequest)  # Portkey's guardrails: 446
        if answer.needs_payment:
            return answer.stopped("add credit at the vendor")
        return answer.stopped(_REMEDIES.get(status, ""))
    if status == 529 or (status in (500, 503) and said.is_error and (own_host or free_5xx)):
        return answer.error(Overloaded)
    if 300 <= status < 400:
        to = next((value for name, value in headers.items() if name.lower() == "location"), "another address")
        to = clean_message(to.partition("?")[0])
        return _unknown(answer.stopped(f"it redirects to {to}, which is not followed: check the base URL"))
    return answer.error(Lost)


def _unknown(error: ProviderError) -> ProviderError:
    """No retry mends it, and yet it may have been billed."""
    error.outcome = MayHaveCost.UNKNOWN
    return error


def _refused_access(answer: Refusal) -> ProviderError:
    said = answer.said
    if answer.status == 403 and CONTEXT.search(said.text):
        return answer.error(BadRequest)  # Together
    if answer.status == 403 and FILTERED.search(said.text) and not answer.needs_payment:
        return answer.error(BadRequest)  # OpenRouter: this prompt, not this key
    if answer.status == 403 and LIMITED.search(said.text) and not answer.needs_payment:
        return answer.error(RateLimited)
    if answer.needs_payment:
        return answer.stopped("add credit at the vendor")
    if answer.status == 403 and NO_MODEL.search(said.text):
        return answer.stopped("check `model`, and that your key may use it")
    return answer.stopped("check the key that api_key_env names, and what it may use")


def _rate_limited(answer: Refusal) -> ProviderError:
    said, wait_s = answer.said, answer.wait_s
    if _DAILY.search(said.text) or (wait_s is None and DAY_IS_OVER.search(said.text)):
        return answer.stopped(_TOMORROW)
    if answer.needs_payment or (wait_s is None and is_used_up_quota(said.text)):
        return answer.stopped("no wait mends this: add credit at the vendor")
    if _TOO_LARGE.search(said.text) and not _fits_later(said.text):
        return answer.error(BadRequest, "larger than the limit itself, so no wait mends it")
    return answer.error(RateLimited, wait_s=wait_s)


def _fits_later(text: str) -> bool:
    """Whether the limit that it names has room for the request, only not now: OpenAI calls that too large, too."""
    found = _LIMIT_AND_REQUEST.search(text)
    if found is None:
        return False
    limit, requested = (int(digits.replace(",", "") or 0) for digits in found.groups())
    return 0 < requested <= limit


def _refused_request(answer: Refusal) -> ProviderError:
    said = answer.said
    if NEEDS_TLS.search(said.text):
        return answer.stopped("its address begins with https://")
    if answer.needs_payment:
        return answer.stopped("add credit at the vendor")
    if THROTTLED.search(said.text):
        return answer.error(RateLimited)
    if (name := refused_length(said)) is not None:
        return _about_request(answer.stopped(_remedy(name, answer)))
    if said.code == "context_length_exceeded" or CONTEXT.search(said.text):
        return answer.error(BadRequest)
    if FILTERED.search(said.text):
        return answer.error(BadRequest)
    if (
        said.code in ("model_not_found", "invalid_model")
        or said.param == "model"
        or NO_MODEL.search(said.text)
    ):
        return answer.stopped("check `model`")
    if NO_REGION.search(said.text):
        return answer.stopped("the vendor does not serve the place that this request comes from")
    if KEY.search(said.text) or said.code == "invalid_api_key":
        return answer.stopped("check the key that api_key_env names")
    if is_about_n(said):
        return TooManySamples(
            answer.line(), max_n=max_n_of(said), status=answer.status, request_id=answer.request_id
        )
    if NO_TEMPLATE.search(said.text):
        return answer.stopped('a model without a chat template is asked with api = "completions"')
    if NO_SYSTEM.search(said.text):
        return _about_request(answer.stopped("remove `system` from [prompt]"))
    if (name := refused_parameter(said)) is not None:
        return _about_request(answer.stopped(_remedy(name, answer)))
    if LIMITED.search(said.text):
        return answer.error(RateLimited)
    error = BadRequest(answer.line(), status=answer.status, request_id=answer.request_id)
    error.unclear = True
    return error


def _about_request(error: ProviderError) -> ProviderError:
    if isinstance(error, Stopped):
        error.about_request = True
    return error


def _remedy(name: str, answer: Refusal) -> str:
    if name in answer.unstated:
        return f"the server rejects {name}, which goes out unstated: server_defaults = true leaves it out"
    if name in SAMPLING:
        return f'the model rejects {name}: add unset = ["{name}"] to this model'
    if name == "max_tokens" and "max_completion_tokens" in answer.said.message:
        return 'this model takes max_completion_tokens: provider = "openai" sends it'
    if name in LENGTH:
        return "state a max_tokens that the model takes"
    return f"the model rejects {name}: drop it from this model"


def _remedy_404(said: Said) -> str:
    if re.search(r"v1/responses|not a chat model|v1/completions", said.message):
        return 'state another `api`: "responses", "chat" or "completions"'
    return "check `model` and the base URL"

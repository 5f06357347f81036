"""A vendor's error body as something a person can be shown: one line, short, harmless, without any key."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import msgspec

from providers.reading.lenient_json import as_object, as_objects, as_text, decode_first, decode_object
from providers.reading.waits import wait_in_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from providers.errors import ProviderError

LONGEST = 300
"""Characters of a vendor's message that are shown."""
LARGEST_TEXT = 20_000
_FOLDS = 3
FRAGMENT = 9
"""A stretch of a key at least this long is taken out of any message."""
KEY = "[key]"

# C0 and C1 control characters, halves of characters, and those Unicode ones that reorder or hide text on a terminal.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
)
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_SPACES = re.compile(r"\s+")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_MESSAGE = re.compile(r"""["'](?:message|msg|detail|error)["'] ?: ?["']((?:[^"'\\]|\\.|(?<=\w)'(?=\w))+)""")
_LOOKS_LIKE_KEY = re.compile(r"\b(?:sk|gsk|xai|pk|rk|hf|nvapi)[-_][\w-]{12,}|(?<=Bearer )[\w.~+/=-]{6,}")
_MASKED = re.compile(r"[\w.~+/=-]*\*{3,}[\w*.~+/=-]*")


class ErrorBody(msgspec.Struct):
    """The error bodies in use: OpenAI's and Anthropic's `error` object (Google's stands in a list), vLLM's older flat
    one, FastAPI's detail, MiniMax's base_resp, Baidu's error_msg."""

    error: Any = None
    object: Any = None
    type: Any = None
    message: Any = None
    param: Any = None
    code: Any = None
    detail: Any = None
    msg: Any = None
    title: Any = None
    reason: Any = None
    status: Any = None
    success: Any = None
    request_id: Any = None
    base_resp: Any = None
    errors: Any = None
    error_code: Any = None
    error_msg: Any = None
    estimated_time: Any = None
    choices: Any = None


class Said(msgspec.Struct, frozen=True):
    """What an error body says, as texts; "" if it doesn't. `is_error`: it holds an error object. `text`: all of it,
    to be understood but not shown; `wait_s`: what its fields ask to wait."""

    message: str
    kind: str
    code: str
    param: str
    is_error: bool
    request_id: str | None = None
    text: str = ""
    wait_s: float | None = None
    headers: dict[str, str] = {}
    """What a gateway hands on of the headers of the vendor behind it."""


def read_error(
    body: bytes, secrets: Iterable[str] = (), *, now: float | None = None, fault: str = ""
) -> Said:
    """The error in a body of any kind. The message is one clean line of up to 300 characters. `now`: the vendor's
    time, Unix seconds; `fault`: what a header calls the error."""
    found = _read(body)
    if found is None:
        plain = body[:LARGEST_TEXT].decode("utf-8", "replace")
        title = _TITLE.search(plain)
        said = title.group(1) if title else _broken_json(plain)
        text = one_line(f"{said} {fault}")
        return Said(clean_message(said, secrets), "", fault, "", is_error=False, text=text)
    inner = as_object(found.error) or as_object(found.base_resp)
    message = (
        _both(message_of(found.error), found.error, message_of(_beside(found)))
        or message_of(_beside(found))
        or message_of(found.base_resp)
        or message_of(found.errors)
        or message_of({"message": found.title or found.reason})
    )
    message, folded = unfolded(message[:LARGEST_TEXT])
    code = (
        inner.get("code")
        or inner.get("status_code")
        or _detailed(inner)
        or found.code
        or found.error_code
        or found.reason
        or fault
        or found.status
    )
    whole = [message, *_strings([inner.get(name) for name in _TELLING], 0), *_strings(folded, 0)]
    whole += [*_strings([found.code, found.type, found.reason], 0), fault]
    return Said(
        message=clean_message(message, secrets),
        kind=_word(inner.get("type") or inner.get("status") or found.type),
        code=_word(code),
        param=_param(inner.get("param") or found.param),
        is_error=bool(found.error) or found.object == "error",
        request_id=as_text(found.request_id),
        text=one_line("; ".join(filter(None, whole))[:LARGEST_TEXT]),
        wait_s=wait_in_fields([found.error, _top(body), *folded], now),
        headers=_handed_on(inner),
    )


def _broken_json(text: str) -> str:
    """The message of an object that isn't whole, or isn't JSON; else all of the text."""
    found = _MESSAGE.search(text) if text.lstrip().startswith(("{", "[")) else None
    return found.group(1).replace('\\"', '"') if found else text


def _read(body: bytes) -> ErrorBody | None:
    found = decode_object(body, ErrorBody) or decode_first(body, ErrorBody)
    if found is not None and not any(getattr(found, name) for name in _SAYING):
        return _unwrapped(body) or found
    if found is None and body.lstrip().startswith(b'"{'):  # a gateway that wrote it as JSON twice
        with suppress(ValueError, RecursionError):
            return decode_object(str(json.loads(body)).encode("utf-8", "replace"), ErrorBody)
    return found


def _unwrapped(body: bytes) -> ErrorBody | None:
    """Names in another case, as in AWS's {"Message": …} and {"__type": …}, and an error in a wrapper of its own:
    Tencent's {"Response": {"Error": {…}}}, Apigee's {"fault": {…}}."""
    fields = _lowered(_object(body))
    if any(fields.get(name) for name in _SAYING):
        return msgspec.convert(fields, ErrorBody)
    for inner in map(_lowered, map(as_object, fields.values())):
        if any(inner.get(name) for name in (*_SAYING, "faultstring")):
            return ErrorBody(error=_lowered(as_object(inner.get("error"))) or inner)
    return None


_SAYING = (
    "error",
    "type",
    "message",
    "code",
    "detail",
    "msg",
    "title",
    "reason",
    "base_resp",
    "errors",
    "error_msg",
)


def _lowered(fields: dict[str, Any]) -> dict[str, Any]:
    return {name.strip("_").lower(): value for name, value in fields.items()}


def _beside(found: ErrorBody) -> dict[str, Any]:
    return {"message": found.message or found.msg or found.error_msg, "detail": found.detail}


def _both(error: str, value: object, beside: str) -> str:
    """An `error` that is a bare word may have its sentence beside it."""
    return f"{error}: {beside}" if isinstance(value, str) and error and beside not in error else error


_DETAILS = frozenset({"errors", "detail", "details", "metadata", "meta"})


def _top(body: bytes) -> dict[str, Any]:
    """The plain fields of an error body, and what lies under its details."""
    fields = _object(body)
    return {n: value for n, value in fields.items() if n in _DETAILS or isinstance(value, str | int | float)}


def _object(body: bytes) -> dict[str, Any]:
    try:
        return as_object(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return {}


def _handed_on(inner: dict[str, Any]) -> dict[str, str]:
    given = as_object(as_object(inner.get("metadata")).get("headers"))
    return {name: str(value)[:200] for name, value in list(given.items())[:40]}


def unfolded(text: str) -> tuple[str, list[dict[str, Any]]]:
    """A message that holds an error as JSON, as gateways hand it on: the same with that error's message in its place,
    and the error; up to three folds deep."""
    folded: list[dict[str, Any]] = []
    while len(folded) < _FOLDS and (at := text.find("{")) >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(text[at:])
        except (ValueError, RecursionError):
            break
        if not isinstance(found, dict):
            break
        fields = cast("dict[str, Any]", found)
        folded.append(fields)
        message = message_of(fields.get("error")) or message_of(fields)
        if not message:
            break
        text = f"{text[:at]}{message}"
    return text, folded


def error_in_reply(body: bytes | dict[str, Any]) -> Said | None:
    """The error that a 2xx holds, beside its choices or in one of them; None if it holds none."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    found = _read(raw)
    if found is None:
        return None
    refused = as_object(found.base_resp).get("status_code") not in (None, 0, "0") or (
        found.choices is None and _fails(found)
    )
    if found.error or refused or found.object == "error" or found.error_code or found.error_msg:
        return read_error(raw)
    inner = next((choice["error"] for choice in as_objects(found.choices) if choice.get("error")), None)
    return None if inner is None else read_error(msgspec.json.encode({"error": inner}, enc_hook=str))


def _fails(found: ErrorBody) -> bool:
    """Whether a body without choices says in its own way that it failed: z.ai's {"code": 500, "msg": …, "success":
    false}, iFlow's {"status": "449", "msg": …}, Cloudflare's {"success": false, "errors": […]}, Alibaba's {"code":
    "Throttling", "message": …}, FastAPI's {"detail": …}."""
    says = message_of(_beside(found)) or message_of(found.errors)
    done = (None, "", 0, "0", 200, "200", "ok", "success", "completed")
    code = (found.code, found.status, found.type)
    told = [one for one in code if one is not None]
    return bool(says) and (
        found.success is False or bool(found.errors) or not told or any(one not in done for one in told)
    )


_TELLING = (
    "details",
    "metadata",
    "innererror",
    "inner_error",
    "reason",
    "status",
    "type",
    "code",
    "error_type",
)
"""Parts of an error that say more of it than its message."""
_ECHOES = frozenset(
    {"input", "prompt", "messages", "request", "body", "content", "headers", "@type", "links"}
)
"""What repeats the request, or is the same in every refusal."""


_MESSAGES = (
    "message",
    "detail",
    "msg",
    "status_msg",
    "error",
    "error_message",
    "errorMessage",
    "description",
    "error_description",
    "faultstring",
    "issues",
)

_BEHIND = ("cause", "upstream_error", "original_error", "provider_error", "raw")
"""What the vendor behind a gateway said, as does OpenRouter's metadata."""


def _strings(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value[:2000]
    elif depth < 6 and isinstance(value, list):
        for one in cast("list[object]", value)[:20]:
            yield from _strings(one, depth + 1)
    elif depth < 6 and isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            if name not in _ECHOES:
                yield from _strings(inner, depth + 1)


def _param(value: object) -> str:
    """Some proxies write None as a text."""
    name = _word(value)
    return "" if name.lower() in ("none", "null") else name


def message_of(error: object) -> str:
    """The message of an error that may be a text, an object or a list of validation errors; "" without one."""
    if isinstance(error, str):
        return error
    if isinstance(error, list):
        return "; ".join(filter(None, (message_of(one) for one in cast("list[object]", error)[:3])))
    fields = as_object(error)
    message = next((fields[name] for name in _MESSAGES if fields.get(name)), None)
    text = message if isinstance(message, str) else message_of(message) if message else ""
    location = fields.get("loc") or fields.get("path")  # FastAPI's and Zod's
    if isinstance(location, list):
        text = f"{'.'.join(str(one) for one in cast('list[object]', location)[:6])}: {text}"
    behind = as_object(fields.get("metadata")).get("raw") or next(
        filter(None, map(fields.get, _BEHIND)), None
    )
    said = behind if isinstance(behind, str) else as_text(as_object(behind).get("message"))
    return f"{text}: {said}" if said and said not in text else text


def clean_message(text: str, secrets: Iterable[str] = ()) -> str:
    """One line without control characters and keys, cut to 300 characters."""
    line = scrub(one_line(text[:LARGEST_TEXT]), secrets)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def one_line(text: str | bytes) -> str:
    """The text without control, reordering or invisible characters, blanks and line ends as single spaces."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return _SPACES.sub(" ", _UNPRINTABLE.sub(" ", _ANSI.sub("", plain))).strip()


def no_object(body: bytes | dict[str, Any]) -> str:
    """What a body is that should have been a JSON object."""
    page = "" if isinstance(body, dict) else body[:LARGEST_TEXT].decode("utf-8", "replace")
    page = page.lstrip("\ufeff \t\r\n")
    if not re.match(r"<(?:!doctype|html|head|body|\?xml)", page, re.IGNORECASE):
        return f"a reply that is not a JSON object: {excerpt(body)!r}"
    title = _TITLE.search(page)
    named = f" ({clean_message(title.group(1))!r})" if title else ""
    return f"a web page{named} in place of a reply: check the base URL"


def excerpt(body: bytes | dict[str, Any]) -> str:
    """The beginning of a body, in one line."""
    return one_line(body[:120] if isinstance(body, bytes) else str(body)[:120])


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the secrets: whole, in stretches of nine characters or more, masked with asterisks; and
    without anything else that looks like a key."""
    for secret in secrets:
        text = _without(text, secret)
    return _MASKED.sub(KEY, _LOOKS_LIKE_KEY.sub(KEY, text))


def scrub_error(error: ProviderError, secrets: Iterable[str]) -> ProviderError:
    """The same error with a message fit to be shown."""
    error.message = scrub(error.message, secrets)
    error.args = (error.message,)
    return error


def _without(text: str, secret: str) -> str:
    size = min(FRAGMENT, len(secret))
    if size < 4:  # no key; taking out every "a" would leave nothing to read
        return text
    low, key = text.lower(), secret.lower()
    if len(low) != len(text):  # a letter whose lower case is longer; positions would not fit
        low, key = text, secret
    out: list[str] = []
    at = 0
    while at < len(text):
        end = at + size
        if low[at:end] in key and end <= len(text):
            while end < len(text) and low[at : end + 1] in key:
                end += 1
            out.append(KEY)
            at = end
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def _detailed(error: dict[str, Any]) -> object:
    """Anthropic's stable code, in `error.details.error_code`."""
    return as_object(error.get("details")).get("error_code")


def _word(value: object) -> str:
    return one_line(str(value))[:80] if isinstance(value, str | int) and not isinstance(value, bool) else ""

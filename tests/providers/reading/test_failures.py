"""Which status and error body means which class and which cost; what may be shown of it."""

import json
from typing import Any

import pytest

from providers.errors import (
    BadRequest,
    Lost,
    MayHaveCost,
    Overloaded,
    RateLimited,
    Refused,
    Stopped,
    TooManySamples,
)
from providers.reading.error_text import clean_message
from providers.reading.failures import failure_from_status, rate_headers, retry_after_s, scrub
from providers.reading.headers import duration_s

KEY = "sk-proj-AbCdEfGhIjKlMnOp1234"
CONTEXT = (
    "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens "
    "(2488 in the messages, 512 in the completion). Please reduce the length of the messages or completion."
)
TPM = (
    "Rate limit reached for gpt-4 in organization org-x on tokens per min (TPM): Limit 10000, Used 9000, Requested "
    "2000. Please try again in 6.5s. You can increase your rate limit by adding a payment method to your account at "
    "https://platform.openai.com/account/billing."
)
EXTRA_FIELD = (
    "[{'type': 'extra_forbidden', 'loc': ('body', 'top_k'), 'msg': 'Extra inputs are not permitted'}]"
)


def openai(message, kind="invalid_request_error", code=None, param=None):
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def anthropic(message, kind="invalid_request_error"):
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_9"}


def fail(
    status: int,
    body: Any = b"",
    headers: dict[str, str] | None = None,
    *,
    own_host=True,
    free_5xx=False,
    **more: Any,
) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure_from_status(
        status, raw, headers or {}, own_host=own_host, free_5xx=free_5xx, what="m", **more
    )


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, openai("bad"), BadRequest),
        (400, b"", BadRequest),
        (400, b"<html>nginx</html>", BadRequest),
        (400, openai(CONTEXT, code="context_length_exceeded", param="messages"), BadRequest),
        (400, openai("max_tokens must be at least 1, got -186."), BadRequest),
        (
            400,
            openai("'max_tokens' is too large: 512. This model's maximum context length is 2048 tokens"),
            BadRequest,
        ),
        (400, anthropic("prompt is too long: 210000 tokens > 200000 maximum"), BadRequest),
        (
            400,
            anthropic("input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"),
            BadRequest,
        ),
        (400, anthropic("messages: text content blocks must be non-empty"), BadRequest),
        (400, openai("rejected by our safety system", code="content_policy_violation"), BadRequest),
        (400, openai("Invalid value: 'x'. Supported values are: 'a'.", param="messages[0].role"), BadRequest),
        (400, anthropic("Your credit balance is too low to access the Anthropic API."), Stopped),
        (400, openai("Billing hard limit has been reached", code="billing_hard_limit_reached"), Stopped),
        (400, openai("API key not valid. Please pass a valid API key."), Stopped),
        (400, openai("xyz is not a valid model ID"), Stopped),
        (401, openai("Incorrect API key provided", code="invalid_api_key"), Stopped),
        (401, b"", Stopped),
        (403, anthropic("no", "permission_error"), Stopped),
        (403, openai("Your chosen model requires moderation and your input was flagged"), BadRequest),
        (404, openai("The model `x` does not exist", code="model_not_found"), Stopped),
        (404, b"404 page not found", Stopped),
        (400, b"<title>400 The plain HTTP request was sent to HTTPS port</title>", Stopped),
        (400, b"Client sent an HTTP request to an HTTPS server.", Stopped),
        (400, b"Reason: You're speaking plain HTTP to an SSL-enabled server port.", Stopped),
        (413, anthropic("Request exceeds the maximum size", "request_too_large"), BadRequest),
        (414, b"", BadRequest),
        (431, b"", BadRequest),
        (402, openai("This request requires more credits, or fewer max_tokens.", code=402), Stopped),
        (402, b"", Stopped),
        (405, b"", Stopped),
        (406, openai("boom"), Stopped),
        (410, openai("The model m has been retired", code="model_retired"), Stopped),
        (412, openai("Account a is suspended", code="PRECONDITION_FAILED"), Stopped),
        (418, openai("boom"), Stopped),
        (451, openai("not in your country"), Stopped),
        (503, [openai("The model is overloaded", code=503)], Overloaded),
        (400, [openai("API key not valid. Please pass a valid API key.", code=400)], Stopped),
        (422, {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}, BadRequest),
        (429, openai("slow down", code="rate_limit_exceeded"), RateLimited),
        (429, openai(TPM, kind="tokens", code="rate_limit_exceeded"), RateLimited),
        (429, b"", RateLimited),
        (429, openai("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), Stopped),
        (
            429,
            openai("You exceeded your current quota, please check your plan and billing details."),
            Stopped,
        ),
        (429, openai("Request too large for gpt-4o on tokens per min (TPM): Limit 30000"), BadRequest),
        (529, anthropic("Overloaded", "overloaded_error"), Overloaded),
        (529, b"", Overloaded),
        (500, openai("boom"), Overloaded),
        (503, anthropic("boom", "api_error"), Overloaded),
        (
            503,
            {"object": "error", "message": "engine dead", "type": "InternalServerError", "code": 503},
            Overloaded,
        ),
    ],
)
def test_what_the_vendor_itself_refuses_is_free(status, body, kind):
    error = fail(status, body)
    assert type(error) is kind
    assert isinstance(error, Refused)
    assert error.outcome is MayHaveCost.FREE
    assert error.status == status


@pytest.mark.parametrize("status", [408, 409, 424, 425, 499, 501, 502, 504, 505, 507, 520, 522, 524, 599])
def test_every_other_status_may_have_been_billed(status):
    error = fail(status, openai("boom"), free_5xx=True)
    assert type(error) is Lost
    assert error.outcome is MayHaveCost.UNKNOWN


def test_a_content_filter_that_is_charged_fails_its_problem_and_may_have_been_billed():
    error = fail(400, openai("The response was filtered", code="content_filter"))
    assert type(error) is BadRequest
    assert error.outcome is MayHaveCost.UNKNOWN
    assert fail(400, openai("filtered", code="content_policy_violation")).outcome is MayHaveCost.FREE


def test_the_message_of_a_refusal_in_a_list_is_shown():
    assert "retry in 3.2s" in fail(429, [openai("You exceeded your quota. Please retry in 3.2s.")]).message
    for body in (b"[]", b"[1, 2]", b"[", b'["x"]'):
        assert type(fail(503, body)) is Lost


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_what_no_retry_mends_but_is_not_listed_as_free_stops_and_stays_charged(status):
    error = fail(status, b"", {"Location": "https://other.example/v1?key=secret"})
    assert type(error) is Stopped
    assert error.outcome is MayHaveCost.UNKNOWN
    assert "secret" not in error.message


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize(
    ("body", "own_host", "free_5xx", "free"),
    [
        (openai("boom"), True, False, True),
        (openai("boom"), False, True, True),
        (openai("boom"), False, False, False),
        (b"", True, False, False),
        (b"", False, True, False),
        (b"Internal Server Error", True, True, False),
        (b"<html><title>500</title></html>", True, True, False),
        ([openai("boom")], True, False, True),
        ([openai("boom")], False, False, False),
        ([], True, True, False),
        ({"detail": "boom"}, True, True, False),
        ({"error": None}, True, True, False),
        (b'{"error": {"message": "half', True, True, False),
    ],
)
def test_a_500_or_503_is_free_only_with_an_error_body_from_who_may_say_so(
    status, body, own_host, free_5xx, free
):
    error = fail(status, body, own_host=own_host, free_5xx=free_5xx)
    assert (error.outcome is MayHaveCost.FREE) is free
    assert type(error) is (Overloaded if free else Lost)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (
            openai("'temperature' is not supported", code="unsupported_parameter", param="temperature"),
            "temperature",
        ),
        (openai("Unsupported value: 'temperature' does not support 0 with this model."), "temperature"),
        (openai("Unsupported parameter: 'top_p' is not supported with this model."), "top_p"),
        (openai("Unrecognized request argument supplied: top_k"), "top_k"),
        (openai("top_p must be in (0, 1], got 3.0."), "top_p"),
        (openai(EXTRA_FIELD), "top_k"),
        (anthropic("`temperature` is deprecated for this model."), "temperature"),
        (anthropic("temperature: range: 0..1"), "temperature"),
        (anthropic("top_k: Extra inputs are not permitted"), "top_k"),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_parameter_stops_the_model_and_names_the_line_to_add(status, body, name):
    error = fail(status, body)
    assert type(error) is Stopped
    assert f'unset = ["{name}"]' in error.message


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        (
            openai("Unsupported parameter: 'max_tokens' … Use 'max_completion_tokens' instead."),
            'provider = "openai"',
        ),
        (
            anthropic("max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens"),
            "max_tokens",
        ),
        (openai("max_completion_tokens must be less than or equal to 40960, … context_window"), "max_tokens"),
        (openai("Unknown parameter: 'verbosity'.", code="unknown_parameter", param="verbosity"), "drop it"),
        (
            openai("… you must provide a chat template if the tokenizer does not define one."),
            'api = "completions"',
        ),
        (openai("System role not supported"), "`system`"),
    ],
)
def test_other_refusals_of_every_prompt_say_what_to_do(body, remedy):
    error = fail(400, body)
    assert type(error) is Stopped
    assert remedy in error.message


def test_a_neutral_value_nobody_stated_has_another_remedy():
    error = fail(400, openai("Unsupported parameter: 'min_p'"), unstated=["min_p"])
    assert "server_defaults = true" in error.message
    assert "unset" not in error.message


def test_a_404_that_names_another_wire_says_so():
    error = fail(404, openai("This model is only supported in v1/responses and not in v1/chat/completions."))
    assert "`api`" in error.message


@pytest.mark.parametrize(
    ("message", "param", "max_n"),
    [
        ("Invalid 'n': integer above maximum value. Expected a value <= 128, but got 130 instead.", "n", 128),
        ("'n' : number must be at most 1", None, 1),
        ("n must be at most 16384, got 20000.", None, 16384),
        ("n must be 1 when using greedy sampling, got 4.", None, 1),
        ("only n=1 is supported", None, 1),
        ("n > 1 is not supported", None, 1),
        ("Multiple choices are not supported", None, 1),
        ("`n` should be in [1, 4]", None, 4),
        ("n must be between 1 and 8", None, 8),
        (
            "[{'type': 'less_than_equal', 'loc': ('body', 'n'), 'msg': 'should be less than or equal to 16'}]",
            None,
            16,
        ),
        ("This parameter is not supported", "n", 1),
    ],
)
def test_an_n_that_is_too_large_tells_what_is_taken(message, param, max_n):
    error = fail(400, openai(message, param=param))
    assert isinstance(error, TooManySamples)
    assert error.max_n == max_n
    assert error.outcome is MayHaveCost.FREE


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "0"},
        {"retry-after-ms": "0"},
        {"Retry-After": "Fri, 06 Nov 2026 11:00:00 GMT", "Date": "Fri, 06 Nov 2026 12:00:00 GMT"},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "0s"},
    ],
)
def test_a_refusal_that_asks_for_no_wait_leaves_it_to_us(headers):
    """Asked again at once, it would be refused again at once: a hundred times a second."""
    for status in (429, 503):
        assert fail(status, openai("slow down"), headers).retry_after_s is None


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "12"}, 12),
        ({"retry-after": "0"}, 0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "7", "retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "171"}, 171),
        ({"Retry-After": "Fri, 06 Nov 2026 12:00:30 GMT", "Date": "Fri, 06 Nov 2026 12:00:00 GMT"}, 30),
        ({"Retry-After": "Fri, 06 Nov 2026 11:00:00 GMT", "Date": "Fri, 06 Nov 2026 12:00:00 GMT"}, 0),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "0"}, 360),
        (
            {
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-requests": "5",
                "x-ratelimit-reset-tokens": "171ms",
                "x-ratelimit-remaining-tokens": "0",
            },
            0.171,
        ),
        ({"x-ratelimit-reset-requests": "1h2m3.5s", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        (
            {
                "anthropic-ratelimit-input-tokens-reset": "2001-09-09T01:46:50Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
            },
            10,
        ),
        ({"x-ratelimit-reset": "1000000042", "x-ratelimit-remaining": "0"}, 42),
        ({"x-ratelimit-reset": "1000000042000", "x-ratelimit-remaining": "0"}, 42),
        (
            {
                "anthropic-ratelimit-requests-reset": "2026-11-06T12:00:07Z",
                "anthropic-ratelimit-requests-remaining": "0",
                "Date": "Fri, 06 Nov 2026 12:00:00 GMT",
            },
            7,
        ),
        (
            {
                "anthropic-ratelimit-requests-reset": "2001-09-09T01:46:45Z",
                "anthropic-ratelimit-requests-remaining": "0",
                "Date": "yesterday",
            },
            5,
        ),
        ({"Retry-After": "Sun, 09 Sep 2001 01:46:43 GMT"}, 3),
        ({"Retry-After": "Sunday, 09-Sep-01 01:46:43 GMT", "Date": ""}, 3),
        ({"Retry-After": "soon", "x-ratelimit-reset-requests": "2s"}, 2),
        ({"Retry-After": "soon", "retry-after-ms": "-1"}, None),
        ({"Retry-After": "1,5"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "Fri, 99 Nov 2026 12:00:00 GMT"}, None),
        ({"Retry-After": "1e9"}, 86_400),
        ({}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"x-ratelimit-reset-requests": "later"}, None),
    ],
)
def test_how_long_to_wait(headers, wait):
    assert retry_after_s(headers, now=1_000_000_000) == (None if wait is None else pytest.approx(wait))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360), ("171ms", 0.171), ("1d2h", 93_600), ("3", 3), ("6x", None), ("", None)],
)
def test_durations(text, seconds):
    assert duration_s(text) == seconds


def test_the_wait_may_stand_in_the_message_alone():
    assert fail(429, openai(TPM)).retry_after_s == 6.5


def test_rate_headers_are_picked_and_lower_cased():
    headers = {
        "X-RateLimit-Limit-Tokens": "9",
        "Anthropic-RateLimit-Requests-Reset": "x",
        "Retry-After": "1",
        "A": "b",
    }
    assert rate_headers(headers) == {
        "x-ratelimit-limit-tokens": "9",
        "anthropic-ratelimit-requests-reset": "x",
        "retry-after": "1",
    }


def test_the_requests_id_comes_from_header_or_body():
    assert fail(500, b"", {"X-Request-ID": "r1"}).request_id == "r1"
    assert fail(529, anthropic("x")).request_id == "req_9"


@pytest.mark.parametrize(
    "said",
    [
        KEY,
        f"key {KEY}.",
        KEY.lower(),
        KEY[:14],
        KEY[-10:],
        f"{KEY[:8]}****************{KEY[-4:]}",
        f"Bearer {KEY}",
        "sk-ant-api03-somebodyelseskey",
    ],
)
def test_no_part_of_a_key_is_shown(said):
    shown = fail(401, openai(f"Incorrect API key provided: {said} (see docs)"), secrets=[KEY]).message
    assert "see docs" in shown
    lowered = shown.lower()
    assert not any(KEY.lower()[i : i + 9] in lowered for i in range(len(KEY) - 8))
    assert KEY[-4:] not in shown
    assert "somebody" not in shown


def test_a_short_key_is_taken_out_whole_and_one_letter_is_no_key():
    assert scrub("bad key EMPTY here", ["EMPTY"]) == "bad key [key] here"
    assert scrub("an apple", ["a"]) == "an apple"


def test_a_vendors_text_is_one_harmless_line():
    shown = clean_message("a\x1b[31mred\x1b[0m\r\nb\x00\u202ec\u2028d" + "x" * 500)
    assert shown.startswith("ared b c dxxx")
    assert len(shown) == 300
    assert shown.endswith("…")


def test_validation_errors_and_a_gateways_inner_message_are_read():
    detail = {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}
    assert "body.messages: field required" in fail(422, detail).message
    nested = {
        "error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "image too small"}}
    }
    assert "image too small" in fail(400, nested).message


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'{"error": []}', b'{"error": {"message": {"a": 1}}}', b"\xff" * 99]
)
@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 500, 503, 529])
def test_no_error_body_crashes_the_reader(status, body):
    assert fail(status, body).status == status


def test_bytes_that_are_no_text_stay_out_of_what_headers_say():
    """They come as surrogates, which the ledger can't hold."""
    odd = b"a\xff\xfe\x1b[2Jb".decode("utf-8", "surrogateescape")
    headers = {"X-Request-Id": odd, "x-ratelimit-remaining-requests": odd, "location": odd}
    error = failure_from_status(302, b"", headers, own_host=False, free_5xx=False, what="m")
    told = f"{error.request_id}{error.rate_headers}{error}"
    assert told.isprintable()
    assert told.isascii()

"""What vendors, gateways and local servers say when they refuse, in their own words, and what it means."""

import json
from typing import Any

import pytest

from providers.errors import (
    BadRequest,
    Loading,
    Lost,
    MayHaveCost,
    Overloaded,
    RateLimited,
    Stopped,
    TooManySamples,
    Unusable,
)
from providers.reading.error_text import error_in_reply
from providers.reading.failures import failure_from_status, failure_in_reply
from providers.reading.waits import wait_in_fields, wait_in_message

NOON = "Mon, 30 Nov 2026 12:00:00 GMT"
LONG_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: "
    "https://ai.dev/rate-limit. * Quota exceeded for metric: generate_content_paid_tier_requests, limit: 10, "
    "model: gemini-2.5-flash"
)


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def fail(status: int, body: Any, headers: dict[str, str] | None = None, **more: Any) -> Any:
    settings: dict[str, Any] = {"own_host": False, "free_5xx": False, "what": "m", **more}
    return failure_from_status(status, json.dumps(body).encode(), headers or {}, **settings)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            429,
            {
                "code": "exhausted",
                "error": "Your team has either used all available credits or reached its limit.",
            },
        ),
        (
            429,
            [
                error(
                    "Your prepayment credits are depleted. Please go to AI Studio.",
                    status="RESOURCE_EXHAUSTED",
                )
            ],
        ),
        (
            429,
            error("Budget has been exceeded! Current cost: 10.02, Max budget: 10.0", type="budget_exceeded"),
        ),
        (
            400,
            error("ExceededBudget: User default over budget. Spend=2.1, Budget=2.0", type="budget_exceeded"),
        ),
        (429, error("You exceeded your current quota, please check your plan and billing details.")),
        (429, error("x", code="insufficient_quota")),
        (429, error("余额不足或无可用资源包,请充值。", code="1113")),
        (400, error("Access denied, please make sure your account is in good standing.", code="Arrearage")),
        (403, error("Your newly created team doesn't have any credits yet.")),
        (429, error("You have exceeded your monthly included credits for Inference Providers.")),
        (429, error("Your account balance is insufficient to run this request.")),
        (429, error("The monthly spending limit of this workspace has been reached.")),
        (429, error("Organization is suspended because of unpaid invoices.")),
        (429, error("You are using a Trial key, which is limited to 1000 API calls / month.")),
        (412, error("Account a is suspended, possibly due to reaching the monthly spending limit")),
        (402, error("This request requires more credits, or fewer max_tokens.")),
        (400, error("No remaining wallet funds for project p-1")),
        (403, error("This project has no available credits")),
        (403, error("Your prepaid funds are used up. Top up to keep sending requests.")),
        (400, error("Organization has been restricted. Please reach out to support.")),
        (400, error("No payment method on file.")),
        (403, error("Model access is denied: a valid payment instrument must be provided.")),
        (403, error("Your newly created team doesn't have any credits or licenses yet.")),
        (403, error("You do not have an active subscription for this model.")),
        (403, error("This model is not available on the free plan. Please upgrade your plan.")),
        (403, error("预扣费额度失败, 用户剩余额度: ＄0.001", code="insufficient_user_quota")),
        (429, error("Monthly token allowance consumed; renews on December 1.")),
        (429, error("Token package exhausted")),
        (429, error("Not enough points left on this account")),
        (429, json.dumps(error("add credits", code="insufficient_quota"))),
    ],
)
def test_no_credit_stops_the_model_and_is_free(status, body):
    found = fail(status, body)
    assert type(found) is Stopped
    assert found.outcome is MayHaveCost.FREE


@pytest.mark.parametrize(
    "body", [error("insufficient balance (1008)", type="api_error"), error("Out of credits")]
)
def test_no_credit_under_a_500_of_a_gateway_stops_the_model_and_stays_charged(body):
    found = fail(500, body)
    assert type(found) is Stopped
    assert found.outcome is MayHaveCost.UNKNOWN
    assert type(fail(500, error("upstream went away"))) is Lost


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("n>1 not supported", TooManySamples),
        ("litellm.UnsupportedParamsError: groq does not support parameters: ['top_k']", Stopped),
        ("An error of temperature sensors, n is 4", Lost),
    ],
)
def test_what_a_500_will_always_refuse_is_learnt_and_stays_charged(said, kind):
    found = fail(500, error(said))
    assert type(found) is kind
    assert found.outcome is MayHaveCost.UNKNOWN


@pytest.mark.parametrize(
    "body", ['{"error": {"message": "Rate limit \\"m\\" hit", "co', '{"msg": "Rate limit hit",}']
)
def test_an_error_that_is_no_whole_json_shows_its_sentence_alone(body):
    found = failure_from_status(429, body.encode(), {}, own_host=False, free_5xx=False, what="m")
    assert found.message in ('m: HTTP 429: Rate limit "m" hit', "m: HTTP 429: Rate limit hit")


@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        ([error(f"{LONG_QUOTA} Please retry in 3.2s.")], {}, 3.2),
        ([error(LONG_QUOTA, details=[{"@type": "…RetryInfo", "retryDelay": "3.5s"}])], {}, 3.5),
        ([error(f"{LONG_QUOTA} Please retry in 1m2.5s.")], {"Retry-After": "0"}, 62.5),
        (error("Too many requests. Please wait 4 seconds before your next request."), {}, 4),
        (error("Rate limit reached", metadata={"retry_after_seconds": 7}), {}, 7),
        (error("slow down", retry_after_ms=1500), {}, 1.5),
        (error("slow down"), {"retry-after-ms": "700", "retry-after": "1"}, 0.7),
        (error("slow down"), {"retry-after": "2.5s"}, 2.5),
        (error("Requests to the API have exceeded the limit. Please retry after 59 seconds."), {}, 59),
        (error("Rate limit exceeded, try again in 2 minutes and 5 seconds"), {}, 125),
        (
            error("Tokens per minute reached. Adding a payment method raises your limit. Try again in 171ms"),
            {},
            0.171,
        ),
        (error("Quota exceeded", details=[{"quotaId": "GenerateRequestsPerMinutePerProject"}]), {}, None),
        (error("Rate limit exceeded"), {}, None),
        (error("Slow down: 20 calls per 60 seconds are allowed for this tier"), {}, None),
        (error("Retry later: 20 calls every 60 s are allowed, next one in 3 s"), {}, 3),
        ({"errors": [{"detail": "too many in parallel", "retry_after": 5}]}, {}, 5),
        ({"detail": "Busy", "details": {"retryDelay": "4s"}}, {}, 4),
        ({"detail": "You exceeded your current quota. Please retry in 34.6s."}, {}, 34.6),
        ({"Message": "Rate exceeded, try again in 5 s"}, {}, 5),
        ({"Response": {"Error": {"Code": "LimitExceeded", "Message": "请求太频繁，请等待7秒"}}}, {}, 7),
        ({"fault": {"faultstring": "Quota limit exceeded, retry after 9 s", "detail": {}}}, {}, 9),
        (error("Hit the limit, retry after Mon, 30 Nov 2026 13:00:10 GMT"), {"date": NOON}, 3610),
        (error("Your organization is restricted to 60 requests a minute"), {}, None),
    ],
)
def test_a_limit_that_a_wait_mends_waits(body, headers, wait):
    found = fail(429, body, headers)
    assert type(found) is RateLimited
    assert found.retry_after_s == (wait if wait is None else pytest.approx(wait))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please retry in 3.2s.", 3.2),
        ("Try again in 6m0s", 360),
        ("available again in about 20 sec", 20),
        ("Your quota resets in 1 hour 2 minutes", 3720),
        ("In 30 seconds you may try again", 30),
        ("slow down; the next slot opens in 1m2.5s", 62.5),
        ("Please hold off for 12 seconds", 12),
        ("Bitte in 20 Sekunden erneut versuchen", 20),
        ("Veuillez réessayer dans 20 secondes", 20),
        ("Demasiadas solicitudes, intente de nuevo en 20 segundos", 20),
        ("20秒後に再試行してください", 20),
        ("2分後にお試しください", 120),
        ("请等待30秒", 30),
        ("15초 후에 다시 시도해 주세요", 15),
        ("повторите через 5 секунд", 5),
        ("Tente novamente em 20 segundos", 20),
        ("Quota will be replenished in 01:33:12", 5592),
        ("Limit: 60 requests a minute", None),
        ("try again later", None),
    ],
)
def test_waits_in_words(text, seconds):
    assert wait_in_message(text) == seconds


def test_waits_in_fields():
    assert wait_in_fields({"details": [{"retryDelay": {"seconds": 3, "nanos": 500_000_000}}]}) == 3.5
    assert wait_in_fields({"retryAfter": "1m", "input": {"retry_after": 2}}) == 60
    assert wait_in_fields({"retry_after": "soon"}) is None


@pytest.mark.parametrize(
    ("message", "max_n"),
    [
        ("Multiple candidates is not enabled for this model", 1),
        ("invalid n: only 1 is allowed for this model", 1),
        ("litellm.UnsupportedParamsError: bedrock does not support parameters: ['n'], for model=m.", 1),
        ("candidateCount value of 16 but the supported range is from 1 (inclusive) to 9 (exclusive).", 8),
        ("Only one completion choice is allowed", 1),
        ("'n' : number must be at most 1", 1),
        ("n > 4 is not supported; n must be between 1 and 4", 4),
        ("The value of n must be less than 9", 8),
        ("Unsupported parameter: n", 1),
        ("number of choices must be in the range 1 to 4", 4),
        ("num_samples must be 1", 1),
        ("You asked for 8 completions but the limit is 4", 4),
        ("Value error, n: 8 exceeds the allowed 4", 4),
    ],
)
@pytest.mark.parametrize("param", [None, "None", "n"])
def test_an_n_that_is_refused_in_any_words(message, max_n, param):
    found = fail(400, error(message, param=param))
    assert type(found) is TooManySamples
    assert found.max_n == max_n


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("invalid temperature: only 1 is allowed for this model", "temperature"),
        ("`temperature` and `top_p` cannot both be specified for this model", "temperature"),
        ("top_p is not available here", "top_p"),
        ("This endpoint does not support setting presence_penalty", "presence_penalty"),
        ("The parameter 'stop' is not supported", "stop"),
        ("Parameter stop not supported", "stop"),
        ("Model grok-4 does not support parameter stop.", "stop"),
        ("Too many stop sequences. At most 4 are allowed.", "stop"),
        ("Argument 'seed' not recognized", "seed"),
        ('Invalid JSON payload received. Unknown name "seed": Cannot find field.', "seed"),
        ("Failed to deserialize the JSON body into the target type: unknown field `min_p`", "min_p"),
    ],
)
def test_a_parameter_that_is_refused_in_any_words_names_the_line(message, name):
    found = fail(400, error(message))
    assert type(found) is Stopped
    assert f'unset = ["{name}"]' in found.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, error("Content Exists Risk")),
        (400, error("Request declined by the safety classifier")),
        (403, error("Prompt rejected: disallowed content")),
        (400, error("Prompt has 9000 tokens but the window is 8192")),
        (400, error("Input data may contain inappropriate content.", code="data_inspection_failed")),
        (400, error("Invalid prompt: your prompt was flagged as potentially violating our usage policy")),
        (403, error("Your input was flagged by moderation")),
        (400, [error("The prompt was blocked due to PROHIBITED_CONTENT", status="INVALID_ARGUMENT")]),
        (400, error("This model's maximum context length is 4096 tokens. max_tokens is too large: 4096.")),
        (400, error("Requested 9000 tokens exceeds limit of 8192")),
        (400, error("litellm.ContextWindowExceededError: litellm.BadRequestError: too big")),
        (400, error("输入的 tokens 总数超过了模型的最大上下文长度限制 32768")),
        (422, error("Prompt contains prohibited content")),
        (446, error("The guardrail checks defined in the config failed.", type="hooks_failed")),
    ],
)
def test_what_is_refused_of_one_prompt_fails_that_prompt_alone(status, body):
    found = fail(status, body)
    assert type(found) is BadRequest
    assert not found.unclear


@pytest.mark.parametrize("wrap", [dict[str, Any], lambda body: {"data": body}])
def test_a_validator_that_names_a_path_is_read(wrap):
    issue = {"path": ["top_p"], "message": "Number must be less than or equal to 1"}
    assert 'unset = ["top_p"]' in fail(400, wrap({"error": {"issues": [issue]}})).message


def test_a_refusal_that_names_no_cause_says_so():
    assert fail(400, error("Bad request")).unclear


@pytest.mark.parametrize(
    "body",
    [
        error("Loading model", code=503, type="unavailable_error"),
        {"error": "Model x is currently loading", "estimated_time": 20.0},
        error("The model is not ready yet"),
        error("Cold boot in progress"),
        {"detail": "Server is warming up, please wait"},
        error("model m is still being loaded"),
    ],
)
def test_a_model_that_is_loading_is_worth_waiting_for(body):
    found = fail(503, body)
    assert type(found) is Loading
    assert isinstance(found, Overloaded)
    assert found.outcome is MayHaveCost.UNKNOWN
    if "estimated_time" not in str(body) and "detail" not in body:
        assert fail(503, body, own_host=True).outcome is MayHaveCost.FREE


@pytest.mark.parametrize("status", [400, 404, 409, 425])
def test_a_model_that_is_loading_is_waited_for_whatever_the_status(status):
    assert type(fail(status, error("model m is still loading"))) is Loading
    assert type(fail(status, error("model m not loaded"))) is not Loading or status == 425


def test_a_model_that_a_key_may_not_use_names_both():
    assert "check `model`, and that your key may use it" in fail(403, error("Model disabled.")).message


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            error("Provider returned error", code=429, metadata={"raw": "m is rate-limited upstream"}),
            RateLimited,
        ),
        (error("upstream is busy", code="rate_limit_exceeded"), RateLimited),
        (
            {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
            Stopped,
        ),
        ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, RateLimited),
        (error("Insufficient credits", code=402), Stopped),
        (error("No auth credentials found", code=401), Stopped),
        ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, RateLimited),
        (error("Your input was flagged", code=403), BadRequest),
        (error("Upstream error: connection lost", code=502), Lost),
        (error("n must be 1"), TooManySamples),
        (error("This model's maximum context length is 4096 tokens."), BadRequest),
        ({"error": "Invalid API key"}, Stopped),
        (error("Model is loading"), Loading),
        ({"code": 10013, "msg": "input content blocked by moderation"}, BadRequest),
        ({"success": False, "message": "temperature is not supported"}, Stopped),
        ({"Response": {"Error": {"Code": "LimitExceeded", "Message": "请求太频繁"}}}, RateLimited),
        ({"header": {"code": 11202, "message": "AppIdQpsOverFlowError"}}, RateLimited),
        ({"detail": "Insufficient funds"}, Stopped),
        ({"code": 1003, "message": "Daily token limit of this key exceeded"}, Stopped),
        ({"message": "Internal error"}, Unusable),
        (error("something"), Lost),
        ({"choices": [{"error": {"code": 429, "message": "slow"}, "finish_reason": "error"}]}, RateLimited),
    ],
)
def test_a_200_that_is_an_error_is_what_it_says_and_may_have_been_billed(body, kind):
    said = error_in_reply(json.dumps(body).encode())
    assert said is not None
    found = failure_in_reply(said, status=200, headers={})
    assert isinstance(found, kind)
    assert found.outcome is MayHaveCost.UNKNOWN
    assert "an error in a 200 reply" in found.message


@pytest.mark.parametrize(
    "body", [{}, {"base_resp": {"status_code": 0}}, {"choices": [{"index": 0}]}, {"error": None}]
)
def test_a_200_without_an_error_is_none(body):
    assert error_in_reply(json.dumps(body).encode()) is None

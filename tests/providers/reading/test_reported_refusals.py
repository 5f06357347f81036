# ruff: noqa: E501
"""What users of vendors, gateways and servers reported of refusals, with who reported it, and what each must mean."""

from json import dumps
from typing import Any

import pytest

from providers.errors import (
    BadRequest,
    Loading,
    Lost,
    RateLimited,
    Stopped,
    TooManySamples,
)
from providers.reading.failures import failure_from_status


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


Row = tuple[str, int, Any, dict[str, str], Any, dict[str, Any]]
# (who reported it, status, body, headers, class, more that must hold)

# fmt: off
REPORTED: list[Row] = [
    ("continuedev/continue#11443", 429, error("Your account org-1 <ak-f8> is suspended due to insufficient balance, please recharge your account or check your plan and billing details", type="exceeded_current_quota_error"), {}, Stopped, {}),
    ("MoonshotAI/Kimi-K2#5", 403, error("Your account xx is not active, organization <xx> exceeded current quota, please check your plan and billing details", type="exceeded_current_quota_error"), {}, Stopped, {"says": "credit"}),
    ("anomalyco/opencode#24462", 429, error("Error from provider: Provider returned error", code=429, metadata={"raw": dumps({"error": {"message": "Your account org is suspended due to insufficient balance, please recharge your account"}})}), {}, Stopped, {}),
    ("Wei-Shaw/sub2api#890", 403, {"code": "INSUFFICIENT_BALANCE", "message": "Insufficient account balance"}, {}, Stopped, {"says": "credit"}),
    ("axoviq-ai/synthadoc#215", 403, error("The free quota has been exhausted. To continue accessing the model on a paid basis, please complete your payment information (or disable the \"use free tier only\" mode in the management console if already completed).", type="AllocationQuota.FreeTierOnly", code="AllocationQuota.FreeTierOnly"), {}, Stopped, {"says": "credit"}),
    ("can1357/oh-my-pi#8476", 429, error("You exceeded your current quota, please check your plan and billing details. For details, see: https://help.aliyun.com/zh/model-studio/error-code#token-limit", type="insufficient_quota", code="insufficient_quota", param="insufficient_quota"), {}, RateLimited, {}),
    ("QwenLM/Qwen#2254", 429, error("Allocated quota exceeded, please increase your quota limit. For details, see: https://help.aliyun.com/zh/model-studio/error-code#token-limit", code="Throttling.AllocationQuota"), {}, RateLimited, {}),
    ("QwenLM/qwen-code#1742", 429, error("Free allocated quota exceeded."), {}, Stopped, {}),
    ("paperclipai/paperclip#2885", 429, error("Upstream error from Alibaba: Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time."), {}, RateLimited, {}),
    ("docs.bigmodel.cn/cn/api/api-code", 429, error("您的账户已被锁定,请联系客服解锁", code="1112"), {}, Stopped, {}),
    ("docs.bigmodel.cn/cn/api/api-code", 429, error("您的 GLM Coding Plan 套餐已到期,暂无法使用,前往官方续订后即可恢复", code="1309"), {}, Stopped, {}),
    ("docs.bigmodel.cn/cn/api/api-code", 429, error("您的账户已欠费,请充值后重试", code="1113"), {}, Stopped, {}),
    ("docs.bigmodel.cn/cn/api/api-code", 429, error("账户存违规行为,账号已被锁定", code="1121"), {}, Stopped, {}),
    ("zhukunpenglinyutong/jetbrains-cc-gui#897", 429, {"error": {"message": "您的账户已达到速率限制,请您控制请求频率", "code": "1302"}, "request_id": "x"}, {}, RateLimited, {}),
    ("anomalyco/opencode#9789", 429, error("您当前使用该API的并发数过高,请降低并发,或联系客服增加限额。", code="1302"), {}, RateLimited, {}),
    ("dirge-code/dirge#818", 429, error("已达到 5 小时的使用上限。您的限额将在 2026-08-25 07:41:44 重置。", code="1308"), {}, RateLimited, {}),
    ("MiniMax-AI/MiniMax-M2.7#36", 429, {"type": "error", "error": {"type": "rate_limit_error", "message": "usage limit exceeded, 5-hour usage limit reached for Token Plan Starter (0/0 used), resets at 2026-05-15T15:00:00Z (2056)"}}, {"Date": "Fri, 15 May 2026 14:59:30 GMT"}, RateLimited, {"wait": 30}),
    ("volcengine.com/docs/82379", 403, error("The request failed because your account has an overdue balance. Request ID: a", code="AccountOverdueError", type="Forbidden"), {}, Stopped, {"says": "credit"}),
    ("volcengine.com/docs/82379", 429, error("Your account [21] has reached the set inference limit for the [m] model, and the model service has been paused. To continue using this model, please visit the Model Activation page to adjust or close the \"Safe Experience Mode\". Request id: 0", code="SetLimitExceeded", type="TooManyRequests"), {}, Stopped, {}),
    ("volcengine.com/docs/82379", 429, error("Your account 21 has exhausted its free trial quota for the m model. Please activate the model service in the Ark Console.", code="QuotaExceeded", type="TooManyRequests"), {}, Stopped, {}),
    ("volcengine.com/docs/82379", 429, error("The Requests Per Minute (RPM) limit of the associated endpoint for your account has been exceeded.", code="RateLimitExceeded.EndpointRPMExceeded", type="TooManyRequests"), {}, RateLimited, {}),
    ("volcengine.com/docs/82379", 429, error("The service is currently unable to handle additional requests due to server overload.", code="ServerOverloaded", type="TooManyRequests"), {}, RateLimited, {}),
    ("volcengine.com/docs/82379", 400, error("The request failed because the input text may contain sensitive information. Request id: 0", code="InputTextSensitiveContentDetected", type="BadRequest"), {}, BadRequest, {"unclear": False}),
    ("volcengine.com/docs/82379", 400, error("The request could not be processed because the input text includes sensitive content that violates ContentSecurityDetection.ARKRequest ID:1", code="InputTextRiskDetection"), {}, BadRequest, {"unclear": False}),
    ("docs.bigmodel.cn/cn/api/api-code", 400, error("系统检测到输入或生成内容可能包含不安全或敏感内容,请您避免输入易产生敏感内容的提示语,感谢您的配合", code="1301", contentFilter=[{"level": 1}]), {}, BadRequest, {"unclear": False}),
    ("docs.bigmodel.cn/cn/api/api-code", 400, error("Prompt 超长", code="1261"), {}, BadRequest, {"unclear": False}),
    ("docs.bigmodel.cn/cn/api/api-code", 400, error("模型不存在,请检查模型代码", code="1211"), {}, Stopped, {}),
    ("docs.bigmodel.cn/cn/api/api-code", 400, error("n 参数非法。请检查文档", code="1214"), {}, TooManySamples, {"max_n": 1}),
    ("own words", 400, error("参数n仅支持1"), {}, TooManySamples, {"max_n": 1}),
    ("docs.bigmodel.cn/cn/api/api-code", 400, error("temperature 参数非法。请检查文档", code="1214"), {}, Stopped, {"says": "temperature"}),
    ("xtekky/gpt4free#3020", 429, {"error": "You have used all your credits for this month. Please add more credits to continue."}, {}, Stopped, {}),
    ("huggingface/agents-course#386", 402, {"error": "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits."}, {}, Stopped, {}),
    ("huggingface/hub-docs#2392", 403, error("not enough balance", code=403, reason="NOT_ENOUGH_BALANCE"), {}, Stopped, {"says": "credit"}),
    ("novita.ai/docs/api-reference/basic-error-code", 400, {"code": 400, "reason": "BILLING_BALANCE_NOT_ENOUGH", "message": "billing balance not enough"}, {}, Stopped, {"says": "credit"}),
    ("XiaomiMiMo/MiMo#99", 402, {"type": "server_error", "message": "Upstream request failed: Insufficient account funds"}, {}, Stopped, {}),
    ("pollinations#12136", 412, {"success": False, "error": {"message": "Image provider error: Fireworks: {\"error\":{\"message\":\"Account p is suspended, possibly due to reaching the monthly spending limit\"}}", "code": "UNKNOWN_ERROR"}}, {}, Stopped, {}),
    ("amd/gaia#3766", 502, error("cloud (fireworks) request failed", details={"status_code": 412, "response": {"error": {"message": "Account a is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices"}}}), {}, Stopped, {}),
    ("anthropics/claude-code#55998", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "You have reached your specified workspace API usage limits. You will regain access on 2026-06-01 at 00:00 UTC."}}, {}, Stopped, {}),
    ("Gitlawb/openclaude#936", 429, error("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day", code=429, metadata={"headers": {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1777420800000"}}), {"Date": "Tue, 28 Apr 2026 23:59:00 GMT"}, RateLimited, {"wait": 60}),
    ("BerriAI/litellm#5177", 429, error("No deployments available for selected model, Try again in 60 seconds. Passed model=claude-3-haiku. Try again in 60 seconds.", type="None", param="None", code="429"), {}, RateLimited, {"wait": 60}),
    ("BerriAI/litellm#13898", 429, error("LiteLLM Rate Limit Handler for rate limit type = team. Crossed TPM / RPM / Max Parallel Request Limit. current rpm: 1, rpm limit: 15, current tpm: 12260, tpm limit: 5000"), {}, RateLimited, {}),
    ("continuedev/continue#3943", 429, {"message": "trial token rate limit exceeded, limit is 100000 tokens per minute"}, {}, RateLimited, {}),
    ("own words", 429, {"message": "You are using a Trial key, which is limited to 10 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits"}, {}, RateLimited, {}),
    ("continuedev/continue#9800", 429, {"message": "Tokens per minute limit exceeded - too many tokens processed.", "type": "too_many_tokens_error", "param": "quota", "code": "token_quota_exceeded"}, {"x-ratelimit-remaining-tokens-minute": "0", "x-ratelimit-reset-tokens-minute": "33.5"}, RateLimited, {"wait": 33.5}),
    ("sandialabs/atlas-ui-3#111", 429, {"message": "We're experiencing high traffic right now! Please try again soon.", "type": "too_many_requests_error", "param": "queue", "code": "queue_exceeded"}, {}, RateLimited, {}),
    ("continuedev/continue#6185", 429, {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "invalid_request_error", "param": None, "code": None}, {}, RateLimited, {}),
    ("raycast/extensions#31107", 429, {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "param": None, "code": "1300", "raw_status_code": 429}, {}, RateLimited, {}),
    ("HunorLaczko/ha-groq-cloud-api#27", 413, error("Request too large for model llama-3.1-8b-instant in organization org_x service tier on_demand on tokens per minute (TPM): Limit 6000, Requested 12328, please reduce your message size and try again. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing", type="tokens", code="rate_limit_exceeded"), {}, BadRequest, {}),
    ("continuedev/continue#10920", 429, error("Rate limit reached for model `llama-3.3-70b-versatile` in organization `org_0` service tier `on_demand` on tokens per day (TPD): Limit 100000, Used 97050, Requested 3619. Please try again in 9m38.016s. Need more tokens%3F Upgrade to Dev Tier today at https://console.groq.com/settings/billing"), {}, RateLimited, {"wait": 578.016}),
    ("jasonacox/TinyLLM#17", 429, error("litellm.RateLimitError: AzureException RateLimitError - Error code: 429 - {'error': {'code': '429', 'message': 'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2023-05-15 have exceeded token rate limit of your current AIServices S0 pricing tier. Please retry after 86400 seconds. Please contact Azure support service if you would like to further increase the default rate limit.'}}", type="throttling_error", code="429"), {}, RateLimited, {"wait": 86400}),
    ("Azure-Samples/azure-search-openai-demo#177", 429, {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 30 seconds."}, {}, RateLimited, {"wait": 30}),
    ("RooCodeInc/Roo-Code#5050", 429, {"message": "Too many tokens, please wait before trying again."}, {"x-amzn-ErrorType": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"}, RateLimited, {}),
    ("own words", 400, {"message": "Too many tokens, please wait before trying again."}, {"x-amzn-ErrorType": "ThrottlingException"}, RateLimited, {}),
    ("charmbracelet/crush#946", 400, {"message": "The maximum tokens you requested exceeds the model limit of 32768"}, {}, Stopped, {"says": "max_tokens"}),
    ("RooCodeInc/Roo-Code#248", 400, {"message": "The maximum tokens you requested exceed the model limit of 4096. Try again with a maximum tokens value lower than 4096."}, {}, Stopped, {"says": "max_tokens"}),
    ("anthropics/claude-code#1466", 400, {"message": "Invocation of model ID anthropic.claude-sonnet-4-20250514-v1:0 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."}, {"x-amzn-ErrorType": "ValidationException"}, Stopped, {"says": "`model`"}),
    ("own words", 429, {"message": "Model is not ready for inference. Wait and try your request again."}, {"x-amzn-ErrorType": "ModelNotReadyException"}, Loading, {}),
    ("google-gemini/gemini-cli#6454", 429, [{"error": {"message": "Resource exhausted. Please try again later. Please refer to https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.", "code": 429, "status": "RESOURCE_EXHAUSTED"}}], {}, RateLimited, {}),
    ("googleapis/python-genai#2065", 429, error("Resource has been exhausted (e.g. check quota).", code=429, status="RESOURCE_EXHAUSTED"), {}, RateLimited, {}),
    ("RooCodeInc/Roo-Code#3883", 429, error(dumps({"error": {"code": 429, "message": "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_input_token_count", "quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier", "quotaValue": "250000"}]}, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "26s"}]}}), code=429, status="Too Many Requests"), {}, RateLimited, {"wait": 26}),
    ("continuedev/continue#10062", 429, error(dumps({"error": {"message": "You exceeded your current quota, please check your plan and billing details. * Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_input_token_count, limit: 0, model: gemini-2.5-pro\nPlease retry in 20.04466179s.", "code": 429, "status": "RESOURCE_EXHAUSTED"}})), {}, Stopped, {}),
    ("ai-christianson/RA.Aid#182", 429, error("Gemini 2.5 Pro Preview doesn't have a free quota tier. Please use Gemini 2.5 Pro Experimental (models/gemini-2.5.pro-exp-03-25) instead.", details=[{"retryDelay": "33s"}]), {}, Stopped, {}),
    ("continuedev/continue#9623", 429, {"type": "rate_limit_error", "message": "This request would exceed the rate limit for your organization (c2) of 30,000 input tokens per minute. Please reduce the prompt length or the maximum tokens requested, or try again later. You may also contact sales"}, {}, RateLimited, {}),
    ("GordeyZuev/LEAP#6", 429, {"error": "Too Many Requests", "message": "You have exceeded your usage limits. Please try again later or contact Fireworks to explore dedicated capacity."}, {}, RateLimited, {"says": "usage limits"}),
    ("yym68686/uni-api#105", 400, {"code": "Client specified an invalid argument", "error": "Argument not supported on this model: presencePenalty"}, {}, Stopped, {"says": "unset = [\"presence_penalty\"]"}),
    ("open-webui/open-webui#21266", 400, {"code": "invalid-argument", "error": "Model grok-4-1-fast-reasoning does not support parameter presencePenalty."}, {}, Stopped, {"says": "unset = [\"presence_penalty\"]"}),
    ("BerriAI/litellm#11563", 400, {"code": "Client specified an invalid argument", "error": "Argument not supported on this model: stop"}, {}, Stopped, {"says": "unset = [\"stop\"]"}),
    ("own words", 400, {"code": "Client specified an invalid argument", "error": "Argument not supported on this model: n"}, {}, TooManySamples, {"max_n": 1}),
    ("xtekky/gpt4free#3032", 429, error("You have reached the rate limit specific to this model x. The maximum rate limit for this model is 9.0 queries per minute. This limit differs from the general rate limits published"), {}, RateLimited, {}),
    ("huggingface/huggingface_hub#2763", 422, error("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 8740 `inputs` tokens and 500 `max_new_tokens`", http_status_code=422), {}, BadRequest, {"unclear": False}),
    ("huggingface/text-generation-inference#695", 422, {"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 1168", "error_type": "validation"}, {}, BadRequest, {"unclear": False}),
    ("Gitlawb/openclaude#35", 400, error("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", type="invalid_request_error", code="invalid_request_error"), {}, Stopped, {"says": "max_tokens that the model takes"}),
    ("skapadia3214/groq-moa#8", 400, error("max_tokens for `llama-3.1-8b-instant` must be less than or equal to 8000", type="invalid_request_error"), {}, Stopped, {"says": "max_tokens that the model takes"}),
    ("allenai/olmo-eval#310", 400, error("max_tokens=131072 cannot be greater than max_model_len=max_total_tokens=40960.", type="BadRequestError", code=400), {}, Stopped, {"says": "max_tokens that the model takes"}),
    ("vllm-project/vllm#36789", 400, error("max_tokens must be at least 1, got -7584. (parameter=max_tokens, value=-7584)", type="BadRequestError", param="max_tokens", code=400), {}, BadRequest, {"unclear": False}),
    ("vllm-project/vllm#33425", 400, error("This model's maximum context length is 2048 tokens. However, your request has 8 input tokens plus 2045 'max_tokens'. Please reduce one or the other. (parameter=input_tokens, max_tokens, value=(8, 2045))", param="input_tokens, max_tokens"), {}, BadRequest, {"unclear": False}),
    ("oobabooga/textgen#7257", 400, error("the request exceeds the available context size. try increasing the context size or enable context shift", code=400, type="exceed_context_size_error", n_prompt_tokens=14429, n_ctx=8192), {}, BadRequest, {"unclear": False}),
    ("ggml-org/llama.cpp#15780", 500, error("the request exceeds the available context size. try increasing the context size or enable context shift", code=500, type="exceed_context_size_error"), {}, BadRequest, {"unclear": False}),
    ("lmstudio-ai/lmstudio-bug-tracker#2339", 500, {"error": "Context size has been exceeded."}, {}, BadRequest, {"unclear": False}),
    ("Gitlawb/openclaude#353", 400, {"error": "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input."}, {}, BadRequest, {"unclear": False}),
    ("lmstudio-ai/lmstudio-bug-tracker#237", 400, {"error": "Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough."}, {}, BadRequest, {"unclear": False}),
    ("continuedev/continue#11478", 500, error("model requires more system memory (2.7 GiB) than is available (2.3 GiB)", type="api_error"), {}, Stopped, {}),
    ("Alishahryar1/free-claude-code#1485", 429, {"status": 429, "title": "Too Many Requests"}, {}, RateLimited, {"says": "Too Many Requests"}),
    ("Alishahryar1/free-claude-code#1242", 403, {"status": 403, "title": "Forbidden", "detail": "Authorization failed"}, {}, Stopped, {}),
    ("Alishahryar1/free-claude-code#1021", 404, {"status": 404, "title": "Not Found", "detail": "Function '23': Not found for account 'Q'"}, {}, Stopped, {}),
    ("own words", 429, {"error": "Model is overloaded", "error_type": "overloaded"}, {}, RateLimited, {}),
    ("QwenLM/Qwen3#1321", 400, {"object": "error", "message": "The input (61709 tokens) is longer than the model's context length (40960 tokens).", "type": "BadRequestError", "param": None, "code": 400}, {}, BadRequest, {"unclear": False}),
    ("help.aliyun.com/model-studio/error-code", 400, error("Range of input length should be [1, 98304]", code="InvalidParameter", type="invalid_request_error"), {}, BadRequest, {"unclear": False}),
    ("help.aliyun.com/model-studio/error-code", 400, error("Range of max_tokens should be [1, 8192]", code="InvalidParameter"), {}, Stopped, {"says": "max_tokens that the model takes"}),
    ("help.aliyun.com/model-studio/error-code", 400, error("<400> InternalError.Algo.InvalidParameter: Range of n should be [1, 4]", code="invalid_parameter_error"), {}, TooManySamples, {"max_n": 4}),
    ("own words", 403, {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}, {}, Stopped, {"says": "credit"}),
    ("own words", 400, {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None}, {}, Stopped, {"says": "`model`"}),
    ("own words", 429, {"message": "Request was rejected due to rate limiting. If you want more, please contact contact@siliconflow.cn. Details:TPM limit reached.", "data": None}, {}, RateLimited, {}),
    ("own words", 400, {"code": 20015, "message": "length of prompt_tokens (40000) must be less than max_seq_len (32768).", "data": None}, {}, BadRequest, {"unclear": False}),
    ("langflow-ai/langflow#2087", 400, error("The chatCompletion operation does not work with the specified model, text-embedding-ada-002. Please choose different model and try again.", code="OperationNotSupported"), {}, Stopped, {"says": "`model`"}),
    ("huggingface/huggingface.js#2268", 400, {"message": "top_k: property 'top_k' is unsupported", "type": "invalid_request_error", "param": "validation_error", "code": "wrong_api_format"}, {}, Stopped, {"says": "unset = [\"top_k\"]"}),
    ("own words", 400, {"message": "n: property 'n' is unsupported", "type": "invalid_request_error", "param": "validation_error", "code": "wrong_api_format"}, {}, TooManySamples, {}),
    ("fanenr/chatbot#21", 400, error("property 'logit_bias' is unsupported, did you mean 'logprobs'?", type="invalid_request_error"), {}, Stopped, {"says": "logit_bias"}),
    ("BerriAI/litellm#514", 400, error("LiteLLM.Exception: Unsupported parameters passed: n."), {}, TooManySamples, {}),
    ("own words", 422, {"object": "error", "message": {"detail": [{"type": "less_than_equal", "loc": ["body", "n"], "msg": "Input should be less than or equal to 1", "input": 4}]}, "type": "invalid_request_error"}, {}, TooManySamples, {"max_n": 1}),
    ("own words", 400, error("n_cmpl cannot be greater than the number of slots, please increase -np", type="invalid_request_error", code=400), {}, TooManySamples, {"max_n": 1}),
    ("own words", 422, {"detail": "n: Input should be less than or equal to 4"}, {}, TooManySamples, {"max_n": 4}),
    ("own words", 400, error("Parallel sampling is not supported by this engine"), {}, TooManySamples, {"max_n": 1}),
    ("own words", 400, error("This backend returns a single sequence; requested 4 sequences"), {}, TooManySamples, {"max_n": 1}),
    ("own words", 400, error("Generating multiple responses per request is disabled"), {}, TooManySamples, {"max_n": 1}),
    ("own words", 400, error("Value 8 for parameter n is out of range: maximum is 2"), {}, TooManySamples, {"max_n": 2}),
    ("stanfordnlp/dspy#1155", 400, error("n must be at most 1", type="invalid_request_error"), {}, TooManySamples, {"max_n": 1}),
    ("own words", 503, error("Deployment is currently scaled to zero and is scaling up. Please retry your request in a few minutes.", code="DEPLOYMENT_SCALING_UP", type="error"), {}, Loading, {}),
    ("own words", 503, {"object": "error", "message": "Service is not ready.", "detail": {}}, {}, Loading, {}),
    ("own words", 503, {"error": "Model loading, please wait"}, {}, Loading, {}),
    ("own words", 503, error("模型正在加载中,请稍后重试"), {}, Loading, {}),
    ("own words", 503, error("weights are still being loaded (43%)"), {}, Loading, {}),
    ("own words", 503, {"error": "The model is currently being loaded into memory"}, {}, Loading, {}),
    ("own words", 400, error("The request was rejected because it was considered high risk", type="content_filter"), {}, BadRequest, {"unclear": False}),
    ("own words", 451, error("The content you provided or machine outputted is blocked", type="censorship_blocked"), {}, BadRequest, {"unclear": False}),
    ("own words", 403, {"code": "The caller does not have permission to execute the specified operation", "error": "Content violates usage guidelines. Team: 1, API key ID: 2, Model: grok-4, Failed check: SAFETY_CHECK_TYPE_BIO"}, {}, BadRequest, {"unclear": False}),
    ("own words", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}}, {}, BadRequest, {"unclear": False}),
    ("own words", 403, error("google/gemini requires moderation on Google. Your input was flagged for \"violence\"", code=403, metadata={"reasons": ["violence"], "flagged_input": "x"}), {}, BadRequest, {}),
    ("diegosouzapw/OmniRoute#3044", 400, error("Provider returned error", code=400, metadata={"raw": dumps({"error": {"type": "invalid_request_error", "message": "temperature is not supported by this model"}}), "provider_name": "C"}), {}, Stopped, {"says": "unset = [\"temperature\"]"}),
    ("open-webui/computer#293", 429, error("Provider returned error", code=429, metadata={"raw": "z-ai/glm-5.3-flash is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your rate limits: https://openrouter.ai/settings/integrations", "limit_source": "upstream_provider_shared_pool"}), {}, RateLimited, {}),
    ("anomalyco/opencode#22448", 502, error("Network connection lost.", code=502, metadata={"error_type": "provider_unavailable"}), {}, Lost, {}),
    ("anthropics/claude-code#37943", 429, {"type": "error", "error": {"type": "rate_limit_error", "message": "Extra usage is required for long context requests."}}, {}, Stopped, {}),
    ("musistudio/claude-code-router#1249", 400, error("Error from provider(deepseek,deepseek-chat: 400): {\"error\":{\"message\":\"Invalid max_tokens value, the valid range of max_tokens is [1, 8192]\",\"type\":\"invalid_request_error\"}}", type="api_error", code="provider_response_error"), {}, Stopped, {"says": "max_tokens that the model takes"}),
    ("cohere-ai/sandbox-topically#4", 400, {"message": "too many tokens: total number of tokens (prompt and prediction) cannot exceed 2048 - received 6354. Try using a shorter prompt or a smaller max_tokens value."}, {}, BadRequest, {"unclear": False}),
    ("dyad-sh/dyad#717", 400, error("The input token count (1435506) exceeds the maximum number of tokens allowed (1048576).", code=400, status="INVALID_ARGUMENT"), {}, BadRequest, {"unclear": False}),
    ("docs.together.ai/docs/error-codes", 403, error("Input token count + max_tokens parameter must be less than the context length of the model being queried."), {}, BadRequest, {}),
    ("own words", 500, {"type": "error", "error": {"type": "api_error", "message": "your current token plan not support model, MiniMax-M2.5-highspeed (2061)"}}, {}, Stopped, {}),
    ("docs.wandb.ai/support/inference", 429, error("Concurrency limit reached for requests"), {}, RateLimited, {}),
    ("own words", 429, error("slow down"), {"x-ms-retry-after-ms": "1500"}, RateLimited, {"wait": 1.5}),
    ("own words", 429, error("slow down"), {"retry-after": "30 seconds"}, RateLimited, {"wait": 30}),
    ("own words", 429, error("slow down"), {"ratelimit-limit": "100", "ratelimit-remaining": "0", "ratelimit-reset": "12"}, RateLimited, {"wait": 12}),
    ("own words", 429, {"error": "rate limit"}, {"ratelimit": "\"api\";r=0;t=32"}, RateLimited, {"wait": 32}),
    ("own words", 429, error("Quota resets in 2 min."), {}, RateLimited, {"wait": 120}),
    ("own words", 429, error("slow", reset_at="2026-05-15T15:00:10Z"), {"Date": "Fri, 15 May 2026 15:00:00 GMT"}, RateLimited, {"wait": 10}),
    ("own words", 429, error("请求过于频繁,请在 15 秒后重试"), {}, RateLimited, {"wait": 15}),
    ("own words", 429, error("slow", reset_in_seconds=9), {}, RateLimited, {"wait": 9}),
    ("own words", 403, error("Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys", code=403), {}, Stopped, {"says": "credit"}),
    ("own words", 403, error("Votre compte est suspendu: solde insuffisant"), {}, Stopped, {}),
    ("own words", 429, error("Ihr Guthaben ist aufgebraucht."), {}, Stopped, {}),
    ("own words", 429, error("Saldo insuficiente. Recargue su cuenta."), {}, Stopped, {}),
    ("own words", 429, error("Workspace spend cap hit: $20.00 of $20.00 used"), {}, Stopped, {}),
    ("own words", 429, error("Your subscription has expired. Renew to continue."), {}, Stopped, {}),
    ("own words", 403, {"detail": {"error": "account blocked: outstanding payment"}}, {}, Stopped, {"says": "credit"}),
    ("own words", 429, {"errors": [{"message": "Too many requests; retry in 4 s"}]}, {}, RateLimited, {"wait": 4}),
    ("nashsu/llm_wiki#670", 400, {"error": {"cause": '{"error": {"message": "Unsupported value: \'temperature\' does not support 0.1 with this model. Only the default (1) value is supported.", "param": "temperature", "code": "unsupported_value"}}', "code": 400, "message": "模型服务调用失败", "status": "FAILED_RESPONSE"}}, {}, Stopped, {"says": "temperature"}),
    ("own words", 400, error("the gateway could not serve it", upstream_error={"message": "Insufficient Balance"}), {}, Stopped, {"says": "credit"}),
    ("jjang-ai/vmlx#33", 503, {"error": {"message": "Model 'm' failed to load within 120s", "type": "server_error", "code": "model_load_timeout"}, "retry_after": 30}, {}, Loading, {"wait": 30}),
    ("own words", 400, {"error": "No models loaded. Please load a model in the developer page."}, {}, Stopped, {"says": "model"}),
    ("own words", 429, {"message": "Too many tokens per day, please wait before trying again."}, {"x-amzn-ErrorType": "ThrottlingException"}, Stopped, {"says": "tomorrow"}),
    ("own words", 400, error("The parameter `logprobs` is not supported by model x"), {}, Stopped, {"says": "logprobs"}),
    ("own words", 400, error("reasoning_effort is not supported with this model"), {}, Stopped, {"says": "reasoning_effort"}),
    ("own words", 400, error("Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: 'low', 'medium', and 'high'.", param="reasoning_effort", code="unsupported_value"), {}, Stopped, {"says": "reasoning_effort"}),
    ("own words", 400, error("Thinking budget is not supported by this model: thinking_budget"), {}, Stopped, {}),
    ("own words", 400, error("不支持参数 top_p"), {}, Stopped, {"says": "top_p"}),
    ("own words", 400, error("Invalid value at 'generation_config.topP': out of range"), {}, Stopped, {"says": "top_p"}),
    ("own words", 400, {"message": "`temperature` and `top_p` cannot both be specified for this model. Please use only one."}, {}, Stopped, {"says": "temperature"}),
]
# fmt: on


@pytest.mark.parametrize(("source", "status", "body", "headers", "kind", "holds"), REPORTED)
def test_a_reported_refusal_means_what_it_says(source, status, body, headers, kind, holds):
    found: Any = failure_from_status(
        status, dumps(body).encode(), headers, own_host=False, free_5xx=False, what="m"
    )
    assert type(found) is kind, source
    assert holds.get("says", "") in found.message
    if "wait" in holds:
        assert found.retry_after_s == pytest.approx(holds["wait"], abs=0.01)
    if "max_n" in holds:
        assert found.max_n == holds["max_n"]
    if "unclear" in holds:
        assert found.unclear is holds["unclear"]


def in_flight(**headers: str):
    said = error(
        "In-flight budget exhausted", code=402, metadata={"limit_source": "openrouter_in_flight_budget"}
    )
    return failure_from_status(402, dumps(said).encode(), headers, own_host=True, free_5xx=False, what="m")


def test_a_402_that_says_when_to_come_back_is_a_limit():
    """OpenRouter's documentation: what runs at once may fill a budget of its own, with credit left."""
    assert isinstance(found := in_flight(**{"Retry-After": "5"}), RateLimited)
    assert found.retry_after_s == 5
    assert isinstance(in_flight(), Stopped)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (
            "Gemini API free tier is not available in your country. Please enable billing on your project.",
            "credit",
        ),
        ("User location is not supported for the API use.", "does not serve the place"),
    ],
)
def test_what_holds_for_the_whole_account_fails_no_single_prompt(words, remedy):
    said = dumps({"error": {"code": 400, "message": words, "status": "FAILED_PRECONDITION"}}).encode()
    found = failure_from_status(400, said, {}, own_host=True, free_5xx=False, what="m")
    assert isinstance(found, Stopped)
    assert remedy in found.message


def test_google_s_quota_of_a_day_is_not_waited_for_by_the_seconds_that_it_asks():
    violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "250"}
    details = [{"violations": [violation]}, {"@type": "google.rpc.RetryInfo", "retryDelay": "11s"}]
    said = dumps(
        [{"error": {"code": 429, "message": "You exceeded your current quota.", "details": details}}]
    )
    found = failure_from_status(429, said.encode(), {}, own_host=True, free_5xx=False, what="m")
    assert isinstance(found, Stopped)
    assert "tomorrow" in found.message


@pytest.mark.parametrize(
    "words",
    [
        "You are out of free daily requests",
        "You have used all your free requests for today. Come back tomorrow.",
        "Daily limit reached",
        "Free tier exhausted",
        "今日调用次数已用完",
        "Ihr Tageskontingent ist aufgebraucht",
    ],
)
def test_a_day_s_quota_in_other_words_stops_the_model(words):
    said = dumps({"error": {"message": words}}).encode()
    assert isinstance(failure_from_status(429, said, {}, own_host=True, free_5xx=False, what="m"), Stopped)
    waits = failure_from_status(429, said, {"Retry-After": "30"}, own_host=True, free_5xx=False, what="m")
    assert isinstance(waits, RateLimited)

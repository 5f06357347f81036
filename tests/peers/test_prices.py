"""What a request costs by LiteLLM's price map, against ours: two readers of the vendors' price lists."""

import pytest

from pricing import PICO_PER_USD, Tokens, cost_pico, resolve

THEIRS = """
import json, sys
from litellm import cost_per_token
def one(model, plain, cached, output):
    counts = dict(prompt_tokens=plain + cached, cache_read_input_tokens=cached, completion_tokens=output)
    return sum(cost_per_token(model, **counts))
print(json.dumps([one(*case) for case in json.loads(sys.argv[1])]))
"""
MODELS = {
    "gpt-4o-mini-2024-07-18": "openai",
    "gpt-4.1-mini-2025-04-14": "openai",
    "claude-haiku-4-5-20251001": "anthropic",
}


@pytest.mark.timeout(200)
def test_a_request_costs_what_litellm_says(peer):
    cases = [
        (model, plain, cached, output)
        for model in MODELS
        for plain, cached, output in [(1000, 0, 300), (500, 512, 1)]
    ]
    theirs = peer("litellm").answers(THEIRS, cases, timeout_s=180, LITELLM_LOCAL_MODEL_COST_MAP="True")
    for (model, plain, cached, output), usd in zip(cases, theirs, strict=True):
        price = resolve(provider=MODELS[model], model=model)
        ours = cost_pico(price, Tokens(input=plain + cached, output=output, cached=cached))
        assert ours / PICO_PER_USD == pytest.approx(usd, rel=1e-9), (model, plain, cached, output)

"""What a server is started with: its command with the placeholders filled in, and its environment without keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

KEY = "VLLM_API_KEY"
"""Where a server finds the key that it is to ask for …"""
KEYS = (KEY, "LLAMA_API_KEY", "SGLANG_API_KEY")
"""… and the names of it that other servers read."""
VENDORS = [
    "AI21",
    "ALEPH_ALPHA",
    "ALIBABA",
    "ANTHROPIC",
    "ANYSCALE",
    "AZURE",
    "AZURE_OPENAI",
    "CEREBRAS",
    "CLAUDE",
    "COHERE",
    "CO",
    "DASHSCOPE",
    "DATABRICKS",
    "DEEPINFRA",
    "DEEPSEEK",
    "FIREWORKS",
    "FRIENDLI",
    "GEMINI",
    "GOOGLE",
    "GROQ",
    "HUGGINGFACE_INFERENCE",
    "HYPERBOLIC",
    "INFERMATIC",
    "KIMI",
    "LEPTON",
    "LITELLM",
    "MINIMAX",
    "MISTRAL",
    "MOONSHOT",
    "NEBIUS",
    "NOVITA",
    "NVIDIA",
    "OPENAI",
    "OPENROUTER",
    "PERPLEXITY",
    "PPLX",
    "QWEN",
    "REPLICATE",
    "SAMBANOVA",
    "SILICONFLOW",
    "STEPFUN",
    "TOGETHER",
    "TOGETHERAI",
    "UPSTAGE",
    "VERTEX",
    "VOLCENGINE",
    "ARK",
    "WATSONX",
    "XAI",
    "ZAI",
    "ZHIPU",
    "ZHIPUAI",
]
_ENDINGS = ("_API_KEY", "_API_TOKEN", "_AUTH_TOKEN", "_ADMIN_KEY", "_ACCESS_KEY")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")


def filled(texts: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """{model} and the like replaced; {{model}} stays as {model}. Braces around anything but a name are text."""

    def value(found: re.Match[str]) -> str:
        if found[1] is not None:
            return f"{{{found[1]}}}"
        return values.get(found[2], found[0])

    return [_PLACEHOLDER.sub(value, text) for text in texts]


def environment(
    inherited: Mapping[str, str],
    own: Mapping[str, str],
    *,
    secret: str,
    key_variables: Collection[str],
    gpus: Sequence[str],
) -> dict[str, str]:
    """`key_variables`: those that the sweep names. A model's own code could read what stands here."""
    kept = {
        name: value for name, value in inherited.items() if name not in key_variables and not is_key(name)
    }
    kept.update(dict.fromkeys(KEYS, secret))
    if gpus:
        kept["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    return {**kept, **own}


def is_key(name: str) -> bool:
    """Whether a known vendor's key is in the variable of that name."""
    return any(name.endswith(end) and name.removesuffix(end) in VENDORS for end in _ENDINGS)

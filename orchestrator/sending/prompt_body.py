"""A prompt as the ledger keeps it."""

from __future__ import annotations

import json

from providers.types import Prompt


def prompt_body(prompt: Prompt) -> str:
    """JSON, the same for the same prompt."""
    if prompt.text is not None:
        return json.dumps({"text": prompt.text}, ensure_ascii=False)
    return json.dumps({"messages": [[m.role, m.content] for m in prompt.messages]}, ensure_ascii=False)

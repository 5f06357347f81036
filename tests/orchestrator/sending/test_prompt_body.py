"""A prompt as the ledger keeps it: the same text for the same prompt, and another for another."""

from __future__ import annotations

import json

from orchestrator.sending.prompt_body import prompt_body
from providers.types import Message, Prompt


def test_messages_are_kept_in_their_order_with_their_roles():
    prompt = Prompt(messages=(Message("system", "Be brief."), Message("user", "2 + 2 = ? é")))
    assert json.loads(prompt_body(prompt)) == {"messages": [["system", "Be brief."], ["user", "2 + 2 = ? é"]]}
    assert "é" in prompt_body(prompt)


def test_a_text_is_kept_as_a_text_an_empty_one_too():
    assert json.loads(prompt_body(Prompt(text="Once"))) == {"text": "Once"}
    assert json.loads(prompt_body(Prompt(text=""))) == {"text": ""}

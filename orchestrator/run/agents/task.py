"""What an agent is asked to do."""

from __future__ import annotations

from providers.types import Prompt


def task_of(prompt: Prompt) -> str:
    """A prompt as the one text that an agent is given."""
    return prompt.text if prompt.text is not None else "\n\n".join(m.content for m in prompt.messages)

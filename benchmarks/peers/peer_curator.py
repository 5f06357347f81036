"""The same work with bespokelabs-curator, run by an interpreter that has it: PROBLEMS SAMPLES IN_FLIGHT BASE_URL
FOLDER. Prints the seconds of the call itself; imports are not counted."""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import os
import sys
import time
from typing import Any


def main() -> None:
    problems, samples, in_flight, base_url, folder = sys.argv[1:]
    os.environ |= {"OPENAI_API_KEY": "k", "CURATOR_DISABLE_RICH_DISPLAY": "1", "TELEMETRY_ENABLED": "0"}
    _without_download()
    from bespokelabs import curator

    maker: Any = curator
    llm = maker.LLM(
        model_name="m",
        backend="openai",
        generation_params={"max_tokens": 128},
        backend_params={
            "base_url": base_url,
            "max_concurrent_requests": int(in_flight),
            "max_requests_per_minute": 10_000_000,
            "max_tokens_per_minute": 10_000_000_000,
            "require_all_responses": True,
        },
    )
    prompts = [f"{i} {j} " + "q" * 110 for i in range(int(problems)) for j in range(int(samples))]
    began = time.monotonic()
    replies = llm(prompts, working_dir=folder)
    took = time.monotonic() - began
    rows = replies.dataset if hasattr(replies, "dataset") else replies
    print(took, len(rows))


def _without_download() -> None:
    """Its token counter fetches a vocabulary from elsewhere; words are counted in its place, which is quicker."""
    import tiktoken

    class Words:
        def encode(self, text: str, **_: Any) -> list[str]:
            return text.split()

    module: Any = tiktoken
    module.get_encoding = module.encoding_for_model = lambda *_: Words()


if __name__ == "__main__":
    main()

"""The same work with litellm, run by an interpreter that has it: PROBLEMS SAMPLES IN_FLIGHT BASE_URL FOLDER.

As its documentation asks for many replies: `acompletion` in a gather, with a semaphore. Prints the seconds of the calls
themselves; imports are not counted."""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any


async def ask(problems: int, samples: int, in_flight: int, base_url: str) -> int:
    import litellm

    ask_one: Any = litellm.acompletion
    slots = asyncio.Semaphore(in_flight)

    async def one(prompt: str) -> int:
        async with slots:
            reply = await ask_one(
                model="openai/m",
                messages=[{"role": "user", "content": prompt}],
                max_tokens=128,
                api_base=base_url,
                api_key="k",
            )
            return len(reply.choices)

    prompts = [f"{i} " + "q" * 110 for i in range(problems) for _ in range(samples)]
    return sum(await asyncio.gather(*map(one, prompts)))


def main() -> None:
    problems, samples, in_flight, base_url, _ = sys.argv[1:]
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches a table of prices from elsewhere
    import litellm

    assert litellm
    began = time.monotonic()
    answered = asyncio.run(ask(int(problems), int(samples), int(in_flight), base_url))
    print(time.monotonic() - began, answered)


if __name__ == "__main__":
    main()

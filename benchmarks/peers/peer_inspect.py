"""The same work with inspect_ai, run by an interpreter that has it: PROBLEMS SAMPLES IN_FLIGHT BASE_URL FOLDER [quiet].

quiet: without its live log and display, and with as many samples at once as connections. Prints the seconds of the
evaluation itself; imports are not counted."""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import sys
import time
from typing import Any


def main() -> None:
    problems, samples, in_flight, base_url, folder, *way = sys.argv[1:]
    quiet: dict[str, Any] = {"display": "none", "log_realtime": False, "max_samples": int(in_flight)}
    import inspect_ai
    from inspect_ai import dataset, model, scorer

    ai: Any = inspect_ai
    asked: Any = dataset
    questions = [asked.Sample(input=f"{i} " + "q" * 110, target="7") for i in range(int(problems))]
    task = ai.Task(dataset=questions, scorer=scorer.match(numeric=True), epochs=int(samples))
    chosen = model.get_model("openai/m", base_url=base_url, api_key="k", responses_api=False)
    began = time.monotonic()
    logs = ai.eval(
        task,
        model=chosen,
        max_tokens=128,
        max_connections=int(in_flight),
        log_dir=folder,
        **(quiet if way else {}),
    )
    took = time.monotonic() - began
    done = logs[0].results.completed_samples if logs[0].results else 0
    print(took, done)


if __name__ == "__main__":
    main()

"""How endpoints answered, by public reports of their users. A loopback vendor plays each once, then answers
as it should."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Said
from tests.orchestrator.run.books import check_books, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run


def reply(
    text: str | None, usage: dict[str, int], reason: str | None = "stop", **more: Any
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more.pop("message", {})}
    choice = {"index": 0, "finish_reason": reason, "message": message}
    return {"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage, **more}


def counts(prompt: int, completion: int, total: int | None = None) -> dict[str, int]:
    total = prompt + completion if total is None else total
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


class Report(NamedTuple):
    """`again`: whether the sample is asked for once more. `held`: whether the answer may have been billed, so that its
    worst case stays charged. `waits_s`: at least so long. `text` and `tokens`: of the answer where it is the sample."""

    where: str
    said: Said
    again: bool
    held: bool = False
    waits_s: float = 0.0
    text: str = ""
    tokens: int | None = None


REPORTS = [
    Report(
        "builderz-labs/marketing-dashboard#11",
        Said(
            429,
            {
                "error": {
                    "code": "rate_limit_exceeded",
                    "message": "output_tokens rate limit exceeded — retry after 2s",
                    "type": "rate_limit_exceeded",
                }
            },
        ),
        again=True,
        waits_s=1.5,
    ),
    Report(
        "UKGovernmentBEIS/inspect_ai#1396",
        Said(
            429,
            {
                "error": {
                    "message": "Request too large for organization org-x on tokens per min (TPM): Limit 250000, "
                    "Requested 546. The input or output tokens must be reduced in order to run successfully.",
                    "type": "tokens",
                    "param": None,
                    "code": "rate_limit_exceeded",
                }
            },
        ),
        again=True,
    ),
    Report(
        "BerriAI/litellm#8448",
        Said(
            200,
            reply(None, counts(0, 0), error={"message": "Provider returned error", "code": 429}),
        ),
        again=True,
        held=True,
    ),
    Report(
        "vllm-project/vllm#52640",
        Said(200, reply(None, counts(9, 64), "length", message={"reasoning": "First, let us …"})),
        again=False,
        tokens=64,
    ),
    Report(
        "project-arbr/arbr-control-plane#253",
        Said(200, reply("", {"prompt_tokens": 6, "completion_tokens": 0, "total_tokens": 22}, "length")),
        again=False,
        tokens=16,
    ),
    Report(
        "XpressAI/xaibo#36",
        Said(200, {"code": "rate_limit_daily", "message": "Error code: 429 - slow down, retry in 1 second"}),
        again=True,
        held=True,
    ),
    Report(
        "SWE-agent/mini-swe-agent#902",
        Said(200, {"error": {"message": "Upstream provider failed", "code": 502}}),
        again=True,
        held=True,
    ),
    Report(
        "openai/openai-agents-python#604",
        Said(200, {"id": "g", "choices": None, "error": {"message": "No healthy upstream", "code": 503}}),
        again=True,
        held=True,
    ),
    Report(
        "jundot/omlx#2860",
        Said(200, reply("so the remainder is", counts(9, 64), "length")),
        again=False,
        text="so the remainder is",
        tokens=64,
    ),
    Report(
        "MicrosoftDocs/azure-docs#109589",
        Said(200, reply("#### 0", counts(9, 4), None)),
        again=False,
        text="#### 0",
        tokens=4,
    ),
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.where)
def test_an_answer_as_it_was_reported(tmp_path, report):
    vendor = openai_vendor(answer=lambda *_: "#### 0")
    left = [report.said]
    vendor.says = lambda asked: left.pop() if left else None
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=1)}, problems=1, samples=1).write(tmp_path)
        began = time.monotonic()
        ended = run(path, db)
    assert ended.status == 0, ended.result
    check_books(db)
    assert time.monotonic() - began >= report.waits_s
    assert len(vendor.seen) == 1 + report.again
    assert (money(db).presumed > 0) is report.held
    text = "#### 0" if report.again else report.text
    assert one(db, "SELECT text FROM sample_records") == text
    assert one(db, "SELECT passed FROM sample_records") == (text == "#### 0")
    if report.tokens is not None:
        assert one(db, "SELECT completion_tokens FROM sample_records") == report.tokens
    assert money(db).held < USD

"""vLLM's /score, /classify and /pooling on the loopback, with a bill.

    async with score_vendor(prices={"input": "0.1", "output": "0"}) as vendor: ...

`vendor.scores` may be set: (question, answer) -> float. The faults that name a choice name a score here."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from tests.loopback.openai_wire import VllmErrors
from tests.loopback.streams import Event
from tests.loopback.vendor import Asked, Job, Vendor


def default_score(question: str, answer: str) -> float:
    return int.from_bytes(sha256(f"{question}\x00{answer}".encode()).digest()[:2]) / 1000 - 20


class ScoreVendor(Vendor):
    """A vendor whose answers are numbers."""

    scores: Callable[[str, str], float] = staticmethod(default_score)
    output_tokens = 0
    """What usage says was generated: nothing should be."""

    def answer_pairs(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        if "messages" in body:
            return [(body["messages"][0]["content"], body["messages"][1]["content"])]
        return [(body["text_1"], answer) for answer in body["text_2"]]


class ScoreWire(VllmErrors):
    path = "/score"

    def read(self, body: dict[str, Any]) -> Asked:
        if "messages" in body:
            assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
            pairs = ["\n".join(message["content"] for message in body["messages"])]
        else:
            pairs = [f"{body['text_1']}\n{answer}" for answer in body["text_2"]]
        return Asked(model=body["model"], prompt="\n".join(pairs), n=len(pairs), max_tokens=0, body=body)

    def write(self, job: Job, vendor: Vendor) -> dict[str, Any]:
        assert isinstance(vendor, ScoreVendor)
        pairs = vendor.answer_pairs(job.asked.body)
        count = min(len(job.samples), len(pairs))
        data = [{"index": i, **self.one(vendor.scores(*pairs[i]))} for i in range(count)]
        return {
            "id": f"score-{job.request_id}",
            "object": "list",
            "created": 1,
            "model": job.asked.model,
            "data": data,
            "usage": {
                "prompt_tokens": job.input_tokens,
                "total_tokens": job.input_tokens + vendor.output_tokens,
                "completion_tokens": vendor.output_tokens,
                "prompt_tokens_details": None,
            },
        }

    def one(self, score: float) -> dict[str, Any]:
        return {"object": "score", "score": score}

    def events(self, body: dict[str, Any], job: Job, vendor: Vendor) -> list[Event]:
        raise AssertionError("nobody asks for scores as a stream")


class ClassifyWire(ScoreWire):
    path = "/classify"

    def one(self, score: float) -> dict[str, Any]:
        return {"label": "LABEL_0", "probs": [score], "num_classes": 1}


class PoolingWire(ScoreWire):
    path = "/pooling"

    def one(self, score: float) -> dict[str, Any]:
        return {"object": "pooling", "data": [[0.5], [score]]}


def score_vendor(**settings: Any) -> ScoreVendor:
    settings.setdefault("prices", {"input": "0.1", "output": "0"})
    return ScoreVendor((ScoreWire(), ClassifyWire(), PoolingWire()), flavour="vllm", **settings)

"""A budgeted sweep on two real models: every row there, and every token held against what went over the wire."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.run.books import check_books, check_complete, money, one, rows, watched
from tests.orchestrator.run.sweeps import USD, finish, start
from tests.real import sweeps
from tests.real.fleet import Counters, Fleet, Server
from tests.real.wire import Exchange, Wire, recorded

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

PROBLEMS, SAMPLES = 8, 8
BUDGET_USD = 0.05


@dataclass
class Swept:
    """The sweep, ended: its ledger, what went over the wire, what each server counted meanwhile."""

    db: Path
    path: Path
    document: dict[str, Any]
    wires: dict[str, Wire]
    servers: dict[str, Server]
    before: dict[str, Counters]
    after: dict[str, Counters]

    def pairs(self) -> Iterator[tuple[Any, Exchange]]:
        """Each settled request of the ledger with its exchange, found by the id that the server gave its reply."""
        requests = rows(
            self.db,
            "SELECT r.*, alias FROM request AS r JOIN model ON model.id = model_id WHERE state = 'settled'",
        )
        replies = {alias: wire.by_id() for alias, wire in self.wires.items()}
        assert len(requests) == sum(map(len, replies.values()))
        for request in requests:
            yield request, replies[request["alias"]].pop(request["vendor_request"])

    def samples(self, request: int) -> list[Any]:
        return rows(self.db, "SELECT * FROM sample_records WHERE request = ? ORDER BY sample_index", request)


@pytest.fixture(scope="module")
def swept(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    folder = tmp_path_factory.mktemp("sweep")
    db = folder / "real.db"
    chat, base = fleet.get("chat", "base")
    servers = {"chat": chat, "base": base}
    with recorded(chat.root) as chat_wire, recorded(base.root) as base_wire:
        models = {"chat": sweeps.chat(chat_wire.base_url), "base": sweeps.base(base_wire.base_url)}
        path = sweeps.write(
            folder, models, limit=PROBLEMS, samples=SAMPLES, few_shot=2, budget_usd=BUDGET_USD
        )
        before = {alias: server.counters() for alias, server in servers.items()}
        with watched(db, round(BUDGET_USD * USD)):
            ended = finish(start(path, db, "--json"), 400)
        assert ended.status == 0, ended.err
        after = {alias: server.counters() for alias, server in servers.items()}
        wires = {"chat": chat_wire, "base": base_wire}
        yield Swept(db, path, json.loads(ended.out), wires, servers, before, after)


def test_every_sample_is_there_within_the_budget(swept: Swept) -> None:
    check_books(swept.db)
    check_complete(swept.db, {"chat": (PROBLEMS, SAMPLES), "base": (PROBLEMS, SAMPLES)})
    held = money(swept.db)
    assert 0 < held.settled <= BUDGET_USD * USD
    assert (held.presumed, held.reserved, held.unused) == (0, 0, 0)
    assert swept.document["status"] == "complete"
    assert swept.document["samples"] == {"planned": 128, "done": 128, "failed": 0}
    assert swept.document["settled_usd"] == held.settled / USD
    assert one(swept.db, "SELECT count(*) FROM sample_records WHERE text != ''") > 120


def test_samples_are_packed(swept: Swept) -> None:
    """The budget covers the worst case, so each problem is one request of all its samples."""
    for alias, wire in swept.wires.items():
        assert [e.body["n"] for e in wire.exchanges] == [SAMPLES] * PROBLEMS
        asked = one(swept.db, "SELECT requests FROM spend WHERE model = ?", alias)
        assert asked == PROBLEMS < one(swept.db, "SELECT samples FROM spend WHERE model = ?", alias)


def test_each_model_is_asked_as_its_kind_wants(swept: Swept) -> None:
    for alias, path, key in (
        ("chat", "/v1/chat/completions", "messages"),
        ("base", "/v1/completions", "prompt"),
    ):
        bodies = [e.body for e in swept.wires[alias].exchanges if e.path == path]
        assert len(bodies) == PROBLEMS
        for body in bodies:
            prompt = body[key] if key == "prompt" else body[key][-1]["content"]
            assert prompt.count("Question: ") >= 3, "two examples and the problem"
            assert (body["max_tokens"], body["temperature"], body["top_k"]) == (sweeps.TOKENS, 0.8, -1)
        assert len({json.dumps(body[key]) for body in bodies}) == PROBLEMS


def test_tokens_are_the_servers_own_token_ids(swept: Swept) -> None:
    """Row by row against the replies: each sample's text, its tokens, its part of the request's usage."""
    for request, exchange in swept.pairs():
        usage = exchange.reply["usage"]
        assert (request["prompt_tokens"], request["completion_tokens"]) == (
            usage["prompt_tokens"],
            usage["completion_tokens"],
        )
        choices = {choice["index"]: choice for choice in exchange.reply["choices"]}
        kept = swept.samples(request["id"])
        assert len(kept) == len(choices) == request["n"]
        for position, sample in enumerate(kept):
            choice = choices[position]
            assert sample["sample_index"] == json.loads(request["indices"])[position]
            assert sample["text"] == _text(choice)
            assert sample["finish_reason"] == choice["finish_reason"]
            assert sample["completion_tokens"] == len(choice["token_ids"]) > 0
            assert sample["token_basis"] == "reported"
        assert sum(sample["completion_tokens"] for sample in kept) == usage["completion_tokens"]
        assert sum(sample["prompt_tokens"] for sample in kept) == usage["prompt_tokens"]


def test_the_token_ids_spell_the_samples(swept: Swept) -> None:
    """The server itself turns the ids that were counted back into the text that is in the ledger, so no sample has
    another's tokens."""
    looked = 0
    for request, exchange in list(swept.pairs())[::4]:
        server = swept.servers[request["alias"]]
        for sample, choice in zip(swept.samples(request["id"]), exchange.reply["choices"], strict=True):
            body = {"model": server.model, "tokens": choice["token_ids"]}
            spelt = server.post("/detokenize", body)["prompt"]
            # behind the text: the end token, or the stop text that was cut off
            assert spelt.startswith(sample["text"])
            if sample["finish_reason"] == "length":
                assert spelt == sample["text"]
            looked += 1
    assert looked == 4 * SAMPLES


def test_the_servers_counted_the_same(swept: Swept) -> None:
    """vLLM's own counters, which know nothing of replies."""
    for alias in swept.servers:
        before, after = swept.before[alias], swept.after[alias]
        tokens = one(swept.db, "SELECT sum(completion_tokens) FROM sample_records WHERE model = ?", alias)
        assert after.generated_tokens - before.generated_tokens == tokens
        assert after.made - before.made == PROBLEMS * SAMPLES


def test_dollars_are_tokens_times_the_stated_prices(swept: Swept) -> None:
    for request, exchange in swept.pairs():
        usage, price = exchange.reply["usage"], sweeps.PRICE[request["alias"]]
        owed = usage["prompt_tokens"] * round(price["input"] * 10**6)
        owed += usage["completion_tokens"] * round(price["output"] * 10**6)
        assert request["settled_pico"] == owed
        assert sum(sample["cost_pico"] for sample in swept.samples(request["id"])) == owed


def test_a_second_run_asks_nothing(swept: Swept) -> None:
    before = {alias: server.counters() for alias, server in swept.servers.items()}
    sent = {alias: len(wire.exchanges) for alias, wire in swept.wires.items()}
    told = rows(swept.db, "SELECT * FROM sample_records")
    ended = finish(start(swept.path, swept.db), 60)
    assert ended.status == 0, ended.err
    assert {alias: server.counters() for alias, server in swept.servers.items()} == before
    assert {alias: len(wire.exchanges) for alias, wire in swept.wires.items()} == sent
    assert [tuple(row) for row in rows(swept.db, "SELECT * FROM sample_records")] == [tuple(r) for r in told]
    check_books(swept.db)


def test_a_direct_request_agrees(chat: Server, base: Server) -> None:
    """The premise of it all, without manyfew: the ids of all choices sum to the usage."""
    common = {"n": 4, "max_tokens": 24, "temperature": 0.8, "return_token_ids": True}
    question = "Tom has 3 bags of 4 apples. How many apples has he?"
    replies = [
        chat.post(
            "/v1/chat/completions",
            {"model": chat.model, "messages": [{"role": "user", "content": question}], **common},
        ),
        base.post(
            "/v1/completions", {"model": base.model, "prompt": f"Question: {question}\nAnswer:", **common}
        ),
    ]
    for reply in replies:
        lengths = Counter({choice["index"]: len(choice["token_ids"]) for choice in reply["choices"]})
        assert len(lengths) == 4
        assert lengths.total() == reply["usage"]["completion_tokens"]


def test_a_budget_that_is_too_small_stops_the_sweep_and_is_never_exceeded(
    chat: Server, base: Server, tmp_path: Path
) -> None:
    budget_usd = 0.0004
    db = tmp_path / "small.db"
    path = sweeps.write(
        tmp_path,
        {"chat": sweeps.chat(chat.base_url), "base": sweeps.base(base.base_url, samples=4)},
        limit=4,
        samples=64,
        budget_usd=budget_usd,
        max_tokens=32,
    )
    with watched(db, round(budget_usd * USD)) as held:
        ended = finish(start(path, db), 400)
    assert ended.status == 3, ended.err
    check_books(db)
    assert money(db).held <= budget_usd * USD
    assert money(db).settled > 0.5 * budget_usd * USD, "most of it bought samples"
    assert max(held) > money(db).settled, "worst cases were reserved on the way"
    indices = defaultdict[tuple[str, str], list[int]](list)
    for row in rows(db, "SELECT model, problem, sample_index FROM sample_records ORDER BY sample_index"):
        indices[row["model"], row["problem"]].append(row["sample_index"])
    assert all(found == list(range(len(found))) for found in indices.values())
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed IS NULL") == 0


def _text(choice: dict[str, Any]) -> str:
    return choice["message"]["content"] if "message" in choice else choice["text"]

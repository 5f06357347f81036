"""A reply that broke off is looked up by its id before anything is bought again: what it cost is settled, and
where the vendor keeps replies its text comes too."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from providers.transport import second_look
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.responses_wire import responses_vendor
from tests.loopback.vendor import Vendor, key_of
from tests.loopback.work import Job
from tests.orchestrator.run.books import check_bill, check_books, money, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

STREAMED: dict[str, Any] = {"timeout_s": 400}
KEY = "sk-loopback-0123456789"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(second_look, "WAITS_S", (0.01, 0.02, 0.05))


class Router:
    """OpenRouter: what each reply cost can be had by its id, from the second look on."""

    def __init__(self, **settings: Any) -> None:
        self.vendor: Vendor = openai_vendor(key=KEY, **settings)
        self.vendor.rewrite = self._named
        self.vendor.app.router.add_get("/v1/generation", self._generation)
        self.known: dict[str, dict[str, Any]] = {}
        self.looked: list[str] = []
        self.answers = True

    def _named(self, body: dict[str, Any], job: Job) -> dict[str, Any]:
        name = f"gen-1771967930-{job.number:020d}"
        usd = self._pico(job) / 10**12
        self.known[name] = {
            "id": name,
            "total_cost": usd,
            "usage": usd,
            "is_byok": False,
            "upstream_inference_cost": None,
            "model": job.asked.model,
            "streamed": True,
            "cancelled": True,
            "finish_reason": None,
            "tokens_prompt": job.input_tokens + 3,
            "tokens_completion": job.output_tokens + 5,
            "native_tokens_prompt": job.input_tokens,
            "native_tokens_completion": job.output_tokens,
            "native_tokens_reasoning": 0,
            "native_tokens_cached": 0,
        }
        return {**body, "id": name, "usage": {**body["usage"], "cost": usd}}

    def _pico(self, job: Job) -> int:
        return job.input_tokens * 5 * 10**6 + job.output_tokens * 15 * 10**6

    async def _generation(self, request: web.Request) -> web.Response:
        assert key_of(request) == KEY
        name = request.query["id"]
        self.looked.append(name)
        if name not in self.known or self.looked.count(name) == 1 or not self.answers:
            error = {"code": 404, "message": f"Generation {name} not found"}
            return web.json_response({"error": error}, status=404)
        return web.json_response({"data": self.known[name]})


def sweep(vendor: Vendor, **keys: Any) -> SweepFile:
    keys = {"max_n": 1, "api_key_env": "ROUTER_KEY", "limits": {"concurrency": 1}, **STREAMED, **keys}
    return SweepFile({"m": model(vendor, **keys)}, problems=1, samples=2)


def test_what_a_broken_reply_cost_is_settled_by_its_id(tmp_path, monkeypatch):
    monkeypatch.setenv("ROUTER_KEY", KEY)
    long = "step " * 40
    router = Router(answer=lambda _, index: f"{index} {long}#### 0", faults=[faults.ERROR_EVENT])
    db = tmp_path / "test.db"
    with serving(router.vendor):
        path = sweep(router.vendor, max_n=2).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0
    assert len(router.looked) == 2
    check_books(db)
    assert money(db).presumed == 0
    assert money(db).settled == router.vendor.billed_pico
    check_bill(db, {"m": router.vendor}, 10 * USD)
    first = rows(db, "SELECT * FROM request ORDER BY id")[0]
    assert (first["state"], first["settled_pico"]) == ("settled", router.vendor.billed[0].pico)
    assert first["vendor_request"] in router.known
    assert sorted(row["sample_index"] for row in rows(db, "SELECT sample_index FROM sample")) == [0, 1]


@pytest.mark.parametrize("fault", [faults.HALF_BODY, faults.HALF_JSON], ids=str)
def test_a_reply_that_was_no_stream_is_looked_up_too(tmp_path, monkeypatch, fault):
    monkeypatch.setenv("ROUTER_KEY", KEY)
    router = Router(faults=[fault])
    db = tmp_path / "test.db"
    with serving(router.vendor):
        ended = run(sweep(router.vendor, timeout_s=20).write(tmp_path), db)
    assert ended.status == 0
    assert len(router.looked) == 2
    check_books(db)
    assert money(db).presumed == 0
    assert money(db).settled == router.vendor.billed_pico


def test_what_the_vendor_does_not_know_stays_presumed(tmp_path, monkeypatch):
    monkeypatch.setenv("ROUTER_KEY", KEY)
    router = Router(faults=[faults.ERROR_EVENT])
    router.answers = False
    db = tmp_path / "test.db"
    with serving(router.vendor):
        ended = run(sweep(router.vendor).write(tmp_path), db)
    assert ended.status == 0
    assert len(router.looked) == len(second_look.WAITS_S)
    check_books(db)
    assert money(db).presumed >= router.vendor.billed[0].pico


def test_an_id_that_is_no_plain_word_is_never_put_into_an_address(tmp_path, monkeypatch):
    monkeypatch.setenv("ROUTER_KEY", KEY)
    router = Router(faults=[faults.ERROR_EVENT])
    router.vendor.rewrite = lambda body, _: {**body, "id": "gen-1&id=../../x"}
    db = tmp_path / "test.db"
    with serving(router.vendor):
        assert run(sweep(router.vendor).write(tmp_path), db).status == 0
    assert router.looked == []
    assert money(db).presumed > 0


@pytest.mark.parametrize("fault", [faults.CUT_STREAM, faults.HALF_BODY, faults.HALF_JSON], ids=str)
@pytest.mark.parametrize("store", [True, False])
def test_a_reply_that_the_vendor_keeps_comes_whole(tmp_path, monkeypatch, store, fault):
    """OpenAI keeps what says so: its text is had without buying it again."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    vendor = responses_vendor(key=KEY, faults=[fault])
    kept: dict[str, dict[str, Any]] = {}
    looked: list[str] = []

    def keep(body: dict[str, Any], job: Job) -> dict[str, Any]:
        if job.asked.body["store"]:
            kept[body["id"]] = body
        return body

    async def retrieve(request: web.Request) -> web.Response:
        looked.append(request.match_info["id"])
        body = kept[request.match_info["id"]]
        if len(looked) == 1:  # it works on
            body = {**body, "status": "in_progress", "output": [], "usage": None}
        return web.json_response(body)

    vendor.rewrite = keep
    vendor.app.router.add_get("/v1/responses/{id}", retrieve)
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = {"provider": "openai", "api": "responses", "extra": {"store": True} if store else {}}
        keys |= STREAMED if fault == faults.CUT_STREAM else {"timeout_s": 20}
        path = sweep(vendor, **keys, api_key_env="OPENAI_API_KEY").write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
    assert len(vendor.billed) == (2 if store else 3)
    assert len(looked) == (2 if store else 0)
    assert (money(db).presumed == 0) == store

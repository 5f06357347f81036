"""Sweeps through the vendors' batch APIs: whole, half done, refused, beside single requests; the bill is half."""

from __future__ import annotations

import pytest

from pricing.resolve import resolve
from tests.loopback.batch_wire import AnthropicDesk, GoogleDesk
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.batches.batch_sweeps import DESKS, batch_model, with_keys
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money, one, rows, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES, USD, SweepFile, model, run, warned

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    with_keys(monkeypatch)


@pytest.fixture(params=DESKS)
def desk(request):
    return DESKS[request.param]()


def test_a_sweep_costs_half_and_is_one_batch(tmp_path, desk):
    db = tmp_path / "test.db"
    with serving(desk.vendor), watched(db, 10 * USD):
        path = SweepFile({"m": batch_model(desk)}).write(tmp_path)
        ended = run(path, db)
        again = run(path, db)
    told = warned(ended.result.warnings)
    assert (ended.status, again.status, len(told)) == (0, 0, 1)
    assert "verdicts are wrong" in told[0], "the vendor's answers are"
    assert desk.created == 1
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert money(db).settled == desk.vendor.billed_pico > 0
    assert (money(db).presumed, money(db).unused) == (0, 0)
    assert {row[0] for row in rows(db, "SELECT cost_basis FROM sample_records")} == {"batch"}
    assert rows(db, "SELECT 1 FROM sample WHERE latency_s IS NOT NULL") == []
    assert one(db, "SELECT count(*) FROM batch_job WHERE state = 'ended'") == 1
    assert set(desk.times_asked().values()) == {4}
    assert not desk.vendor.seen, "nothing went out by itself"


def test_beside_a_model_that_is_asked_by_itself(tmp_path, desk):
    online = openai_vendor(prices=CHEAP_PRICES, latency=0.005)
    desk.works_s = 0.5
    db = tmp_path / "test.db"
    with serving(desk.vendor, online), watched(db, 10 * USD):
        path = SweepFile({"slow": batch_model(desk), "quick": model(online, max_n=2)}).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"slow": (10, 4), "quick": (10, 4)})
    check_bill(db, {"slow": desk.vendor, "quick": online}, 10 * USD)
    assert money(db).settled == desk.vendor.billed_pico + online.billed_pico
    last = one(db, "SELECT max(created_at) FROM sample_records WHERE model = 'quick'")
    assert last < one(db, "SELECT min(created_at) FROM sample_records WHERE model = 'slow'")


def test_what_expired_is_asked_again_and_nothing_else(tmp_path, desk):
    desk.fate = lambda name, number, place: "expired" if number == 0 and place % 3 == 0 else "done"
    desk.ends = "expired"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert money(db).settled == desk.vendor.billed_pico
    assert money(db).presumed == 0
    first, second = (batch.requests for batch in desk.batches)
    assert len(second) == len(first[::3])
    bodies = [body for _, body in first]
    assert all(body in bodies for _, body in second)


@pytest.mark.parametrize("trouble", ["half", "cut", "doubled"])
def test_results_that_break_off_or_come_twice_are_booked_once(tmp_path, desk, trouble):
    desk.results.extend([trouble, trouble])
    desk.foreign = [{"custom_id": "somebody-elses-1"}, {"no": "id"}, ["no object"]]  # type: ignore[list-item]
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        path = SweepFile({"m": batch_model(desk)}).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 0, ended.result
    assert desk.created == 1
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert money(db).settled == desk.vendor.billed_pico
    assert any("nobody asked for" in line for line in ended.result.warnings)


def test_a_request_without_a_result_stays_charged_and_is_asked_again(tmp_path, desk):
    desk.fate = lambda name, number, place: "missing" if (number, place) == (0, 0) else "done"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert money(db).settled == desk.vendor.billed_pico
    assert money(db).presumed > 0
    assert one(db, "SELECT count(*) FROM request WHERE state = 'presumed'") == 1


def test_a_file_that_lacked_a_line_once_is_fetched_again(tmp_path, desk):
    desk.results.append("short")
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert (ended.status, desk.created) == (0, 1)
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert (money(db).settled, money(db).presumed) == (desk.vendor.billed_pico, 0)


@pytest.mark.parametrize("ends", ["completed", "expired", "cancelled", "failed"])
def test_a_request_that_no_line_speaks_of_stays_charged_however_its_batch_ended(tmp_path, desk, ends):
    """It was done, and is billed; its line never comes. Only what a line calls undone is free."""
    fates = {0: "kept", 1: "expired", 2: "canceled"}
    desk.fate = lambda name, number, place: fates.get(place, "done") if number == 0 else "done"
    desk.ends = ends
    db = tmp_path / "test.db"
    with serving(desk.vendor), watched(db, 10 * USD):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    check_bill(db, {"m": desk.vendor}, 10 * USD)
    states = {row[0]: row[1] for row in rows(db, "SELECT state, count(*) FROM request GROUP BY state")}
    assert (states["presumed"], states["free"]) == (1, 2)


@pytest.mark.parametrize("ends", ["completed", "expired", "cancelled"])
def test_results_that_are_named_only_after_a_while_are_waited_for(tmp_path, desk, ends):
    desk.unnamed, desk.ends = 4, ends
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert (ended.status, desk.created) == (0, 1)
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert (money(db).settled, money(db).presumed) == (desk.vendor.billed_pico, 0)


@pytest.mark.parametrize("ends", ["completed", "expired", "cancelled", "failed"])
def test_a_batch_whose_results_are_never_named_stays_charged(tmp_path, desk, ends):
    if ends == "failed" and isinstance(desk, AnthropicDesk):
        pytest.skip("Anthropic's batches only end")
    if isinstance(desk, GoogleDesk):
        pytest.skip("the results stand in the batch itself")
    desk.unnamed, desk.ends = 10**6, ends
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        path = SweepFile({"m": batch_model(desk, max_attempts=1)}).write(tmp_path)
        ended = run(path, db)
    assert ended.status == 1
    check_books(db)
    assert desk.vendor.billed_pico > 0
    check_bill(db, {"m": desk.vendor}, 10 * USD)
    assert money(db).settled == 0


def test_a_call_to_the_model_that_timed_out_in_its_batch_stays_charged(tmp_path):
    desk = DESKS["openai"]()
    desk.fate = lambda name, number, place: "timed out" if (number, place) == (0, 0) else "done"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_bill(db, {"m": desk.vendor}, 10 * USD)
    assert money(db).presumed > 0


def test_refusals_within_a_batch_are_free_and_fail_for_good(tmp_path, desk):
    desk.fate = lambda name, number, place: 400 if place == 1 else "done"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert ended.status == 1
    check_books(db)
    assert money(db).settled == desk.vendor.billed_pico
    assert money(db).presumed == 0
    assert one(db, "SELECT count(*) FROM request WHERE state = 'free' AND error = 'BadRequest'") == 1


def test_a_batch_that_is_made_though_its_answer_is_lost_is_found(tmp_path, desk):
    desk.create.append("reset")
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert (ended.status, desk.created) == (0, 1)
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert (money(db).settled, money(db).presumed) == (desk.vendor.billed_pico, 0)


def test_a_batch_that_is_not_found_stays_charged_and_another_is_made(tmp_path, desk):
    desk.create.append("lost")
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert (ended.status, desk.created) == (0, 1)
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert money(db).settled == desk.vendor.billed_pico
    assert money(db).presumed > 0
    assert one(db, "SELECT outcome FROM batch_job WHERE id = 1") == "not found"


def test_a_busy_vendor_is_asked_again_with_nothing_presumed(tmp_path, desk):
    desk.create.extend([429, 429])
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert (ended.status, desk.created) == (0, 1)
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert (money(db).settled, money(db).presumed) == (desk.vendor.billed_pico, 0)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_batch_made_though_its_making_was_refused_is_found(tmp_path, desk, status):
    """The vendor's own host says no in its own words, has made the batch all the same, and lists it late."""
    desk.create.append(f"made {status}")
    desk.listed_s = 0.1
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk, free_5xx=True)}).write(tmp_path), db)
    assert (ended.status, desk.created) == (0, 1)
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert (money(db).settled, money(db).presumed) == (desk.vendor.billed_pico, 0)


def test_a_refused_batch_is_made_again_once_the_list_lacked_it_twice(tmp_path, desk):
    desk.create.extend([500, 503, 429])
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk, free_5xx=True)}).write(tmp_path), db)
    assert (ended.status, desk.created) == (0, 1)
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert (money(db).settled, money(db).presumed) == (desk.vendor.billed_pico, 0)


def test_a_bad_key_stops_the_model_and_frees_everything(tmp_path, desk):
    desk.vendor.key = "another-key-altogether"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert ended.status == 4
    assert "api_key_env" in (ended.result.reason or "")
    check_books(db)
    assert money(db).held == desk.vendor.billed_pico == 0
    assert desk.created == 0


@pytest.mark.parametrize("vendor", ["openai", "google"])
def test_a_batch_refused_as_a_whole_stops_the_model(tmp_path, vendor):
    desk = DESKS[vendor]()
    desk.failure = ("model_not_found", "The provided model 'm' is not supported by the Batch API.")
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk)}).write(tmp_path), db)
    assert ended.status == 4
    assert "not supported by the Batch API" in (ended.result.reason or "")
    check_books(db)
    assert money(db).held == desk.vendor.billed_pico == 0
    assert desk.created == 1


@pytest.mark.parametrize("vendor", ["openai", "google"])
def test_a_batch_that_failed_after_some_of_it_was_done_is_not_free(tmp_path, vendor):
    """It names no results, and its counts say that requests were done: which ones nobody can tell."""
    desk = DESKS[vendor]()
    desk.failure, desk.ends = ("internal", "The batch could not be finished."), "failed"
    desk.fate = lambda name, number, place: "kept"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk, max_attempts=1)}).write(tmp_path), db)
    assert ended.status == 1
    check_books(db)
    check_bill(db, {"m": desk.vendor}, 10 * USD)
    assert desk.vendor.billed_pico > 0


@pytest.mark.parametrize("vendor", ["openai", "google"])
def test_a_queue_too_small_for_a_batch_is_given_smaller_ones(tmp_path, monkeypatch, vendor):
    with_keys(monkeypatch, QUEUE_S=0.05)
    desk = DESKS[vendor]()
    desk.most = 6
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        ended = run(SweepFile({"m": batch_model(desk, max_n=1)}).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert (money(db).settled, money(db).presumed) == (desk.vendor.billed_pico, 0)
    assert max(len(batch.requests) for batch in desk.batches if batch.status == "completed") <= 6


def test_a_budget_too_small_is_used_in_rounds_and_never_exceeded(tmp_path, desk):
    db = tmp_path / "test.db"
    budget = 0.02
    with serving(desk.vendor), watched(db, int(budget * USD)):
        ended = run(SweepFile({"m": batch_model(desk)}, budget_usd=budget, samples=64).write(tmp_path), db)
    assert ended.status == 3
    check_books(db)
    check_bill(db, {"m": desk.vendor}, int(budget * USD))
    assert money(db).settled == desk.vendor.billed_pico > 0.5 * budget * USD


def test_short_money_is_shared_with_a_model_that_is_asked_by_itself(tmp_path, desk):
    online = openai_vendor(latency=0.005)
    desk.works_s = 0.05
    db = tmp_path / "test.db"
    budget = 0.02
    with serving(desk.vendor, online), watched(db, int(budget * USD)):
        models = {"slow": batch_model(desk), "quick": model(online)}
        ended = run(SweepFile(models, budget_usd=budget, samples=64).write(tmp_path), db)
    assert ended.status == 3
    check_books(db)
    check_bill(db, {"slow": desk.vendor, "quick": online}, int(budget * USD))
    assert money(db, "slow").settled > 0.15 * budget * USD
    assert money(db, "quick").settled > 0.3 * budget * USD


def test_many_requests_are_several_batches(tmp_path, desk, monkeypatch):
    from orchestrator.run.batches import batches

    monkeypatch.setattr(batches, "MOST_REQUESTS", 7)
    db = tmp_path / "test.db"
    with serving(desk.vendor), watched(db, 10 * USD):
        ended = run(SweepFile({"m": batch_model(desk)}, problems=20).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    check_complete(db, {"m": (20, 4)})
    assert money(db).settled == desk.vendor.billed_pico
    assert desk.created == -(-len(desk.asked) // 7)


def test_until_solved_goes_in_rounds(tmp_path, desk):
    desk.vendor.answer = lambda prompt, i: "#### -1" if i < 2 else f"#### {2 * int(prompt.split()[2])}"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        sweep = SweepFile({"m": batch_model(desk)}, problems=6, samples=16, sampling={"mode": "until_solved"})
        ended = run(sweep.write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert money(db).settled == desk.vendor.billed_pico
    assert one(db, "SELECT count(*) FROM sample") < 6 * 8
    assert desk.created <= 4


def test_googles_prices_of_batches_are_half_the_books():
    single = resolve(provider="google", model="gemini-3.5-flash").bands[0].rates
    batch = resolve(provider="google", model="gemini-3.5-flash", batch=True)
    rates = batch.bands[0].rates
    assert (rates.input * 2, rates.output * 2) == (single.input, single.output)
    assert rates.cached_input == single.cached_input
    assert batch.batch


def test_vendors_prices_of_batches_are_the_books(tmp_path):
    """Without a stated price: gpt-4o-2024-08-06 costs 2.5 and 10 dollars a million by itself."""
    desk = DESKS["openai"](prices={"input": "2.5", "cached_input": "1.25", "output": "10"})
    desk.vendor.service_tier = "default"
    db = tmp_path / "test.db"
    with serving(desk.vendor):
        keys = batch_model(desk, model="gpt-4o-2024-08-06")
        del keys["price"]
        ended = run(SweepFile({"m": keys}).write(tmp_path), db)
    assert ended.status == 0
    check_books(db)
    assert money(db).settled == desk.vendor.billed_pico

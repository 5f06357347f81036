import re

import pytest

from orchestrator.progress import AttemptProgress
from orchestrator.report import figures
from tests.orchestrator.report.progress_fixture import PICO, model, progress


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 40, "0%"),
        (40, 40, "100%"),
        (35, 40, "87.5%"),
        (1, 30, "3.33%"),
        (9_999_999, 10_000_000, "99.9%"),
        (1, 10_000_000, "<0.01%"),
        (9_995, 100_000, "10.0%"),
        (0, 0, "-"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part, whole, shown):
    assert figures.share(part, whole) == shown


@pytest.mark.parametrize(
    ("per_s", "shown"),
    [(0, "0"), (0.042, "0.04"), (0.996, "1.0"), (12.34, "12.3"), (99.96, "100"), (12_345.6, "12,346")],
)
def test_rates(per_s, shown):
    assert figures.rate(per_s) == shown


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"waiting": "rate limit, 12 s"}, "rate limit, 12 s"),
        ({"waiting": "rate limit, 12 s", "stopped": "bad key"}, "stopped: bad key"),
        ({"waiting": "rate limit, 12 s", "done": 640}, ""),
        ({"done": 637, "failed": 3}, "3 failed for good"),
        ({"waiting": "\x1b[2J"}, "\\x1b[2J"),
        ({}, ""),
    ],
)
def test_a_stop_outweighs_a_wait_and_what_is_finished_waits_for_nothing(fields, shown):
    assert figures.state(model(**fields)) == shown


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"eta_s": 12.0}, "15 s"),
        ({"eta_s": None}, "-"),
        ({"eta_s": 12.0, "stopped": "bad key"}, "stopped"),
        ({"eta_s": 0.0, "done": 640}, "done"),
    ],
)
def test_time_left_of_a_model(fields, shown):
    assert figures.left(model(**fields)) == shown


@pytest.mark.parametrize(
    ("phase", "eta_s", "shown"),
    [
        ("sampling", 131.0, "about 2 min 20 s left"),
        ("sampling", None, ""),
        ("sampling", 0.0, ""),
        ("draining", 131.0, ""),
        ("done", 131.0, ""),
    ],
)
def test_time_left_of_a_sweep_is_told_while_it_samples(phase, eta_s, shown):
    assert figures.remaining(progress(phase=phase, eta_s=eta_s)) == shown


@pytest.mark.parametrize(
    ("phase", "unverified", "shown"),
    [
        ("sampling", 16, ""),
        ("sampling", 1_234, ", 1,234 wait for a verdict"),
        ("verifying", 16, ", 16 wait for a verdict"),
        ("done", 0, ""),
    ],
)
def test_verdicts_that_come_and_go_are_not_told(phase, unverified, shown):
    assert figures.behind(progress(phase=phase, unverified=unverified)) == shown


def test_errors_of_all_models_the_most_frequent_first():
    models = [
        model("a", errors={"Lost": 3, "RateLimited 429": 2}),
        model("b", errors={"RateLimited 429": 10}),
    ]
    assert figures.errors_by_kind(models) == [
        "rate limited ×12 (free)",
        "connection lost ×3 (counted at worst case)",
    ]
    assert figures.errors_by_kind([model("a", errors={"\x1b[2J": 1})], "x") == ["\\x1b[2J x1"]


def test_cost_is_settled_and_presumed_and_a_recordings_in_its_own_digits():
    assert figures.cost(model(settled_pico=PICO, presumed_pico=PICO // 2), 3) == "$1.500"
    assert figures.cost(model(settled_pico=PICO // 1000, replayed=True), 2) == "$0.001"


AT = 1_790_000_000.0


@pytest.mark.parametrize(
    ("fields", "remaining", "said"),
    [
        ({"pico_per_s": PICO / 100}, "about 2 min 10 s left", ["$0.60 a minute"]),
        (
            {"pico_per_s": PICO / 5},
            "about 40 s of money left",
            ["the budget ends it at 81% of the samples", "$12.00 a minute"],
        ),
        (
            {"pico_per_s": PICO / 5, "eta_s": None},
            "about 40 s of money left",
            ["the budget ends it at 81% of the samples", "$12.00 a minute"],
        ),
        ({"pico_per_s": 0.0, "since_reply_s": 61.0}, "about 2 min 10 s left", ["last reply 1 min 10 s ago"]),
        ({"pico_per_s": 0.0, "since_reply_s": 3.0}, "about 2 min 10 s left", []),
        ({"pico_per_s": PICO / 5, "phase": "draining"}, "", []),
    ],
)
def test_time_left_by_money_as_well_as_by_pace(fields, remaining, said):
    moment = progress(model(samples_per_s=1.0), **{"presumed_pico": 0, **fields})
    assert figures.remaining(moment) == remaining
    assert figures.pace(moment) == said


@pytest.mark.parametrize(
    ("done", "settled", "budget", "said"),
    [
        (2, 0.7, 3.0, []),  # $0.50 of it is of the two at work, so that a sample costs $0.10
        (2, 2.5, 3.0, ["the budget ends it at 25% of the samples"]),  # $1 a sample, and $0.50 left
        (0, 0.5, 0.6, []),
    ],
)
def test_where_attempts_are_at_work_what_they_cost_tells_whether_the_money_lasts(done, settled, budget, said):
    at_work = [
        AttemptProgress(alias="a", problem="p", sample_index=i, calls=3, cost_pico=PICO // 4) for i in (2, 3)
    ]
    moment = progress(
        model("a", done=done, planned=10, failed=0, settled_pico=int(settled * PICO), samples_per_s=0.0),
        presumed_pico=0, settled_pico=int(settled * PICO), budget_pico=int(budget * PICO),
        attempts=tuple(at_work), pico_per_s=PICO / 60, eta_s=None,
    )  # fmt: skip
    assert [line for line in figures.pace(moment) if "budget" in line] == said


def test_the_clock_time_of_the_end():
    (said,) = figures.pace(progress(model(), at=AT, eta_s=3600.0))
    assert re.fullmatch(r"ends about (\w+ )?\d\d:\d\d", said)
    (later,) = figures.pace(progress(model(), at=AT, eta_s=86_400.0))
    assert re.fullmatch(r"ends about \w+ \d\d:\d\d", later)


def test_which_model_takes_the_money():
    cheap, expensive = model("cheap", settled_pico=PICO), model("expensive", settled_pico=3 * PICO)
    assert figures.pace(progress(cheap, expensive)) == ["expensive takes 75% of the money"]
    assert figures.pace(progress(expensive)) == []
    assert figures.pace(progress(cheap, model("b", settled_pico=PICO), model("c", settled_pico=PICO))) == []

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.ledger.reading.money.failures import Failures
from orchestrator.report.terminal.summary import Ending, next_commands, summary
from orchestrator.sending.warning_lines import Warned
from tests.orchestrator.report.progress_fixture import HOSTILE, PICO, Terminal, model, progress

SWEEP = Path("sweep.toml")


def ending(status="complete", **fields):
    known: dict[str, Any] = {"reason": None, "warnings": [], "db": Path("runs/gsm8k.db"), "sweep": SWEEP}
    return Ending(status=status, **known | fields)


def shown(moment, how, width=80):
    stream = Terminal()
    Console(file=stream, width=width, color_system=None, highlight=False, markup=False, emoji=False).print(
        summary(moment, how)
    )
    return stream.getvalue()


def judged(alias="cheap", **fields):
    return model(
        alias, **{"done": 640, "verified": 640, "passed": 95, "settled_pico": PICO, "requests": 5} | fields
    )


def test_how_it_ended_what_was_learnt_what_it_cost_and_what_is_next():
    before = progress(judged(done=320), settled_pico=PICO // 2)
    moment = progress(judged(), phase="done", settled_pico=PICO, reserved_pico=0)
    assert shown(moment, ending(before=before)).splitlines() == [
        "",
        "gsm8k: done: all samples collected.",
        "",
        "model  samples  solved  coverage   pass  settled  requests",
        "cheap  640/640   41/64     64.1%  14.8%    $1.00         5",
        "",
        "cheap solved 41 of 64 problems (64.1%) with 10 samples each, for $15.62 per ",
        "1,000 problems.",
        "All runs of this ledger: $1.000 settled + $0.100 presumed, $8.900 left of ",
        "$10.000. This run: 320 samples, $0.50 in 1 min 15 s.",
        "Next: manyfew frontier runs/gsm8k.db",
        "Next: manyfew show runs/gsm8k.db",
    ]


def test_one_sample_is_no_plural():
    text = shown(progress(judged()), ending(before=progress(judged(done=639))), 200)
    assert "This run: 1 sample, " in text


def test_a_recording_is_told_as_such_and_no_budget_with_it():
    before = progress(judged(done=0, replayed=True), settled_pico=0)
    moment = progress(judged(replayed=True), settled_pico=0, replayed_pico=PICO // 100)
    text = shown(moment, ending(before=before), 200)
    assert "This run: 640 samples, $0.01 replayed in 1 min 15 s." in text
    assert "Replayed dollars, $0.01 in total, come from a recording: nothing was spent." in text
    assert "left of" not in text


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (
            "interrupted",
            "Ctrl-C: sending stopped, up to 30 s for what is in flight",
            "interrupted by Ctrl-C. Run again",
        ),
        ("interrupted", None, "interrupted. Run again to continue where it stopped."),
        (
            "budget",
            "the next sample of expensive does not fit",
            "stopped by the budget. the next sample of expensive",
        ),
        ("provider", "expensive: bad key", "stopped, since a model can't go on. expensive: bad key"),
        ("incomplete", None, "ended, but some samples failed for good."),
    ],
)
def test_every_ending_is_told(status, reason, said):
    text = shown(progress(judged()), ending(status, reason=reason), 200)
    assert f"gsm8k: {said}" in text
    assert "in flight" not in text


@pytest.mark.parametrize(
    ("status", "db", "commands"),
    [
        ("complete", "runs/gsm8k.db", ["manyfew frontier runs/gsm8k.db", "manyfew show runs/gsm8k.db"]),
        (
            "interrupted",
            "runs/gsm8k.db",
            ["manyfew run sweep.toml", "manyfew frontier runs/gsm8k.db", "manyfew show runs/gsm8k.db"],
        ),
        (
            "provider",
            "runs/other.db",
            [
                "manyfew run sweep.toml --db runs/other.db",
                "manyfew frontier runs/other.db",
                "manyfew show runs/other.db",
            ],
        ),
        (
            "incomplete",
            "a b.db",
            ["manyfew run sweep.toml --db 'a b.db'", "manyfew frontier 'a b.db'", "manyfew show 'a b.db'"],
        ),
    ],
)
def test_the_next_commands_can_be_pasted(status, db, commands):
    assert next_commands(progress(judged()), ending(status, db=Path(db))) == commands


@pytest.mark.parametrize(
    ("budget", "held", "done", "stated"),
    [
        (10 * PICO, 10 * PICO, 64, "100.00"),
        (10 * PICO, 10 * PICO, 600, "20.00"),
        (PICO // 1000, PICO // 1000, 64, "0.01"),
        (PICO // 300, PICO // 300, 64, "0.0333334"),
        (2_000 * PICO, 2_000 * PICO, 64, "20000.00"),
    ],
)
def test_a_budget_that_stopped_it_is_followed_by_one_that_should_do(budget, held, done, stated):
    moment = progress(
        judged(done=done, settled_pico=held), budget_pico=budget, settled_pico=held, presumed_pico=0
    )
    assert next_commands(moment, ending("budget"))[0] == f"manyfew run sweep.toml --budget {stated}"


def test_without_a_verdict_there_is_no_frontier_to_draw():
    assert next_commands(progress(model()), ending()) == ["manyfew verify runs/gsm8k.db"]
    assert next_commands(progress(model(done=0)), ending()) == []


@pytest.mark.parametrize(
    ("leftovers", "said"),
    [
        (1, "1 request of an earlier run may have been billed; counted at the most it can cost."),
        (1_234, "1,234 requests of earlier runs may have been billed; counted at the most they can cost."),
    ],
)
def test_leftovers_of_a_crash_are_told(leftovers, said):
    assert said in shown(progress(judged()), ending(leftovers=leftovers), 200)


def test_warnings_and_failed_requests_are_one_table():
    failures = [Failures("cheap", "Lost", 12, PICO // 250), Failures("cheap", "RateLimited 429", 302, 0)]
    warnings = [
        Warned("cheap", "a sample could not be judged: no verdict within 1 s", 3),
        "the program stood still",
    ]
    text = shown(progress(judged()), ending(warnings=warnings, failures=failures))
    table = [line.split("  ") for line in text.splitlines()]
    rows = [[cell.strip() for cell in line if cell.strip()] for line in table]
    assert ["model", "what happened", "times", "dollars"] in rows
    assert ["cheap", "connection lost (counted at worst case)", "12", "$0.004"] in rows
    assert ["cheap", "rate limited (free)", "302", "-"] in rows
    assert ["cheap", "a sample could not be judged: no verdict within 1 s", "3", "-"] in rows
    assert ["the program stood still", "1", "-"] in rows
    assert str(warnings[0]).endswith("(3 times)")


def test_long_warnings_wrap_on_a_terminal_and_nowhere_else():
    warnings = [Warned("cheap", "word " * 40)]
    narrow = shown(progress(judged()), ending(warnings=warnings), 60)
    assert all(len(line) <= 60 for line in narrow.splitlines())
    assert narrow.count("word") == 40
    out = StringIO()
    Console(file=out, width=60, color_system=None, soft_wrap=True).print(
        summary(progress(judged()), ending(warnings=warnings))
    )
    assert any(line.count("word") == 40 for line in out.getvalue().splitlines())


def test_only_so_many_warnings():
    text = shown(progress(judged()), ending(warnings=[f"kind {i}" for i in range(20)]))
    assert len(re.findall(r"kind \d", text)) == 12
    assert "and 8 further kinds" in text


def test_what_happened_to_many_models_hides_nothing_that_happened_to_one():
    aliases = [f"m{number}" for number in range(8)]
    failures = [
        Failures(model=alias, error=error, times=3, presumed_pico=pico)
        for error, pico in (("Lost", PICO), ("RateLimited 429", 0))
        for alias in aliases
    ]
    text = shown(
        progress(judged()), ending(warnings=[Warned("m5", "9 of 10 replies are empty")], failures=failures)
    )
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]
    assert ["8 models", "connection lost (counted at worst case)", "24", "$8.00"] in rows
    assert ["8 models", "rate limited (free)", "24", "-"] in rows
    assert ["m5", "9 of 10 replies are empty", "1", "-"] in rows
    assert "further kinds" not in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_drive_nothing(text):
    moment = progress(judged(text), name=text)
    how = ending("provider", reason=text, warnings=[text], sweep=Path(text or "x"))
    printed = shown(moment, how)
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def test_what_is_presumed_can_be_settled():
    assert next_commands(progress(judged(presumed_pico=PICO)), ending()) == [
        "manyfew frontier runs/gsm8k.db",
        "manyfew show runs/gsm8k.db",
        "manyfew reconcile runs/gsm8k.db",
    ]
    assert not any(
        "reconcile" in command
        for command in next_commands(progress(judged(presumed_pico=PICO, replayed=True)), ending())
    )


def test_a_budget_far_exceeded_is_followed_by_one_above_what_is_held():
    moment = progress(judged(done=0), budget_pico=PICO, settled_pico=7 * PICO, presumed_pico=PICO)
    assert next_commands(moment, ending("budget"))[0] == "manyfew run sweep.toml --budget 9.00"
    nothing_lacks = progress(judged(), budget_pico=PICO, settled_pico=7 * PICO, presumed_pico=0)
    assert next_commands(nothing_lacks, ending("budget")) == [
        "manyfew frontier runs/gsm8k.db",
        "manyfew show runs/gsm8k.db",
    ]


def test_a_budget_is_not_raised_where_only_a_models_own_one_stopped_it():
    own = judged(done=0, settled_pico=PICO, capped=True)
    other = judged("other", done=0, settled_pico=PICO)
    for models, is_raised in (([own], False), ([own, other], True)):
        moment = progress(*models, budget_pico=9 * PICO, settled_pico=PICO, presumed_pico=0)
        assert any("--budget" in line for line in next_commands(moment, ending("budget"))) == is_raised


def test_a_model_that_stopped_is_named_once():
    """Ctrl-C, a budget or another model's end tell nothing of it."""
    moment = progress(judged(), judged("large", stopped="HTTP 401: no such key"))
    assert "\nlarge stopped: HTTP 401: no such key\n" in shown(moment, ending("interrupted"))
    told = shown(moment, ending("provider", reason="large: HTTP 401: no such key"), 200)
    assert told.count("HTTP 401") == 1

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from orchestrator.progress import PolicyProgress, last_eta_s
from orchestrator.report.live.frame import Frames, Look
from orchestrator.report.live.glyphs import ASCII
from tests.orchestrator.report.progress_fixture import HOSTILE, PICO, model, progress, progresses

KEY_REFUSED = (
    "the key in OPENAI_API_KEY is refused: 401 Incorrect API key provided, see your account's settings"
)


def drawn(moment, width=80, height=24, look=None):
    return [line.plain for line in Frames(look or Look()).draw(moment, width, height)]


def two(**fields):
    cheap = model(
        "cheap",
        samples_per_s=41.2,
        verified=480,
        passed=95,
        in_flight_requests=8,
        in_flight_samples=128,
        waiting="rate limit, 12 s",
        settled_pico=PICO // 10,
        eta_s=130.0,
        errors={"RateLimited 429": 12, "Lost": 3},
    )
    return progress(cheap, model("large", done=0, solved_problems=0), **fields)


def test_a_frame_of_eighty_columns():
    assert drawn(two()) == [
        "gsm8k  sampling  1 min 15 s   about 2 min 10 s left",
        "budget $10.000 █████████████▓▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░",
        "█ settled $2.000  ▓ presumed $0.100  ▒ reserved $0.500  ░ left $7.400",
        "",
        "model  samples  per s  solved  coverage   pass  in flight      cost        left",
        "cheap  480/640   41.2   41/64     64.1%  19.8%    8 (128)    $0.100  2 min 10 s",
        "  ███████████████████░░░░░░  75%  rate limit, 12 s",
        "large    0/640      0    0/64         –      –      0 (0)    $0.000           –",
        "  ░░░░░░░░░░░░░░░░░░░░░░░░░   0%",
        "",
        "errors: rate limited ×12 (free); connection lost ×3 (counted at worst case)",
    ]


def test_what_a_policy_buys_is_said_whole_and_no_coverage_of_a_model():
    """What outcomes chose says nothing of a model's coverage, nor how many samples are left how long it takes."""
    solve = PolicyProgress(kind="solve", buys="cheap", solves_per_usd=11_660.0, expected_solves=95.2)
    steered = model("cheap", steered=True, samples_per_s=41.2)
    lines = drawn(progress(steered, policy=solve, solved_by_any=41, eta_s=None, pico_per_s=PICO / 100))
    assert "solve buys cheap: 11,700 solved per $ · together 41 of 64 problems solved" in lines
    assert "about 23 more for the rest of the money" in lines, "no more than are unsolved"
    row = next(line for line in lines if line.startswith("cheap"))
    assert "41/64" in row
    assert "%" not in row
    assert not any("of the samples" in line for line in lines)


def test_a_cascade_says_where_the_unsolved_problems_stand():
    cascade = PolicyProgress(kind="cascade", stands=(("cheap", 20), ("middle", 0), ("large", 3)))
    lines = drawn(progress(model("cheap", steered=True), policy=cascade, solved_by_any=41))
    assert "cascade: 20 unsolved at cheap, 3 at large · together 41 of 64 problems solved" in lines


def test_ascii_where_the_encoding_lacks_blocks():
    lines = drawn(two(note="naïve"), look=Look(glyphs=ASCII, encoding="ascii"))
    assert all(line.isascii() for line in lines)
    assert lines[1].startswith("budget $10.000 ####")
    assert "rate limited x12 (free)" in lines[-2]
    assert lines[-1] == "na\\xefve"


def test_a_stop_is_told_in_full_below_the_models():
    lines = drawn(progress(model("large", stopped=KEY_REFUSED)), width=60)
    row = next(i for i, line in enumerate(lines) if line.startswith("large"))
    assert lines[row + 1].endswith("stopped")
    assert " ".join(lines[row + 3 :]) == f"large stopped: {KEY_REFUSED}"


def test_what_is_not_to_be_sent_waits_for_nothing():
    for phase in ("draining", "done"):
        text = "\n".join(drawn(two(phase=phase, note="Ctrl-C: waiting")))
        assert "rate limit, 12 s" not in text
        assert "about" not in text
        assert text.endswith("Ctrl-C: waiting")


def test_a_recordings_dollars_are_told_apart():
    assert "replayed $0.0158: nothing is spent" in drawn(two(replayed_pico=15_800_000_000))


def test_an_exceeded_budget_is_told_by_its_sign():
    assert "░ left -$2.600" in "\n".join(drawn(two(settled_pico=12 * PICO)))


@pytest.mark.parametrize("height", [4, 6, 10, 20])
def test_many_models_on_a_low_terminal(height):
    lines = drawn(
        progress(*(model(f"m{i}", done=640 if i < 3 else i) for i in range(50)), note="look"), 80, height
    )
    assert len(lines) <= height
    missing = next(line for line in lines if line.startswith("+ "))
    shown = [line for line in lines if line.startswith("m") and not line.startswith("model")]
    assert missing == f"+ {50 - len(shown)} models, 3 of them finished"
    assert not any("640/640" in line for line in shown)


@pytest.mark.parametrize("height", range(1, 7))
def test_the_lowest_terminals_still_say_what_runs(height):
    lines = drawn(progress(model()), 80, height)
    assert lines[0].startswith("gsm8k  sampling")
    assert any("480/640" in line for line in lines) == (height >= 2)


def test_columns_grow_but_do_not_jump_back():
    frames = Frames()
    wide = frames.draw(progress(model(done=1_000_000, planned=2_000_000)), 80, 24)
    names = wide[4].plain
    assert frames.draw(progress(model(done=1, planned=2)), 80, 24)[4].plain == names
    assert frames.draw(progress(model(done=1, planned=2)), 90, 24)[4].plain != names


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_reasons_and_notes_drive_nothing(text):
    moment = progress(
        model(text, waiting=text, errors={text: 2}), model(text + "!", stopped=text), name=text, note=text
    )
    for line in drawn(moment, 100, 30):
        assert cell_len(line) <= 100
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in line)


def test_markup_stays_text():
    assert any(line.startswith("[bold red]") for line in drawn(progress(model("[bold red]x[/]"))))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(progresses(), st.integers(24, 200), st.integers(1, 60), st.booleans())
def test_no_frame_is_wider_or_higher_than_the_terminal(moment, width, height, ascii_only):
    look = Look(glyphs=ASCII, encoding="ascii") if ascii_only else Look()
    frames = Frames(look)
    for size in ((width, height), (24 + 200 - width, height)):
        lines = [line.plain for line in frames.draw(moment, *size)]
        assert 1 <= len(lines) <= size[1]
        assert max(map(cell_len, lines)) <= size[0]
        assert not any("\n" in line for line in lines)
        assert all(line.isascii() for line in lines) or not ascii_only


def test_on_a_narrow_terminal_what_a_policy_does_is_told_on_more_lines():
    """Cut off, a number would be another one."""
    solve = PolicyProgress(kind="solve", buys="llama-3.1-8b-instruct", solves_per_usd=16_245.0)
    steered = model("llama-3.1-8b-instruct", steered=True)
    lines = drawn(progress(steered, policy=solve, solved_by_any=41), width=40)
    assert "solve buys llama-3.1-8b-instruct: 16,200" in lines
    assert "solved per $" in lines


def test_a_cascade_tells_no_time_before_all_stages_are_at_work():
    cascade = PolicyProgress(kind="cascade", stands=(("cheap", 20), ("large", 3)))
    cheap, large = model("cheap", eta_s=55.0), model("large", eta_s=None)
    assert last_eta_s([cheap, large], cascade) is None
    assert last_eta_s([cheap, replace(large, stopped="no credit")], cascade) == 55.0
    assert last_eta_s([cheap, replace(large, eta_s=80.0)], cascade) == 80.0
    assert last_eta_s([cheap, large], None) == 55.0

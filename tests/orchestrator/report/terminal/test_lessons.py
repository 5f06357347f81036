import pytest

from orchestrator.report.terminal.lessons import lessons as learnt_or_none
from tests.orchestrator.report.progress_fixture import PICO, model, progress


def learnt(moment):
    return learnt_or_none(moment) or ""


def judged(alias, solved=40, dollars=1, **fields):
    known = {
        "done": 2_560,
        "planned": 2_560,
        "problems": 40,
        "verified": 2_560,
        "settled_pico": PICO * dollars,
    }
    return model(alias, solved_problems=solved, **known | fields)


def test_cheap_against_expensive():
    assert learnt(progress(judged("expensive", 40, 10), judged("cheap", 35))) == (
        "cheap solved 35 of 40 problems (87.5%) with 64 samples each, for $25.00 per 1,000 problems; "
        "expensive solved 40 of 40 problems (100%) with 64 samples each, for $250.00 per 1,000 problems. "
        "expensive cost 10.0 times as much as cheap, and its coverage is 12.5 points higher."
    )


@pytest.mark.parametrize(
    ("expensive", "said"),
    [
        (
            judged("expensive", 30, 2),
            "expensive cost 2.0 times as much as cheap, and its coverage is 12.5 points lower.",
        ),
        (
            judged("expensive", 35, 2),
            "expensive cost 2.0 times as much as cheap, and its coverage is the same.",
        ),
        (judged("expensive", 35, 1), "expensive cost about as much as cheap, and its coverage is the same."),
        (
            judged("expensive", 35, 1, presumed_pico=PICO),
            "expensive cost 2.0 times as much as cheap, and its coverage is the same.",
        ),
    ],
)
def test_whichever_way_it_went(expensive, said):
    assert learnt(progress(judged("cheap", 35), expensive)).endswith(f" {said}")


def test_names_are_whole_and_ratios_of_three_digits():
    name = f"{'a-long-name-' * 8}v1"
    said = learnt(progress(judged(name, 35, 1), judged("expensive", 35, 321)))
    assert said.count(name) == 2
    assert "expensive cost 321 times" in said


def test_free_models_have_no_ratio():
    free = judged("free", 20, 0)
    assert "expensive cost more than free, and" in learnt(progress(free, judged("expensive")))
    assert "also cost no more than free, and" in learnt(progress(free, judged("also", 20, 0)))


def test_one_model_is_compared_with_none_and_what_goes_on_is_so_far():
    assert learnt(progress(judged("only", done=100))) == (
        "So far only solved 40 of 40 problems (100%) with about 2.5 samples each, for $25.00 per 1,000 problems."
    )


def test_models_of_which_not_as_much_is_done_are_not_compared():
    """As after Ctrl-C, or when the budget ended it."""
    said = learnt(
        progress(judged("slow", 20, done=40, planned=400), judged("fast", 35, done=240, planned=400))
    )
    assert said.startswith("So far slow solved 20 of 40 problems")
    assert "times as much" not in said
    alike = learnt(
        progress(judged("slow", 20, done=220, planned=400), judged("fast", 35, 2, done=240, planned=400))
    )
    assert alike.endswith("fast cost 2.0 times as much as slow, and its coverage is 37.5 points higher.")


def test_of_many_the_cheapest_the_best_and_the_most_expensive():
    text = learnt(progress(*(judged(f"m{i}", 10 + i if i < 7 else 12, 1 + i) for i in range(9))))
    assert [alias for alias in (f"m{i}" for i in range(9)) if f"{alias} solved" in text] == ["m0", "m6", "m8"]
    assert "m8 cost 9.0 times as much as m0, and its coverage is 5.0 points higher." in text


def test_nothing_is_learnt_without_verdicts():
    assert learnt_or_none(progress(model(), model("expensive", done=0))) is None
    assert learnt_or_none(progress()) is None


def test_a_hostile_alias_drives_nothing():
    text = learnt(progress(judged("\x1b[2J\u202e"), judged("[bold]")))
    assert "\\x1b[2J\\u202e solved" in text
    assert "[bold] solved" in text

import pytest

from orchestrator.text.failure_words import FREE, WORST_CASE, failure_words, in_words
from providers import errors


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("RateLimited 429", ("rate limited", "free")),
        ("Overloaded 529", ("server overloaded", "free")),
        ("NotSent", ("no connection", "free")),
        ("Lost", ("connection lost", "counted at worst case")),
        ("Lost 500", ("server error", "counted at worst case")),
        ("Lost 409", ("no usable answer (409)", "counted at worst case")),
        ("NoUsage", ("reply without usage", "counted at worst case")),
        ("Interrupted", ("cut off when the run ended", "counted at worst case")),
        ("LeaseOver", ("cut off when its server's budget ended", "paid for its time")),
        ("CapReached", ("stopped at attempt_usd", "")),
        ("AttemptLost", ("attempt lost", "")),
        ("missing samples", ("missing samples", "")),
        ("Stopped by hand", ("Stopped by hand", "")),
    ],
)
def test_a_failure_is_named_by_what_happened_and_what_it_costs(kind, words):
    assert failure_words(kind) == words


def test_every_failure_of_a_provider_has_words_and_its_own_cost():
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.ProviderError) and not error.__subclasses__():
            words, cost = failure_words(error("x", status=500).kind)
            assert name not in words
            assert cost == ("free" if error.outcome is errors.MayHaveCost.FREE else "counted at worst case")


def test_kinds_of_one_name_are_one_count():
    assert in_words({"Lost 500": 2, "Lost 502": 3, "Lost": 1}) == {
        ("server error", "counted at worst case"): 5,
        ("connection lost", "counted at worst case"): 1,
    }


def test_a_refusal_that_holds_money_is_not_called_free():
    assert failure_words("RateLimited 429") == ("rate limited", FREE)
    assert failure_words("RateLimited", presumed=True) == ("rate limited", WORST_CASE)
    assert failure_words("BadRequest 400", presumed=True) == ("bad request", WORST_CASE)

from orchestrator.pace import WINDOW_S, Pace


def test_money_over_the_last_half_minute():
    pace = Pace()
    assert (pace.pico_per_s, pace.since_reply_s(0.0)) == (0.0, None)
    for second in range(101):
        pace.seen(float(second), pico=1000 * second if second < 50 else 50_000, replies=min(second, 60))
        if second == 40:
            assert pace.pico_per_s == 1000
    assert pace.pico_per_s == 0, "nothing was spent in it"
    assert pace.since_reply_s(100.0) == 40.0
    assert WINDOW_S == 30


def test_what_was_there_before_is_no_reply():
    pace = Pace()
    pace.seen(0.0, pico=5, replies=7)
    assert pace.since_reply_s(9.0) is None
    pace.seen(1.0, pico=5, replies=8)
    assert pace.since_reply_s(9.0) == 8.0


def test_money_that_comes_back_is_no_negative_pace():
    pace = Pace()
    pace.seen(0.0, pico=5000, replies=0)
    pace.seen(1.0, pico=0, replies=0)
    assert pace.pico_per_s == 0

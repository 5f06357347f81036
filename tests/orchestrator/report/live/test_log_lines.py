import io
import re

import pytest

from orchestrator.report.live.log_lines import PlainDisplay
from tests.orchestrator.report.progress_fixture import HOSTILE, PICO, Clock, model, progress

STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


def plain(stream, clock):
    return PlainDisplay(stream, clock=clock, wall=lambda: 1_700_000_000.0)


def lines(stream):
    found = stream.getvalue().splitlines()
    assert all(STAMP.match(line) for line in found)
    return [STAMP.sub("", line, count=1) for line in found]


def test_a_line_for_the_sweep_and_one_for_each_model():
    stream = io.StringIO()
    cheap = model(
        samples_per_s=41.2,
        verified=480,
        passed=95,
        in_flight_requests=8,
        in_flight_samples=1280,
        settled_pico=PICO,
        waiting="rate limit, 12 s",
        errors={"RateLimited 429": 12},
    )
    with plain(stream, Clock()) as display:
        display.update(progress(cheap, model("expensive", stopped="bad key", failed=2)))
    assert lines(stream) == [
        (
            "sweep gsm8k: sampling, 960/1,280 samples, settled $2.000 presumed $0.100 reserved $0.500 left $7.400 "
            "of $10.000, after 1 min 15 s, about 2 min 10 s left, errors rate limited ×12 (free)"
        ),
        (
            "model cheap: 480/640 samples, 41.2/s, solved 41/64, pass 19.8%, in flight 8 requests 1,280 samples, "
            "$1.000, waiting: rate limit, 12 s"
        ),
        (
            "model expensive: 480/640 samples, 0/s, solved 41/64, pass -, in flight 0 requests 0 samples, $0.000, "
            "2 failed, stopped: bad key"
        ),
    ]


def test_every_thirty_seconds():
    stream, clock = io.StringIO(), Clock()
    with plain(stream, clock) as display:
        for quarter in range(4 * 95):
            clock.now = quarter / 4
            display.update(progress(model(done=quarter), elapsed_s=clock.now))
        told = [line for line in lines(stream) if line.startswith("sweep")]
    assert [after for line in told for after in re.findall(r"after (.*?),", line)] == [
        "0 s",
        "30 s",
        "1 min",
        "1 min 30 s",
    ]
    assert len([line for line in lines(stream) if line.startswith("sweep")]) == 5  # the end is told, too


def test_changes_are_told_at_once():
    stream, clock = io.StringIO(), Clock()
    with plain(stream, clock) as display:
        display.update(progress(model(), model("expensive")))
        start = len(lines(stream))
        clock.now = 1
        display.update(progress(model(done=640), model("expensive", stopped="bad key"), note="look here"))
        display.update(progress(model(done=640), model("expensive", stopped="bad key"), note="look here"))
        assert lines(stream)[start:] == [
            "model cheap: last request sent",
            "model expensive stopped: bad key",
            "look here",
        ]
        display.update(progress(model(done=640), model("expensive"), phase="draining"))
        assert lines(stream)[start + 3].startswith("sweep gsm8k: draining, ")


def test_a_note_that_only_counts_on_is_told_once():
    stream = io.StringIO()
    with plain(stream, Clock()) as display:
        for verdicts in (None, *range(998, 1_010)):
            note = None if verdicts is None else f"cheap: all {verdicts:,} verdicts are wrong"
            display.update(progress(model(), note=note))
        display.update(progress(model(), note="expensive: all 20 verdicts are wrong"))
        assert [line for line in lines(stream) if "wrong" in line] == [
            "cheap: all 998 verdicts are wrong",
            "expensive: all 20 verdicts are wrong",
        ]


def test_a_model_that_is_finished_is_told_once():
    stream, clock = io.StringIO(), Clock()
    with plain(stream, clock) as display:
        for _ in range(4):
            clock.now += 30
            display.update(progress(model(done=640), model("expensive")))
    assert sum(line.startswith("model cheap:") for line in lines(stream)) == 1
    assert sum(line.startswith("model expensive:") for line in lines(stream)) == 4


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_line_of_its_own(text):
    stream = io.StringIO()
    with plain(stream, Clock()) as display:
        display.update(progress(model(text, waiting=text), name=text))
        display.update(progress(model(text, stopped=text, errors={text: 1}), name=text, note=text))
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()
    assert all(re.match("sweep |model |" + re.escape(lines(stream)[3]), line) for line in lines(stream))


def test_an_encoding_that_lacks_a_sign_gets_it_spelt_out():
    raw = io.BytesIO()
    with plain(io.TextIOWrapper(raw, "ascii", write_through=True), Clock()) as display:
        display.update(progress(model("naïve", errors={"Lost": 2})))
        assert b"errors connection lost x2" in raw.getvalue()
        assert b"model na\\xefve: " in raw.getvalue()


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "gone"), ValueError("closed")])
def test_a_reader_that_hung_up_ends_nothing_and_is_left_alone(error):
    class Gone(io.StringIO):
        tries = 0

        def write(self, text):
            self.tries += 1
            raise error

    stream, clock = Gone(), Clock()
    with plain(stream, clock) as display:
        for _ in range(5):
            clock.now += 30
            display.update(progress(model(done=int(clock.now))))
    assert stream.tries == 1


def test_nothing_told_nothing_written():
    stream = io.StringIO()
    with plain(stream, Clock()):
        pass
    assert stream.getvalue() == ""

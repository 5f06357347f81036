"""Models whose whole max_tokens goes into reasoning: counted, and named after the tenth reply."""

from __future__ import annotations

import pytest

from orchestrator.report.terminal.plan import remarks
from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from orchestrator.text.empty_words import EmptyReplies
from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Sample
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run


@pytest.mark.parametrize("thinks", [True, False])
def test_empty_replies_are_named_on_every_screen(tmp_path, thinks):
    """One reply in ten has an answer."""
    emptied = Sample(text="", finish_reason="length", tokens=64, reasoning="Hm …" if thinks else None)

    def answer(prompt, _):
        return "#### 0" if "What is 0" in prompt else emptied

    db = tmp_path / "test.db"
    vendor = openai_vendor(answer=answer, latency=0.01)
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}, problems=10, samples=1, max_tokens=64).write(tmp_path)
        ended = run(path, db)
    said = [line for line in ended.result.warnings if "replies are empty" in line]
    assert len(said) == 1
    assert "9 of 10 replies are empty: all 64 tokens" in said[0]
    assert ("went into reasoning" in said[0]) is thinks
    assert "9 of 10 replies are empty" in (ended.shown[-1].note or "")
    planned = plan_sweep(prepare(load(path)), db)
    assert any("9 of 10 replies are empty" in line for line in remarks(planned))


def test_a_few_empty_replies_are_nothing_to_say():
    assert EmptyReplies(9, 9).words(64) is None
    assert EmptyReplies(100, 5).words(64) is None
    cut = EmptyReplies().and_more(1, [("half an answ", False)])
    assert cut == EmptyReplies(1, 0)

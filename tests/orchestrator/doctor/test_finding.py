from orchestrator.doctor.finding import Finding, summed_up


def test_the_last_line_sums_up():
    fine, note = Finding("ok", "python", "3.11"), Finding("note", "charts", "not installed")
    gone = Finding("missing", "key", "OPENAI_API_KEY is not set")
    assert summed_up([fine]) == "Nothing that is needed is missing."
    assert summed_up([fine, note]) == "Nothing that is needed is missing. 1 note is worth a look."
    assert summed_up([gone, note, note]).startswith("1 thing is missing or wrong: key. Each remedy")
    assert summed_up([gone, gone, Finding("missing", "server", "?")]).startswith(
        "3 things are missing or wrong: key, server."
    )

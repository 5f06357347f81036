"""`manyfew frontier` as people run it."""

import json

import pytest

from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger


@pytest.fixture
def ledger(tmp_path):
    cheap = Made({f"p{i}": counted(20, i % 7) for i in range(20)}, USD // 10**5)
    expensive = Made({f"p{i}": counted(2, i % 3) for i in range(20)}, USD // 1000)
    return make_ledger(tmp_path / "l.db", {"cheap": cheap, "expensive": expensive})


def test_json_is_one_document_and_nothing_else(manyfew, ledger):
    done = manyfew("frontier", str(ledger), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["axis"] == "usd"
    assert list(found["models"]) == ["cheap", "expensive"]
    assert manyfew("frontier", str(ledger), "--json").stdout == done.stdout


def test_people_get_tables_a_plot_and_sentences_in_a_pipe(command, ledger):
    done = command("frontier", str(ledger))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    for part in ("$0.044 spent for 440 samples", "Many or few?", "● cheap", "$ per 1,000", "what to buy"):
        assert part in done.stdout
    everything = command("frontier", str(ledger), "--all").stdout
    for part in ("● cheap", "coverage against dollars per 1,000 problems", "many or few?", "the frontier"):
        assert part in everything
    assert len(everything.splitlines()) > len(done.stdout.splitlines())


def test_the_ledger_stays_as_it_was(command, ledger):
    before = ledger.read_bytes()
    command("frontier", str(ledger))
    assert ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.db"], "missing.db: there is no such file"),
        (["text.db"], "text.db: this is not a ledger"),
        (["l.db", "--axis", "euros"], "--axis: there is no axis 'euros'"),
        ([], "DB"),
    ],
)
def test_wrong_input_is_one_line_and_exit_2(command, ledger, tmp_path, arguments, message):
    (tmp_path / "text.db").write_text("no database")
    done = command("frontier", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    document = json.loads(command("frontier", *arguments, "--json").stdout)
    assert document["status"] == "error"

"""What `--help` shows of each command, argument and option."""

from __future__ import annotations

import re
from typing import Any

import pytest
from typer.main import get_command

from orchestrator.cli.app import app
from orchestrator.cli.command_table import COMMANDS

GROUP: Any = get_command(app())
VERBS = frozenset(
    """Accept Add Ask Assume Book Compare Compute Continue Count Judge Leave Limit Make Measure Name Price Print Read
    Reconcile Replace Run Send Set Settle Show Stop Take Use Wait Write""".split()  # noqa: SIM905
)


def params(name):
    return GROUP.commands[name].params


def helped(command, name):
    done = command(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_no_types_and_no_braces(command, name):
    text = helped(command, name)
    assert not re.search(r"<[^>]*>|\{|\blist\[", text), text
    assert text.startswith(f"Usage: manyfew {name} [OPTIONS]")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_every_option_by_what_it_takes(command, name):
    text = helped(command, name)
    for param in params(name):
        if param.param_type_name == "option" and not param.hidden:
            assert re.search(rf"^  .*{re.escape(max(param.opts, key=len))}", text, re.MULTILINE)
            assert param.is_flag or param.metavar, param.name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_option_begins_with_a_verb(name):
    for param in params(name):
        if param.param_type_name == "option" and not param.hidden:
            assert param.help.split()[0] in VERBS, (param.name, param.help)
            assert param.help.endswith("."), param.help


@pytest.mark.parametrize("name", COMMANDS)
def test_help_explains_each_argument(name):
    for param in params(name):
        if param.param_type_name == "argument":
            assert param.metavar
            assert re.fullmatch(r"[A-Z].*\.", param.help)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_what_the_command_does(name):
    first = GROUP.commands[name].help.split("\n")[0]
    assert re.match(r"[A-Z][a-z]+ ", first)
    assert first.split()[0] not in ("The", "A", "What", "How")


def test_the_list_of_commands_cuts_no_sentence(command):
    listed = command("--help").stdout
    for name in COMMANDS:
        (line,) = re.findall(rf"^  {name} +(.*)$", listed, re.MULTILINE)
        assert line.endswith("."), line
        assert "..." not in line


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("frontier a.db --cap x", "manyfew frontier: --cap must be a number"),
        ("verify a.db --workers two", "manyfew verify: --workers must be a whole number"),
        ("verify a.db --workers 0", "manyfew verify: --workers must be at least 1"),
        ("verify a.db --workers 5000", "manyfew verify: --workers must be at most 1024"),
        ("verify a.db b.db", "manyfew verify: too many arguments: b.db (manyfew verify --help)"),
        ("figure a.db -o", "manyfew figure: option '-o' needs a value (manyfew figure --help)"),
        ("frontier a.db --htlm f", "manyfew frontier: no such option: --htlm. Did you mean --html? (manyfew"),
        ("plan a.toml --budgt 1", "manyfew plan: no such option: --budgt. Did you mean --budget? (manyfew"),
        ("run a.toml --zzzz", "manyfew run: no such option: --zzzz (manyfew run --help)"),
        ("version", "manyfew: no such command 'version'. Did you mean --version? (manyfew --help)"),
        ("run a.toml --progress loud", "--progress: 'loud' isn't a kind of progress (use auto or live or"),
        ("run a.toml --progress live --no-progress", "--progress: can't be combined with --no-progress"),
        (
            "frontier a.db -o p.toml",
            "-o: goes with --write-policy N (for a figure: manyfew figure DB -o FILE)",
        ),
        (
            "frontier a.db --write-policy 1",
            "--write-policy: needs the name of the file to write (add -o SWEEP)",
        ),
    ],
)
def test_a_value_that_can_not_be_used_is_one_plain_line(command, line, message):
    done = command(*line.split())
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert message in done.stderr

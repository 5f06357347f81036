"""The frame of the command: help, errors, exit status, quick start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from orchestrator.cli import app as words
from orchestrator.cli import main as frame
from orchestrator.cli.output import console, emit_json
from orchestrator.errors import InputError, LedgerBroken

ROOT = Path(__file__).resolve().parents[3]


def _command(monkeypatch, capsys, act, *arguments):
    """Runs `manyfew go …` in this process with `act` as its body; gives (status, stdout, stderr)."""
    made = typer.Typer()

    @made.callback()
    def _callback() -> None: ...

    @made.command("go")
    def _go(json: bool = False, times: int = 1) -> None:
        act()

    monkeypatch.setattr(words, "app", lambda _: made)
    with pytest.raises(SystemExit) as ended:
        frame.main(["go", *arguments])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def _raise(error):
    def act():
        raise error

    return act


def test_input_errors_are_one_line_and_exit_2(monkeypatch, capsys):
    error = InputError("sweep.toml:3: name", "is wrong", "mend it")
    assert _command(monkeypatch, capsys, _raise(error)) == (
        2,
        "",
        "manyfew: sweep.toml:3: name: is wrong (mend it)\n",
    )


def test_with_json_stdout_is_one_document(monkeypatch, capsys):
    status, out, err = _command(monkeypatch, capsys, _raise(InputError("a\nb", "is wrong")), "--json")
    assert status == 2
    assert json.loads(out) == {
        "status": "error",
        "error": {"where": "a\nb", "message": "is wrong", "remedy": ""},
    }
    assert err == "manyfew: a b: is wrong\n"


def test_hostile_names_drive_no_terminal(monkeypatch, capsys):
    _, _, err = _command(monkeypatch, capsys, _raise(InputError("\x1b[2Jx\u202e", "is wrong", "mend it")))
    assert err == "manyfew: \\x1b[2Jx\\u202e: is wrong (mend it)\n"


def test_a_broken_ledger_exits_1(monkeypatch, capsys):
    status, _, err = _command(
        monkeypatch, capsys, _raise(LedgerBroken("x.db", "the disk is full", "make room"))
    )
    assert (status, err) == (1, "manyfew: x.db: the disk is full (make room)\n")


def test_an_error_of_ours_says_so_and_shows_where(monkeypatch, capsys):
    status, out, err = _command(monkeypatch, capsys, _raise(ZeroDivisionError("oh")), "--json")
    assert status == 1
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("manyfew: this is a bug in manyfew: ZeroDivisionError: oh")
    assert json.loads(out)["status"] == "error"


def test_an_interrupt_exits_130(monkeypatch, capsys):
    assert _command(monkeypatch, capsys, _raise(KeyboardInterrupt()))[0] == 130


def test_a_command_states_its_exit(monkeypatch, capsys):
    assert _command(monkeypatch, capsys, _raise(typer.Exit(3)))[0] == 3
    assert _command(monkeypatch, capsys, lambda: None)[0] == 0


@pytest.mark.parametrize("arguments", [["--nonsense"], ["extra"], ["--times", "many"]])
def test_wrong_flags_are_one_line_and_exit_2(monkeypatch, capsys, arguments):
    status, out, err = _command(monkeypatch, capsys, lambda: None, *arguments, "--json")
    assert status == 2
    assert len(err.splitlines()) == 1
    assert json.loads(out)["error"]["remedy"] == "manyfew go --help"


def test_json_never_carries_nan():
    with pytest.raises(ValueError, match="JSON"):
        emit_json({"x": float("nan")})


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {}])
def test_a_console_is_plain_on_pipes(monkeypatch, capsys, variables):
    for name in ("NO_COLOR", "TERM", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    console().print("[bold]x[/bold] :smile:", style="red")
    assert capsys.readouterr().out == "[bold]x[/bold] :smile:\n"


def test_bare_manyfew_shows_its_help(manyfew):
    done = manyfew()
    assert done.returncode == 0
    assert "init" in done.stdout
    assert done.stderr == ""


def test_version(manyfew):
    done = manyfew("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "manyfew")


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["init", "a", "b"]])
def test_wrong_words_exit_2_without_a_traceback(manyfew, arguments):
    done = manyfew(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_terminal_without_unicode_still_gets_the_line(manyfew):
    done = manyfew("é—", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "no such command" in done.stderr.lower()


def test_a_reader_that_hangs_up_is_no_error(tmp_path):
    line = f"{sys.executable} -m manyfew --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom manyfew.__main__ import main\nsys.argv = ['manyfew', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = 'numpy scipy pydantic rich aiohttp openai anthropic genai_prices httpx2 sqlite3 asyncio'.split()\n"
        "print('HEAVY', [name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_help_is_quick():
    def seconds() -> float:
        """Processor time, which what else the machine does hardly changes."""
        before = os.times()
        subprocess.run([sys.executable, "-m", "manyfew", "--help"], cwd=ROOT, capture_output=True, check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(5)) < 0.3


def test_the_shell_completes_commands_and_flags(manyfew):
    done = manyfew(_MANYFEW_COMPLETE="complete_bash", COMP_WORDS="manyfew fron", COMP_CWORD="1")
    assert done.stdout.split() == ["frontier"]
    done = manyfew(_MANYFEW_COMPLETE="complete_bash", COMP_WORDS="manyfew frontier --ax", COMP_CWORD="2")
    assert done.stdout.split() == ["--axis"]


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "COMPREPLY"), ("zsh", "#compdef manyfew"), ("fish", "--command")]
)
def test_completion_of_the_shell_that_is_named(manyfew, shell, word):
    """Of the caller's own where none is named; a process that no shell started has only SHELL to go by."""
    assert word in manyfew("--show-completion", shell).stdout


def test_completion_is_installed(manyfew, tmp_path):
    done = manyfew("--install-completion", "bash", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (script,) = (tmp_path / ".bash_completions").iterdir()
    assert str(script) in done.stdout
    assert script.read_text().strip() == manyfew("--show-completion", "bash").stdout.strip()
    assert str(script) in (tmp_path / ".bashrc").read_text()


@pytest.mark.parametrize("named", [["tcsh"], ["bash", "zsh"]])
def test_a_shell_without_completion_is_one_line(manyfew, named):
    done = manyfew("--show-completion", *named)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "name bash, zsh, fish" in done.stderr


def test_the_shell_is_the_caller_s_or_the_user_s(monkeypatch, capsys):
    shellingham = import_module("shellingham")

    def nothing():
        raise shellingham.ShellDetectionFailure

    monkeypatch.setenv("SHELL", "/bin/zsh")
    for found, word in ((lambda: ("fish", ""), "--command"), (nothing, "#compdef")):
        monkeypatch.setattr(shellingham, "detect_shell", found)
        words.run_command(["--show-completion"])
        assert word in capsys.readouterr().out
    monkeypatch.delenv("SHELL")
    with pytest.raises(InputError, match="can't tell which shell"):
        words.run_command(["--show-completion"])

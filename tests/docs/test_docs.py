"""Every command and every sweep file of the docs works, and the reference is of the code as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from docs import make_reference
from orchestrator.cli import main as frame
from orchestrator.cli.command_table import COMMANDS
from orchestrator.sweep import schema
from tests.docs.pages import DOCS, ROOT, RUN, Block, blocks, prepare, stand_ins, write

ALL = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
KEY = re.compile(r"^\| ((?:`\w+`(?:, )?)+)", re.MULTILINE)


@pytest.fixture(scope="module")
def places():
    with stand_ins() as found:
        yield found


@pytest.fixture
def folder(tmp_path, monkeypatch, places):
    """An empty folder to type in, with the keys that the docs name."""
    for name in ("OPENAI_API_KEY", "HOST_A_KEY", "HOST_B_KEY"):
        monkeypatch.setenv(name, "sk-docs")
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", places["OPENAI_BASE_URL"])
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path)
    return tmp_path


def _named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _typed(command: str) -> int:
    with pytest.raises(SystemExit) as ended:
        frame.main(command.split()[1:])
    return int(ended.value.code or 0)


def test_one_budget_on_two_machines_is_divided():
    """A budget holds for one ledger, so a page that runs one sweep into several must not have each spend all of it."""
    text = (DOCS / "how-to" / "merge.md").read_text("utf-8")
    budget = re.findall(r"^budget_usd = (\S+)$", text, re.MULTILINE)
    runs = re.findall(r"^\$ manyfew run .*--db (\S+)(?:.* --budget (\S+))?", text, re.MULTILINE)
    assert len({ledger for ledger, _ in runs}) == 2
    assert sum(float(share) for _, share in runs) <= float(budget[0])


@pytest.mark.parametrize("page", RUN, ids=_named)
def test_every_command_of_the_page_works(page, folder, places, capfd):
    typed = 0
    for block in blocks(page.read_text("utf-8")):
        if block.what in ("file", "append"):
            write(block, folder, places)
        for command in block.commands:
            status = _typed(command)
            out, err = capfd.readouterr()
            assert status == 0, (command, out, err)
            typed += 1
            for tape in folder.glob("quickstart.toml"):  # as it is, in a moment
                text = tape.read_text("utf-8").replace("speed = 60", "speed = 3000")
                text = text.replace("samples = 64", "samples = 16")
                if "limit = " not in text:
                    text = text.replace("[problems]\n", "[problems]\nlimit = 6\n")
                tape.write_text(text, "utf-8")
    # About a service, GPUs or a queue of the reader's own.
    assert typed > 0 or page.name in ("get-told.md", "gpu-node.md", "slurm.md")


def _sweeps() -> list[tuple[Path, Block]]:
    """Whole sweep files: those with a name, problems and models."""
    return [
        (page, block)
        for page in ALL
        for block in blocks(page.read_text("utf-8"))
        if block.language == "toml" and {"name", "problems", "models"} <= tomllib.loads(block.body).keys()
    ]


@pytest.mark.parametrize(
    ("page", "block"), _sweeps(), ids=lambda value: _named(value) if isinstance(value, Path) else ""
)
def test_every_sweep_file_loads(page, block, folder, places):
    from orchestrator.sweep.load import load

    (folder / "sweep.toml").write_text(block.body, "utf-8")
    for name in re.findall(r'call = "(\w+):', block.body):
        (folder / f"{name}.py").write_text("", "utf-8")
    assert load(folder / "sweep.toml").models


@pytest.mark.parametrize("page", ALL, ids=_named)
def test_commands_and_options_that_are_named_are_there(page):
    """In running text too: a command that was renamed, an option that is gone."""
    helps = make_reference.commands()
    known = {name: helps.split(f"## manyfew {name}\n")[1].split("\n## ")[0] for name in COMMANDS}
    text = page.read_text("utf-8")
    typed = "\n".join(block.body for block in blocks(text))
    named = re.findall(r"`manyfew ([a-z]+(?:-[a-z]+)*)\b([^`\n#]*)", text)
    named += re.findall(r"(?:^|\$ |/)manyfew ([a-z]+(?:-[a-z]+)*)\b([^\n#]*)", typed, re.MULTILINE)
    for name, rest in named:
        assert name in COMMANDS, name
        for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", rest):
            assert option in known[name] or option == "--json", (name, option)


def test_the_reference_has_every_command_and_every_key():
    pages = make_reference.pages()
    for name in COMMANDS:
        assert f"Usage: manyfew {name} " in pages["reference/commands.md"]
    for table in (schema.SweepTable, schema.ModelTable, schema.LimitsTable):
        for key in table.model_fields:
            assert f"| `{key}` |" in pages["reference/sweep-file.md"]
    assert "CREATE TABLE sample (" in pages["reference/ledger.md"]
    assert pages["reference/ledger.md"].count("CREATE VIEW sample_records AS") == 2


def test_a_key_without_a_meaning_is_told(monkeypatch):
    class More(schema.LimitsTable):
        new_key: int | None = None

    monkeypatch.setattr(schema, "LimitsTable", More)
    with pytest.raises(ValueError, match=r"\[limits\] and orchestrator/sweep/schema.py differ in new_key"):
        make_reference.sweep_file()


def test_the_json_page_names_what_the_documents_have(folder, places, capfd):
    import json

    text = (DOCS / "reference/json.md").read_text("utf-8")
    sections = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    tutorial = blocks((DOCS / "tutorial.md").read_text("utf-8"))
    for block in tutorial:
        if block.name == "first.toml":
            write(block, folder, places)
    for command in ("plan first.toml", "run first.toml", "frontier runs/first.db"):
        assert _typed(f"manyfew {command} --json") == 0
        document = json.loads(capfd.readouterr().out)
        section = next(body for title, body in sections.items() if command.split()[0] in title.split(", "))
        first = [key for row in KEY.findall(section) for key in re.findall(r"\w+", row)]
        assert len(first) >= 5
        assert set(first) <= document.keys(), command
        (row,) = [line for line in section.splitlines() if line.startswith("| `models`")]
        named = re.findall(r"`(\w+)`", row.replace("(a list of", "(").split("by alias:")[1])
        model = document["models"]["cheap"]
        assert set(named) - model.keys() <= {"k", "coverage", "low", "high", "usd_per_problem"}, command


def test_the_site_is_built_strictly_with_every_link_whole(tmp_path):
    config = pytest.importorskip("mkdocs.config", reason="mkdocs-material is in the extra `docs`")
    import warnings

    from mkdocs.commands.build import build

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of mkdocs's own dependencies
        build(config.load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site"), strict=True))
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 15
    for page in pages:  # nothing is fetched from elsewhere
        assert not re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="https?://', page.read_text("utf-8"))


@pytest.mark.parametrize("page", [*ALL, ROOT / "CONTRIBUTING.md"], ids=_named)
def test_files_that_are_named_are_there(page):
    """A file that was moved or renamed is named by its new place."""
    named = re.findall(
        r"(?<![\w/.])((?:benchmarks|docs|manyfew|orchestrator|pricing|providers|tests|verifiers)/[\w/.-]+\w)",
        page.read_text("utf-8"),
    )
    missing = [name for name in named if "NAME" not in name and not (ROOT / name).exists()]
    assert missing == []

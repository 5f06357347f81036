"""The reference pages, made from the code when the site is built (a hook of mkdocs), so that they can't differ from it.

python docs/make_reference.py FOLDER      writes them as files, to be looked at
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin

HERE = Path(__file__).parent
_COMMANDS_INTRO = """\
# Commands

The text of `manyfew COMMAND --help`. A [shorter table](../commands.md) groups the commands by task.
"""
_SWEEP_INTRO = """\
# Sweep file

A TOML file. An unknown key, a wrong type or an absurd value is rejected in one line that names file, line and remedy.
`manyfew init` writes a file that explains the common keys.
"""
_LEDGER_INTRO = """\
# Ledger

A SQLite database in WAL mode. Read it with sqlite3, DuckDB, pandas or Datasette, also while a run writes. One process
writes a ledger at a time, never on a network file system.

The views `sample_records` (one row per sample), `spend` (one row per model) and `agent_calls` (one row per call of an
[agent](../how-to/agents.md)) are [stable](../stability.md). The tables behind them may change, with a migration. Money
is whole pico-dollars (1e-12 $) in columns named `…_pico`; `…_usd` are the same, divided. Times are Unix seconds.
"""
_KEYS_INTRO = """\
# Every JSON key

`*` stands for a model's alias, `[]` for each entry of a list. [JSON](json.md) explains the main keys. All of them
[stay](../stability.md), and new ones may come."""


def pages() -> dict[str, str]:
    """Markdown by the page's place in docs/."""
    return {
        "reference/commands.md": commands(),
        "reference/sweep-file.md": sweep_file(),
        "reference/ledger.md": ledger(),
        "reference/json-keys.md": json_keys(),
    }


def commands() -> str:
    """Each command's own help."""
    from typer.main import get_command

    from orchestrator.cli.app import app
    from orchestrator.cli.command_table import COMMANDS

    group: Any = get_command(app())
    parts = [_COMMANDS_INTRO]
    for name in COMMANDS:
        command = group.commands[name]
        with command.make_context(
            f"manyfew {name}", [], resilient_parsing=True, terminal_width=96
        ) as context:
            parts.append(f"## manyfew {name}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(parts)


def sweep_file() -> str:
    """Every key of the schema, with its type and what docs/sweep_keys.toml says it means."""
    from orchestrator.sweep import schema

    told = tomllib.loads((HERE / "sweep_keys.toml").read_text("utf-8"))
    parts = [_SWEEP_INTRO]
    for name, title, table in sweep_tables():
        known = told[name]
        keys = [
            key
            for key in table.model_fields
            if name != "models" or key not in schema.SamplingTable.model_fields
        ]
        if set(keys) != set(known):
            wrong = ", ".join(sorted(set(keys) ^ set(known)))
            raise ValueError(
                f"docs/sweep_keys.toml: [{name}] and orchestrator/sweep/schema.py differ in {wrong}"
            )
        parts.append(f"## {title}\n\n| key | type | default | meaning |\n|---|---|---|---|")
        for key in keys:
            field = table.model_fields[key]
            default = _default(field)
            parts.append(f"| `{key}` | {_type(field.annotation)} | {default} | {known[key]} |")
        parts.append("")
    parts.append("A model may also set any key of `[sampling]` for itself.\n")
    return "\n".join(parts)


def sweep_tables() -> tuple[tuple[str, str, Any], ...]:
    """Each table of the sweep file: its part of docs/sweep_keys.toml, its title, its schema."""
    from orchestrator.sweep import schema

    return (
        ("top", "The file", schema.SweepTable),
        ("problems", "`[problems]`", schema.ProblemsTable),
        ("prompt", "`[prompt]`", schema.PromptTable),
        ("sampling", "`[sampling]`", schema.SamplingTable),
        ("verifier", "`[verifier]`", schema.VerifierTable),
        ("policy", "`[policy]`", schema.PolicyTable),
        ("models", "`[models.ALIAS]`", schema.ModelTable),
        ("model_serve", "`[models.ALIAS.serve]`", schema.ServeTable),
        ("node", "`[serve]`", schema.NodeTable),
        ("price", "`price = { … }`", schema.PriceTable),
        ("limits", "`limits = { … }`", schema.LimitsTable),
        ("architecture", "`architecture = { … }`", schema.ArchitectureTable),
        ("agent", "`[models.ALIAS.agent]`", schema.AgentTable),
    )


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    simple = isinstance(value, (str, int, float)) or value == []
    return f"`{json.dumps(value)}`" if simple else ""


def _type(annotation: Any) -> str:
    """In words of TOML."""
    arguments = get_args(annotation)
    if arguments and str(get_origin(annotation)) == "typing.Literal":
        return " or ".join(f"`{value}`" for value in arguments)
    if arguments and get_origin(annotation) is list:
        return f"list of {_type(arguments[0])}"
    if get_origin(annotation) is dict:
        return "table"
    inner = [argument for argument in arguments if argument is not NoneType]
    if arguments and isinstance(annotation, type) is False:
        return _type(inner[0])
    words = {
        "str": "text",
        "int": "whole number",
        "float": "number",
        "Decimal": "number",
        "bool": "true or false",
    }
    return words.get(getattr(annotation, "__name__", ""), "table")


def ledger() -> str:
    """The schema as it is, and the columns of the views."""
    schema = files("orchestrator.ledger.file").joinpath("schema.sql").read_text("utf-8")
    views = "\n\n".join(f"```sql\n{sql}\n```" for sql in _views(schema))
    return (
        f"{_LEDGER_INTRO}\n## The two views\n\n{views}\n\n## Everything\n\n```sql\n{schema.rstrip()}\n```\n"
    )


def json_keys() -> str:
    """Each key of each document that is held, as the frozen file has them."""
    frozen = json.loads((HERE.parent / "tests/stability/frozen.json").read_text("utf-8"))
    parts = [_KEYS_INTRO]
    for name, keys in frozen["surface"]["json"].items():
        title = "an error, of any command" if name == "error" else f"manyfew {name} --json"
        listed = "\n".join(key for key in keys if not key.endswith("*"))
        parts.append(f"## {title}\n\n```text\n{listed}\n```")
    return "\n\n".join(parts) + "\n"


def _views(schema: str) -> Iterator[str]:
    for name in ("sample_records", "spend", "agent_calls"):
        found = re.search(rf"CREATE VIEW {name} AS.*?;", schema, re.DOTALL)
        assert found is not None, name
        yield found[0]


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages made here."""
    from mkdocs.structure.files import File

    for place, text in pages().items():
        files.append(File.generated(config, place, content=text))
    return files


if __name__ == "__main__":
    for place, text in pages().items():
        target = Path(sys.argv[1]) / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

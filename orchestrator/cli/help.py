"""How a command's help is laid out: each argument and option by the word that stands for its value, never by a type."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class HelpfulCommand(TyperCommand):
    """typer's own layout names Python types and differs between its versions."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [
            _argument(param) if param.required else f"[{_argument(param)}]"
            for param in self.get_params(ctx)
            if param.param_type_name == "argument"
        ]
        return ["[OPTIONS]", *arguments]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        params: list[Any] = list(self.get_params(ctx))
        shown = [param for param in params if not getattr(param, "hidden", False)]
        arguments = [(_argument(p), p.help or "") for p in shown if p.param_type_name == "argument"]
        options = [(_option(p), _meaning(p)) for p in shown if p.param_type_name == "option"]
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _argument(param: Any) -> str:
    return param.metavar or param.name.upper()


def _option(param: Any) -> str:
    names = ", ".join(sorted(param.opts, key=len))
    return names if param.is_flag else f"{names} {param.metavar}"


def _meaning(param: Any) -> str:
    default = param.default
    if param.required:
        return f"{param.help} [required]"
    is_stated = isinstance(default, str | int | float) and not isinstance(default, bool)
    return f"{param.help} [default: {default}]" if is_stated else param.help or ""

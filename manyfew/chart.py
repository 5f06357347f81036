"""The figure of a frontier, for notebooks and files. It is drawn without any network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.errors import InputError


class Chart:
    """A notebook shows it as it is; `save` writes it as .png, .svg or .json (Vega-Lite)."""

    def __init__(self, document: dict[str, Any]) -> None:
        """`document`: a frontier's. Raises InputError if manyfew[charts] is not installed."""
        from orchestrator.report.charts.render import figure_of, need_charts

        need_charts("chart")
        self.spec: dict[str, Any] = figure_of(document)
        """Vega-Lite."""

    def svg(self) -> str:
        from orchestrator.report.charts import render

        return render.svg(self.spec, "")

    def png(self) -> bytes:
        from orchestrator.report.charts import render

        return render.png(self.spec, "")

    def save(self, file: str | Path) -> Path:
        """Writes it, overwriting an earlier one, and returns the path. Raises InputError."""
        import json

        from orchestrator.ledger.file.whole_file import replace

        path = Path(file)
        made = {
            ".png": self.png,
            ".svg": lambda: self.svg().encode(),
            ".json": lambda: json.dumps(self.spec).encode(),
        }
        if path.suffix not in made:
            raise InputError(str(path), "is neither .png nor .svg nor .json", "name it so")
        try:
            replace(path, made[path.suffix]())
        except OSError as error:
            raise InputError(
                str(path), f"can't be written: {error.strerror}", "name another place"
            ) from error
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

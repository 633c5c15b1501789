"""A group of commands as bot.py has it, called as a person or a program calls it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer
from typer.testing import CliRunner

from settings import Audit, Settings


@dataclass(frozen=True, slots=True)
class Answer:
    out: str
    err: str


class CommandLine:
    """The parent command with one group of commands, on an audit log in ``folder``."""

    def __init__(self, commands: typer.Typer, name: str, folder: Path) -> None:
        self.place, self._name = Audit(folder=str(folder)), name
        self._app = typer.Typer()
        self._app.callback()(self._main)
        self._app.add_typer(commands, name=name)

    def _main(self, ctx: typer.Context) -> None:
        ctx.obj = Settings(audit=self.place)

    def __call__(self, *arguments: str, exit_code: int = 0, terminal: int = 0) -> Answer:
        """What the command says, on a pipe or in a terminal of so many columns."""
        width = {"COLUMNS": str(terminal or 200)}
        colours = {"FORCE_COLOR": "1", "TERM": "xterm-256color"} if terminal else {}
        result = CliRunner().invoke(self._app, [self._name, *arguments], env=width | colours)
        assert result.exit_code == exit_code, result.output
        return Answer(result.stdout, result.stderr)

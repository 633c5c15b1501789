"""A contender's process as the run sees it: asked for figures."""

from __future__ import annotations

from collections.abc import Mapping

from cli.bench.contender import Contender
from cli.bench.serving import Values
from cli.child.process import ChildProcess


class Child(ChildProcess):
    """A started contender. It has read a first mood and waits for what it is asked.

    Attributes:
        measures: What it can be asked.
        facts, arguments: See ``serving.Opened``.

    Raises:
        ChildFailed: It could not be opened; it has ended.
    """

    def __init__(self, contender: Contender) -> None:
        super().__init__(contender.command)
        self.measures = frozenset(self.opened["measures"])
        self.facts: Mapping[str, str] = self.opened["facts"]
        self.arguments: tuple[str, ...] = tuple(self.opened["arguments"])

    def ask(self, measure: str, size: int) -> Values:
        """Figures of one measure.

        Raises:
            ChildFailed: It says that it failed, or it has ended.
        """
        values: Values = self.exchange({"measure": measure, "size": size})["values"]
        return values

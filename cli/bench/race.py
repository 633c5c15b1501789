"""Contenders asked in turns: figure by figure, round by round, in an order that alternates.

What slows the machine for a second (another program, its temperature) so slows all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cli.bench.child import Child
from cli.bench.contender import Contender
from cli.child.process import ChildFailed
from engine.progress import Progress

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing to measure; what ``size`` counts is the measure's to say."""

    measure: str
    size: int = 0


@dataclass(slots=True)
class Outcome:
    """What a race found of one contender: values by round, and what went wrong by measure."""

    rounds: dict[tuple[Ask, str], list[float | None]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def note(self, ask: Ask, figure: str, number: int, value: float) -> None:
        values = self.rounds.setdefault((ask, figure), [])
        values += [None] * (number - len(values))  # rounds that gave nothing keep their place
        values.append(value)

    @property
    def by_figure(self) -> dict[str, list[float | None]]:
        """Where every figure comes from one ask only."""
        return {figure: values for (_, figure), values in self.rounds.items()}


#: The figure that comes of starting.
READY = Ask("ready")


def settle(contender: Contender) -> Contender:
    """The contender after a first start that is not measured: weights fetched, caches filled."""
    if contender.missing or not contender.settles:
        return contender
    try:
        with Child(contender.given("--settle")) as child:
            return replace(contender.given(*child.arguments), facts=child.facts)
    except ChildFailed as error:
        return replace(contender, missing=str(error))


def race(
    contenders: Sequence[Contender],
    plan: Sequence[Ask],
    *,
    rounds: int,
    starts: int,
    what: str,
    progress: Progress,
) -> dict[str, Outcome]:
    """Ask every contender for all of the plan that it can do, ``rounds`` times.

    Args:
        starts: How often each is started; it stays from the last of them.
        what: Shown to the person who waits.
    """
    outcomes = {contender.name: Outcome() for contender in contenders}
    with ExitStack() as stack:
        children = _start(contenders, starts, outcomes, stack, what, progress)
        asks = [ask for ask in plan if any(_does(child, ask) for child in children.values())]
        total = rounds * sum(_does(child, a) for child in children.values() for a in asks)
        with progress.task(what, total, "figures") as advance:
            for ask in asks:
                for number in range(rounds):
                    for name in alternated(children, number):
                        if _does(children[name], ask):
                            _note(outcomes[name], children[name], ask, number)
                            advance(1)
                    children = {n: child for n, child in children.items() if child.is_alive}
    return outcomes


def alternated(items: Iterable[T], number: int) -> list[T]:
    """There in even rounds, back in odd ones: nobody always comes after the same neighbour."""
    there = list(items)
    return there if number % 2 == 0 else there[::-1]


def _does(child: Child, ask: Ask) -> bool:
    return ask.measure in child.measures


def _note(outcome: Outcome, child: Child, ask: Ask, number: int) -> None:
    try:
        for figure, value in child.ask(ask.measure, ask.size).items():
            outcome.note(ask, figure, number, value)
    except ChildFailed as error:
        outcome.errors[ask.measure] = str(error)


def _start(
    contenders: Sequence[Contender],
    starts: int,
    outcomes: Mapping[str, Outcome],
    stack: ExitStack,
    what: str,
    progress: Progress,
) -> dict[str, Child]:
    """The children of the last start, in the order of the contenders."""
    there = [contender for contender in contenders if not contender.missing]
    children: dict[str, Child] = {}
    with progress.task(f"{what}: starting", starts * len(there), "contenders") as advance:
        for number, contender in _starts(there, starts):
            outcome = outcomes[contender.name]
            try:
                child = Child(contender)
            except ChildFailed as error:
                outcome.errors["start"] = str(error)
                continue
            finally:
                advance(1)
            outcome.note(READY, "ready_s", number, child.ready_s)
            if number == starts - 1:
                children[contender.name] = stack.enter_context(child)
            else:
                child.close()
    return {c.name: children[c.name] for c in there if c.name in children}


def _starts(there: Sequence[Contender], starts: int) -> Iterator[tuple[int, Contender]]:
    for number in range(starts):
        for contender in alternated(there, number):
            yield number, contender

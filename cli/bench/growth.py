"""How figures grow with history, with what is asked at once, with chats that wait, with threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import psutil

from cli.bench import texts
from cli.bench.contender import Contender
from cli.bench.figures import Figure
from cli.bench.race import READY, Ask, Outcome, race
from engine.progress import Progress

#: One size and the medians there: ``{"turns": 10, "ttft_ms": 310.0, …}``.
Row = Mapping[str, float]
#: By contender, then by measure: rows of growing size.
Growth = Mapping[str, Mapping[str, Sequence[Row]]]

#: By measure: what its size is called, and the sizes.
SIZES: Mapping[str, tuple[str, Sequence[int]]] = {
    "history": ("turns", (0, 10, 25, 50, 100)),
    "moods": ("at_once", (1, 2, 4, 8, 16, 32)),
    "together": ("at_once", (1, 2, 4, 8)),
    "waiting": ("chats", (1, 8, 40, 200)),
}
BY_THREADS = (Ask("mood"), Ask("decode"))


def grow(contenders: Sequence[Contender], *, progress: Progress) -> Growth:
    """Each size of each measure, once, for the contenders that can do it."""
    plan = [Ask(measure, size) for measure, (_, sizes) in SIZES.items() for size in sizes]
    longer = [contender.given("--long") for contender in contenders]
    outcomes = race(longer, plan, rounds=1, starts=1, what="Growth", progress=progress)
    grown: dict[str, dict[str, Sequence[Row]]] = {c.name: {} for c in contenders}
    for name, outcome in outcomes.items():
        for measure, (unit, sizes) in SIZES.items():
            if rows := _rows(outcome, unit, [Ask(measure, size) for size in sizes]):
                grown[name][measure] = rows
    by_threads: dict[str, list[Row]] = {c.name: [] for c in contenders}
    for threads in _threads(psutil.cpu_count(logical=False) or 1):
        given = [contender.given("--threads", str(threads)) for contender in contenders]
        what = f"With {threads} thread{'s' if threads > 1 else ''}"
        outcomes = race(given, BY_THREADS, rounds=1, starts=1, what=what, progress=progress)
        for name, outcome in outcomes.items():
            row = {"threads": float(threads)}
            for ask in BY_THREADS:
                row |= _medians(outcome, ask)
            by_threads[name].append(row)
    return {name: {**grown[name], "threads": by_threads[name]} for name in grown}


def _threads(num_cores: int) -> list[int]:
    """1, 2, 4 … as many as there are cores."""
    return [1 << n for n in range(num_cores.bit_length())]


def _rows(outcome: Outcome, unit: str, asks: Iterable[Ask]) -> list[Row]:
    rows: list[Row] = []
    for ask in asks:
        if medians := _medians(outcome, ask):
            tokens = {"tokens": ask.size * texts.TURN_TOKENS} if unit == "turns" else {}
            rows.append({unit: ask.size, **tokens, **medians})
    return rows


def _medians(outcome: Outcome, ask: Ask) -> dict[str, float]:
    return {
        figure: round(found.median, 2)
        for (asked, figure), values in outcome.rounds.items()
        if asked == ask != READY and (found := Figure.of(values))
    }

"""A run's results in the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.bench.figures import Figure
from cli.bench.results import Results

#: Figure of a contender → head of its column.
COLUMNS = {
    "ready_s": "ready s",
    "mood_ms": "mood ms",
    "busy_mood_ms": "mood ms, 4 writing",
    "moods_s": "moods /s",
    "ttft_ms": "1st token ms",
    "next_ttft_ms": "next 1st token ms",
    "decode_tokens_s": "tokens /s",
    "together_tokens_s": "8 at once tokens /s",
    "rss_mb": "resident MB",
    "peak_mb": "peak MB",
}


#: A table and the line above it; rich breaks a title of its own at the table's width.
Titled = tuple[str, Table]


def show(results: Results, console: Console) -> None:
    """Figures by contender, what they come to, how they grow, and what is missing."""
    shown = (contenders(results), headlines(results), *growth(results), *whole_path(results))
    for title, table in shown:
        console.print(Text(title), soft_wrap=True)
        console.print(table)
    for name, errors in results.errors.items():
        for error in errors:
            console.print(Text(f"{name}: {error}", "yellow"), soft_wrap=True)


def contenders(results: Results) -> Titled:
    machine = results.machine
    table = _table("", *COLUMNS.values(), "as bf16")
    for name in results.measured:
        head = Text(name, "bold" if name == results.precision else "")
        agreed = f"{results.agreement[name]:.1%}" if name in results.agreement else "–"
        cells = (_cell(results.figure(name, figure)) for figure in COLUMNS)
        table.add_row(head, *cells, agreed)
    title = f"{results.model} on {machine['cores']} cores of {machine['processor']}"
    return f"{title}; median, below it lowest–highest", table


def headlines(results: Results) -> Titled:
    table = _table("", "median", "lowest", "highest")
    for name, figure in results.headlines.items():
        values = (figure.median, figure.lowest, figure.highest) if figure else ()
        table.add_row(Text(name), *(_number(value) for value in values))
    return f"{results.precision}, as the settings have it; of ratios, above 1 is better", table


def growth(results: Results) -> Iterator[Titled]:
    for name, measures in results.growth.items():
        for measure, rows in measures.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            if columns:
                table = _table(*columns)
                for row in rows:
                    table.add_row(*(_number(row[c]) if c in row else "–" for c in columns))
                yield f"{name}: {measure}", table


def whole_path(results: Results) -> Iterator[Titled]:
    found = results.whole_path
    if not found:
        return
    table = _table("whole program", "p50 ms", "p95 ms")
    for name, taken in found.items():
        if isinstance(taken, dict):
            stage = name.removesuffix("_ms").replace("_", " ")
            table.add_row(stage, f"{taken['p50']:.0f}", f"{taken['p95']:.0f}")
    yield f"{found['messages']} messages, first answer after {found['first_answer_s']} s", table


def _table(first: str, *others: str) -> Table:
    table = Table()
    table.add_column(first)
    for other in others:
        table.add_column(other, justify="right")
    return table


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    return f"{_number(figure.median)}\n{_number(figure.lowest)}–{_number(figure.highest)}"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

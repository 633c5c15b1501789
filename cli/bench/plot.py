"""The figure of the README, drawn by matplotlib, which is not needed for anything else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.bench.contender import install, is_there
from cli.bench.results import Results

OURS, OTHERS = "#2b6cb0", "#a0aec0"


def lacks(path: Path) -> str:
    """Why no figure can be drawn there, and the way out; empty where it can."""
    if not is_there("matplotlib"):
        return f"--plot needs matplotlib; {install('matplotlib')}"
    if path.suffix.lower() != ".png":
        return f"--plot {path}: only .png can be drawn"
    if not path.resolve().parent.is_dir():
        return f"--plot {path}: there is no folder {path.parent}"
    return ""


def draw(results: Results, path: Path) -> None:
    """Write the figure: bars by contender and, but for quick runs, curves of how figures grow."""
    import matplotlib  # noqa: PLC0415 - optional, and slow to import

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415

    num_rows = 2 if results.growth else 1
    size = (10, 3.5 * num_rows)
    figure, panels = pyplot.subplots(num_rows, 2, figsize=size, layout="constrained", squeeze=False)
    figure.suptitle(f"{results.model}, {results.machine['cores']} cores")
    _bars(panels[0, 0], results, "mood_ms", "mood of a message, ms (less is better)")
    _bars(panels[0, 1], results, "decode_tokens_s", "one reply, tokens/s (more is better)")
    if results.growth:
        _batch(panels[1, 0], results)
        _history(panels[1, 1], results)
    figure.savefig(path, dpi=144)
    pyplot.close(figure)


def _bars(axes: Any, results: Results, name: str, title: str) -> None:
    found = [(c, figure) for c in results.measured if (figure := results.figure(c, name))]
    below = [figure.median - figure.lowest for _, figure in found]
    above = [figure.highest - figure.median for _, figure in found]
    bars = axes.bar(
        [contender for contender, _ in found],
        [figure.median for _, figure in found],
        yerr=[below, above],
        capsize=3,
        color=[OURS if c == results.precision else OTHERS for c, _ in found],
    )
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.margins(y=0.15)
    _dress(axes, title)


def _batch(axes: Any, results: Results) -> None:
    title = f"{results.precision}: asked at once"
    grown = results.growth.get(results.precision, {})
    lines = (("moods", "moods_s", "moods/s"), ("together", "together_tokens_s", "tokens/s"))
    for measure, name, label in lines:
        _line(axes, grown.get(measure, ()), "at_once", name, label)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("messages, replies")
    _finish(axes, title)


def _history(axes: Any, results: Results) -> None:
    for contender, measures in results.growth.items():
        rows = measures.get("history", ())
        _line(axes, rows, "tokens", "ttft_ms", f"{contender}: first token, ms")
        _line(axes, rows, "tokens", "next_ttft_ms", f"{contender}: of the next message, ms")
        _line(axes, rows, "tokens", "then_mood_ms", f"{contender}: mood, ms")
    axes.set_yscale("log")
    axes.set_xlabel("tokens of history")
    _finish(axes, "a chat that grows")


def _line(axes: Any, rows: Sequence[Any], x: str, y: str, label: str) -> None:
    points = [(row[x], row[y]) for row in rows if y in row]
    if points:
        axes.plot(*zip(*points, strict=True), marker="o", label=label)


def _finish(axes: Any, title: str) -> None:
    if axes.lines:
        axes.legend(fontsize="x-small")
    _dress(axes, title)


def _dress(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize="medium")
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_yscale() == "linear":
        axes.set_ylim(bottom=0)

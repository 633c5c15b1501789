"""A person in front of two answers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.audit_view import visible
from cli.compare.pairs import Mark, Marked, Pair

STOP = "q"
KEYS = "A or B: the better one   =: both fine   0: neither   q: stop"
SILENCE = "(no answer)"
#: A terminal narrower than this shows the answers one below the other.
SIDE_BY_SIDE = 60


def judged(pairs: Sequence[Pair], console: Console, ask: Callable[[str], str]) -> Iterator[Marked]:
    """Each pair with its mark as soon as it is given, until q, Ctrl-C or end of input.

    Args:
        ask: Shows a prompt and returns what was typed.
    """
    console.print(Text(KEYS, "dim"))
    for number, pair in enumerate(pairs, 1):
        console.print()
        console.print(Text(f"{number} of {len(pairs)}", "dim"))
        console.print(_shown(pair.text, "bold"))
        console.print(_answers(pair, is_wide=console.width >= SIDE_BY_SIDE))
        try:
            mark = _asked(console, ask)
        except (EOFError, KeyboardInterrupt):
            console.print()
            return
        if mark is None:
            return
        yield Marked.of(pair, mark)


def listed(pairs: Sequence[Pair], console: Console) -> None:
    """The pairs as lines for a file or another program; what is A and what is B stays untold."""
    for number, pair in enumerate(pairs, 1):
        head = Text(f"{number} of {len(pairs)}")
        for line in (head, *map(_labelled, ("   ", "A: ", "B: "), (pair.text, pair.a, pair.b))):
            console.print(line, soft_wrap=True)
        console.print()


def _labelled(label: str, text: str) -> Text:
    rest = "\n" + " " * len(label)
    return Text(label + _shown(text).plain.replace("\n", rest))


def _answers(pair: Pair, *, is_wide: bool) -> Table:
    table = Table(show_lines=True, expand=True, show_header=is_wide)
    labels, texts = "AB", (_shown(pair.a), _shown(pair.b))
    # Folded: by default a line of Chinese, which has no spaces, is one word and cut short.
    if is_wide:
        for label in labels:
            table.add_column(label, ratio=1, overflow="fold")
        table.add_row(*texts)
        return table
    table.add_column(width=1)
    table.add_column(ratio=1, overflow="fold")
    for row in zip(labels, texts, strict=True):
        table.add_row(*row)
    return table


def _asked(console: Console, ask: Callable[[str], str]) -> Mark | None:
    """None: stop. Asks again for anything that is no mark."""
    while True:
        # An input method for Chinese types Ａ, ＝ and ０, too.
        typed = unicodedata.normalize("NFKC", ask("Better? ")).strip().upper()
        if typed == STOP.upper():
            return None
        if typed in list(Mark):
            return Mark(typed)
        console.print(Text(KEYS, "yellow"))


def _shown(text: str, style: str = "") -> Text:
    """Never markup, and nothing in it steers the terminal; its lines stay lines."""
    return Text("\n".join(map(visible, text.split("\n"))) or SILENCE, style)

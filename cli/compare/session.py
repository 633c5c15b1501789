"""One sitting of ``compare``: answer what is missing, show, ask, tally."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.compare import answers, pairs
from cli.compare.answers import Answerers
from cli.compare.judge import judged, listed
from cli.compare.pairs import Marked, Pair, latest, unmarked
from cli.compare.tally import Tally


class Session:
    """A file of messages, its answers and its marks.

    Args:
        file: Where the messages are from; the answers are kept beside it.
        ask: Shows a prompt and returns what was typed; None where nobody can be asked.
    """

    def __init__(
        self, file: Path, marks: Path | None, console: Console, ask: Callable[[str], str] | None
    ) -> None:
        self._file, self._console, self._ask = file, console, ask
        self._answers = answers.journal(beside(file, "answers"))
        self._marks = pairs.journal(marks or beside(file, "marks"))

    def run(self, texts: Sequence[str], ways: Answerers, seed: int) -> None:
        """Raises JournalRefused: Answers or marks cannot be read or written."""
        self._marks.read()  # a fault in it is told now, not after the model's hours
        replies = answers.collect(ways, texts, self._answers)
        shuffled = [
            Pair.shuffled(text, {way: replies[way][text] for way in replies}, seed)
            for text in texts
        ]
        if self._ask is None:
            listed(shuffled, self._console)
            self._say("To mark them, run this command in a terminal: it asks for each pair.")
            return
        for marked in judged(unmarked(shuffled, self._marks.read()), self._console, self._ask):
            self._marks.add(marked)
        marks = latest(self._marks.read())
        left = unmarked(shuffled, marks)
        told(self._about(marks, shuffled), self._console)
        if left:
            self._say(f"{len(left)} of {len(texts)} are left; the same command goes on with them.")
        self._say(f"Marks: {self._marks.path}")

    def _about(self, marks: Sequence[Marked], shuffled: Sequence[Pair]) -> list[Marked]:
        """The marks of what this file holds; those of other messages or answers are kept only."""
        return [marked for marked in marks if any(marked.judges(pair) for pair in shuffled)]

    def _say(self, words: str) -> None:
        self._console.print(Text(words, "dim"), soft_wrap=True)


def told(marks: Sequence[Marked], console: Console) -> None:
    """The tally of marks."""
    console.print()
    for line in Tally.of(marks).lines():
        console.print(Text(line), soft_wrap=not console.is_terminal)


def beside(file: Path, what: str) -> Path:
    return file.with_name(f"{file.name}.{what}.jsonl")

from __future__ import annotations

import io
import re

import pytest

from cli.progress import TerminalProgress


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain(output: str) -> str:
    """What is seen of terminal output, without the codes that colour and move."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines(pipe: io.StringIO) -> list[str]:
    return pipe.getvalue().splitlines()


def test_pipe(clock: Clock) -> None:
    """On a pipe: a line at the start, one every five seconds at most, one at the end."""
    pipe = io.StringIO()

    with TerminalProgress(pipe, clock).task("Fetching a", 100_000_000, "B") as advance:
        for _ in range(100):
            clock.seconds += 0.12
            advance(1_000_000)

    assert lines(pipe) == [
        "Fetching a (100.0 MB) …",
        "Fetching a: 42.0 MB, 42%, 8.3 MB/s, 7 s left",
        "Fetching a: 84.0 MB, 84%, 8.3 MB/s, 2 s left",
        "Fetching a: done after 12.0 s",
    ]


def test_pipe_counts_things(clock: Clock) -> None:
    """Other things than bytes are counted by their name."""
    pipe = io.StringIO()

    with TerminalProgress(pipe, clock).task("Reading", 30, "messages") as advance:
        clock.seconds = 6
        advance(10)

    assert lines(pipe)[:2] == [
        "Reading (30 messages) …",
        "Reading: 10 messages, 33%, 12 s left",
    ]


def test_pipe_without_total(clock: Clock) -> None:
    """A wait of unknown length still shows that it is alive, by its seconds."""
    pipe = io.StringIO()

    with TerminalProgress(pipe, clock).task("Waiting", None) as advance:
        for _ in range(30):
            clock.seconds += 0.25
            advance(0)

    assert lines(pipe) == ["Waiting …", "Waiting: 5 s", "Waiting: done after 7.5 s"]


def test_nothing_done_yet(clock: Clock) -> None:
    """A step of nothing at no time at all is no division by zero."""
    pipe = io.StringIO()

    with TerminalProgress(pipe, clock).task("Fetching", 0, "B") as advance:
        advance(0)
        clock.seconds = 5
        advance(0)

    assert lines(pipe)[1] == "Fetching: 5 s"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_pipe_says_that_it_stopped(clock: Clock, error: type[BaseException]) -> None:
    """An error or Ctrl-C is not reported as done."""
    pipe = io.StringIO()

    with pytest.raises(error), TerminalProgress(pipe, clock).task("Fetching", None):
        raise error

    assert lines(pipe)[-1] == "Fetching: stopped after 0.0 s"


@pytest.mark.parametrize(
    ("total", "unit", "shows"),
    [
        (2_000_000, "B", r"Fetching a.*2.0/2.0 MB.*0:00:00"),
        (5, "messages", r"Fetching a.*5/5 messages"),
        (None, "", r"Fetching a.*0:00:0"),
    ],
)
def test_terminal(total: int | None, unit: str, shows: str) -> None:
    """In a terminal: a bar that ends full."""
    terminal = Terminal()

    with TerminalProgress(terminal).task("Fetching a", total, unit) as advance:
        advance((total or 1) // 2)

    assert re.search(shows, plain(terminal.getvalue()))


def test_stdout_stays_empty(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever happens, it happens on stderr."""
    with TerminalProgress().task("Fetching", 3, "B") as advance:
        advance(3)

    assert capsys.readouterr().out == ""

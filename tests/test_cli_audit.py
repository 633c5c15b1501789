"""audit list, show and export, as a person and a program see them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
import unicodedata
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.audit import app
from cli.audit_view import GATES, OUTCOMES, SOURCES, visible
from engine.mood import Mood, Reading
from handlers.audit.log import AuditLog
from handlers.audit.reader import Record
from handlers.audit.schema import Run, exchanges
from handlers.exchange import (
    Action,
    Exchange,
    Gate,
    Kind,
    Message,
    Outcome,
    Reply,
    Source,
    Verdict,
)
from tests.command_line import Answer, CommandLine

RUN = Run("bundled-small", "1d9614638d18", "bf16", "prompts-1", "0123456789ab", "0.1.0")
NOW = 1_777_000_000.0
HOSTILE = "a\x1b[31mred\x1b[0m\rb\x07\x9b2J\u202eevil\u2066\u200bz\u2028w\x85v\nnext"


class Bot(CommandLine):
    """``audit`` of a bot whose audit log is in ``folder``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(app, "audit", folder)

    def keep(self, *exchanges: Exchange, now: float = NOW) -> None:
        async def main() -> None:
            async with await AuditLog.open(self.place, RUN, clock=lambda: now) as log:
                await asyncio.gather(*(log.record(exchange) for exchange in exchanges))

        asyncio.run(main())

    def keep_texts(self, texts: list[str]) -> None:
        """A row for each text: copies of one, so that they cost one commit."""
        self.keep(received(0, texts[0]))
        with closing(sqlite3.connect(self.place.path / "audit.db")) as connection, connection:
            names = [column.name for column in exchanges.columns]
            (row,) = connection.execute("SELECT * FROM exchanges").fetchall()
            first = dict(zip(names, row, strict=True))
            connection.executemany(
                f"INSERT INTO exchanges VALUES ({', '.join(f':{name}' for name in names)})",  # noqa: S608
                [
                    first | {"id": f"copy-{n}", "message_id": f"copy-{n}", "seq": n, "raw": text}
                    for n, text in enumerate(texts[1:], 2)
                ],
            )


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(tmp_path / "audit")


def received(number: int, text: str, *, room: str | None = None) -> Exchange:
    message = Message(
        id=f"message-{number}",
        chat_id="1@chatroom" if room is not None else "wxid_ming",
        talker_id="wxid_ming",
        talker_name="小明",
        text=text,
        raw=text,
        kind=Kind.TEXT,
        sent_at=NOW - 2,
        room_name=room,
    )
    return Exchange(message, id=f"{number:08x}cafe", cleaned=text)


def moody(exchange: Exchange) -> Exchange:
    scores = dict.fromkeys(Mood, 0.02) | {Mood.ANGRY: 0.9}
    reading = Reading.from_scores(scores, unsure_below=0.5, offence=0.25)
    return replace(exchange, reading=replace(reading, ms=93.4)).timed("mood", 93.4)


def answered() -> Exchange:
    """In a room, angry, noted, answered at the second attempt."""
    exchange = moody(received(1, "气死我了", room="家庭群"))
    verdict = Verdict(Action.NOTE, "anger", "angry 0.90, polarity -0.92")
    reply = Reply("先消消气。", Source.CANNED, "angry", num_tokens=5, attempts=2)
    exchange = replace(exchange, verdict=verdict).answered(reply).timed("reply", 800.2)
    return replace(exchange, outcome=Outcome.SENT)


def silent() -> Exchange:
    return received(2, "吃了吗", room="家庭群").stopped(Gate.NOT_ADDRESSED, "no mention")


def steering(text: str) -> list[str]:
    """The characters of ``text`` that a terminal would act on, line ends aside."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return [c for c in text if unicodedata.category(c) in hidden and c not in "\n\t\u200c\u200d"]


# list


def test_list_on_a_pipe_is_one_line_a_row(bot: Bot) -> None:
    """Piped, a row is a line of nine fields between tabs, the newest last, nothing cut."""
    bot.keep(answered(), silent(), received(3, "长" * 300))

    rows = [line.split("\t") for line in bot("list").out.splitlines()]

    local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW))
    who = ["小明", "气死我了", "angry 0.90", "先消消气。", "sent", "894"]
    assert rows[0] == [local, "00000001", "家庭群", *who]
    assert rows[1][4:] == ["吃了吗", "", "[not-addressed]", "silent", "0"]
    assert rows[2][2:5] == ["—", "小明", "长" * 300]


def test_list_in_a_terminal_is_a_table(bot: Bot) -> None:
    """In a terminal the rows stand under headings, in colour, each on one line cut to fit."""
    bot.keep(answered(), silent(), received(3, "长" * 300))

    lines = bot("list", terminal=120).out.splitlines()

    assert len(lines) == 4
    for heading in ("time", "id", "chat", "who", "text", "mood", "gate or reply", "outcome", "ms"):
        assert heading in lines[0]
    assert "\x1b[1;31mangry 0.90\x1b[0m" in lines[1]
    assert "…" in lines[3]


def test_markup_in_a_message_is_text(bot: Bot) -> None:
    """What looks like our table's markup is shown as it was written."""
    bot.keep(received(1, "[bold]x[/bold] :smile: [/]", room="[red]room"))

    shown = bot("list", terminal=200).out + bot("show", "message-1").out

    assert shown.count("[bold]x[/bold] :smile: [/]") == 2
    assert shown.count("[red]room") == 2


@pytest.mark.parametrize("terminal", [0, 900])
def test_nothing_in_a_message_steers_the_terminal(bot: Bot, terminal: int) -> None:
    """ESC, CR, C1, bidi, zero-width and line separators are shown escaped, in every field."""
    hostile = moody(received(1, HOSTILE, room=HOSTILE))
    message = replace(hostile.message, talker_name=HOSTILE, talker_id=HOSTILE, chat_id=HOSTILE)
    hostile = replace(
        hostile,
        message=message,
        quoted=HOSTILE,
        verdict=Verdict(Action.NOTE, HOSTILE, HOSTILE),
        gate=Gate.ERROR,
        detail=HOSTILE,
        reply=Reply(HOSTILE, Source.MODEL, HOSTILE),
    ).timed(HOSTILE, 1)
    bot.keep(hostile)

    listed, shown = (
        bot("list", terminal=terminal).out,
        bot("show", "message-1", terminal=terminal).out,
    )

    own_colours = {"\x1b"} if terminal else set()
    assert set(steering(listed + shown)) <= own_colours
    assert "\x1b[31m" not in listed + shown
    assert "a\\x1b[31mred" in listed
    assert "\\u202eevil" in shown
    assert len(listed.splitlines()) == (2 if terminal else 1)


@given(st.text(st.characters(exclude_categories=())))
def test_visible_text_is_one_harmless_line(text: str) -> None:
    """Made visible, any text is one line without a character that a terminal acts on."""
    shown = visible(text)

    assert steering(shown) == []
    assert "\n" not in shown
    assert "\t" not in shown


@pytest.mark.parametrize("text", ["你好，世界！", "👨‍👩‍👧 家", "a\\b", "　全角", "¯\\_(ツ)_/¯", ""])
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    """Chinese, joined emoji, backslashes and wide spaces stay."""
    assert visible(text) == text


def test_filters_reach_the_log(bot: Bot) -> None:
    """Each option narrows the list to what it names."""
    bot.keep(answered(), silent())
    bot.keep(received(3, "最近"), now=time.time() - 600)

    listed = {
        " ".join(options): [
            line.split("\t")[1][-1] for line in bot("list", *options).out.splitlines()
        ]
        for options in (
            ("--chat", "1@chatroom"),
            ("--talker", "wxid_ming"),
            ("--since", "2h"),
            ("--since", "2026-01-01"),
            ("--since", "5m"),
            ("--gate", "not-addressed"),
            ("--mood", "angry"),
            ("--outcome", "received"),
            ("--limit", "1"),
        )
    }

    assert listed == {
        "--chat 1@chatroom": ["1", "2"],
        "--talker wxid_ming": ["1", "2", "3"],
        "--since 2h": ["3"],
        "--since 2026-01-01": ["1", "2", "3"],
        "--since 5m": [],
        "--gate not-addressed": ["2"],
        "--mood angry": ["1"],
        "--outcome received": ["3"],
        "--limit 1": ["3"],
    }


def test_an_empty_list_is_said(bot: Bot) -> None:
    """Nothing found is no error: nothing on standard output, a line on the other."""
    bot.keep(answered())

    answer = bot("list", "--gate", "stale")

    assert answer == Answer("", "no exchange in the audit log matches\n")


# show


def test_show_tells_what_came_and_what_was_answered(bot: Bot) -> None:
    """An answered message: what came, was read, decided, sent, how long it took, by what model."""
    bot.keep(answered())

    shown = bot("show", "00000001").out

    for words in (
        "家庭群 (1@chatroom)",
        "小明 (wxid_ming)",
        "│ 气死我了",
        "angry 0.90; negative, polarity -0.92, offence 0.25; read in 93 ms",
        "note by rule anger: angry 0.90, polarity -0.92",
        "answer sent",
        "a prepared line (angry), 5 tokens, attempt 2",
        "│ 先消消气。",
        "mood 93.4, reply 800.2; 893.6 ms in all",
        "bundled-small (1d9614638d18), precision bf16",
        "Yixin 0.1.0, prompts prompts-1, settings 0123456789ab",
    ):
        assert words in shown


def test_show_tells_why_it_was_silent(bot: Bot) -> None:
    """An unanswered message: which gate, in words, and what the gate found."""
    bot.keep(silent())

    shown = bot("show", "message-2").out

    assert "no answer was sent" in shown
    assert "not-addressed, it was not addressed to the bot: no mention" in shown
    assert "reply" not in shown


def test_a_message_cannot_pass_for_the_report(bot: Bot) -> None:
    """Lines of a message stand behind a bar, so that none looks like a line of ours."""
    bot.keep(received(1, "hi\noutcome   answer sent\nwhy       he asked"))

    lines = bot("show", "message-1").out.splitlines()

    assert [line[:10].strip() for line in lines].count("outcome") == 1
    assert "          │ outcome   answer sent" in lines


def test_every_state_has_words() -> None:
    """No gate, outcome or source is left without an explanation."""
    assert set(GATES) == set(Gate)
    assert set(OUTCOMES) == set(Outcome)
    assert set(SOURCES) == set(Source)


# export


def test_exported_lines_parse_whatever_the_texts(bot: Bot) -> None:
    """1,000 texts with CR, LF, ESC, U+2028 are 1,000 lines of ASCII that parse to those texts."""
    pieces = random.Random(13)  # noqa: S311
    bits = ["\r", "\n", "\x1b[2J", "\u2028", "\u2029", "\x85", "\x0b", '"', "\\", "你", "😀", "a"]
    texts = ["".join(pieces.choices(bits, k=12)) for _ in range(1000)]
    bot.keep_texts(texts)

    out = bot("export").out

    assert out.isascii()
    lines = out.splitlines()
    assert len(lines) == 1000
    assert [json.loads(line)["raw"] for line in lines] == texts


def test_exported_objects_have_the_columns(bot: Bot, tmp_path: Path) -> None:
    """JSON objects and the head of the CSV name the columns of the table, in order."""
    bot.keep(answered())

    line = json.loads(bot("export").out)
    head, row = csv.reader(io.StringIO(bot("export", "--format", "csv").out))

    names = [field.name for field in fields(Record)]
    assert list(line) == names
    assert head == names
    assert line["stage_ms"] == {"mood": 93.4, "reply": 800.2}
    assert line["scores"]["angry"] == 0.9
    exported = dict(zip(head, row, strict=True))
    assert json.loads(exported["stage_ms"]) == line["stage_ms"]
    assert float(exported["polarity"]) == line["polarity"] < 0


def test_no_text_is_a_formula(bot: Bot) -> None:
    """In CSV a text that a spreadsheet would run is quoted, and one that steers is escaped."""
    cells = {
        "=1+1": "'=1+1",
        "+1": "'+1",
        "-1": "'-1",
        "@SUM(A1)": "'@SUM(A1)",
        "＝1+1": "'＝1+1",
        " \u3000=1": "' \u3000=1",
        "\t=1": "\\t=1",
        "\r\n=1": "\\r\\n=1",
        'a,"b"\nc': 'a,"b"\\nc',
        "\x1b[2J你好": "\\x1b[2J你好",
        "1-1=0": "1-1=0",
    }
    bot.keep_texts(list(cells))

    rows = csv.DictReader(io.StringIO(bot("export", "--format", "csv").out))

    assert [row["raw"] for row in rows] == list(cells.values())


def test_an_exported_file_is_private_and_opens_in_excel(bot: Bot, tmp_path: Path) -> None:
    """--out writes a file of mode 0600; as CSV behind the mark by which Excel knows UTF-8."""
    bot.keep(answered())
    out = tmp_path / "out.csv"

    answer = bot("export", "--format", "csv", "--out", str(out))

    assert answer == Answer("", f"1 exchanges written to {out}\n")
    assert out.stat().st_mode & 0o777 == 0o600
    assert out.read_bytes().startswith(b"\xef\xbb\xbfid,seq")
    assert "气死我了" in out.read_text(encoding="utf-8")


def test_a_filtered_export(bot: Bot) -> None:
    """Export takes the filters of list."""
    bot.keep(answered(), silent())

    lines = bot("export", "--gate", "not-addressed").out.splitlines()

    assert [json.loads(line)["raw"] for line in lines] == ["吃了吗"]


# Errors


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("export",)])
def test_a_missing_log_is_one_line_and_exit_1(bot: Bot, command: tuple[str, ...]) -> None:
    """Before the first start each command says so in one line, and exits 1."""
    answer = bot(*command, exit_code=1)

    assert answer.out == ""
    assert answer.err.startswith("audit: ")
    assert "audit.db: no audit log here yet" in answer.err
    assert answer.err.count("\n") == 1


def test_an_unknown_id_is_exit_1(bot: Bot) -> None:
    """An id that names nothing is said, with the way to find one, and exits 1."""
    bot.keep(answered())

    answer = bot("show", "nope", exit_code=1)

    assert answer.err == "audit: 'nope' names no exchange; 'audit list' shows their ids\n"


def test_a_file_that_cannot_be_written_is_exit_1(bot: Bot, tmp_path: Path) -> None:
    """--out into a folder that is not there names it and exits 1."""
    bot.keep(answered())
    out = tmp_path / "no" / "out.jsonl"

    answer = bot("export", "--out", str(out), exit_code=1)

    assert answer.err == f"audit: {out}: No such file or directory\n"


def test_an_unreadable_log_costs_no_existing_file(bot: Bot, tmp_path: Path) -> None:
    """An export that fails before its first row leaves the file of an earlier one."""
    out = tmp_path / "out.jsonl"
    out.write_text("earlier")

    bot("export", "--out", str(out), exit_code=1)

    assert out.read_text() == "earlier"


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--since", "yesterday"),
        ("list", "--gate", "nope"),
        ("list", "--mood", "bored"),
        ("list", "--limit", "0"),
        ("export", "--format", "xml"),
        ("show",),
        ("nonsense",),
    ],
)
def test_wrong_usage_is_exit_2(bot: Bot, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is refused with exit code 2, before the log is looked at."""
    answer = bot(*arguments, exit_code=2)

    assert answer.out == ""
    assert "Usage" in answer.err


def test_an_impossible_moment_is_explained(bot: Bot) -> None:
    """A --since that is neither age nor date says what is allowed."""
    answer = bot("list", "--since", "yesterday", exit_code=2)

    assert "neither an age such as 30m, 2h or 3d nor a date such as 2026-05-01" in answer.err


PROGRAM = """
import os, typer
from cli.audit import app
from settings import Audit, Settings
parent = typer.Typer()
@parent.callback()
def main(ctx: typer.Context) -> None:
    ctx.obj = Settings(audit=Audit(folder=os.environ["FOLDER"]))
parent.add_typer(app, name="audit")
parent()
"""


def test_a_reader_that_had_enough_is_no_traceback(bot: Bot) -> None:
    """Where the reader goes away, as in ``audit export | head -1``, the export ends quietly."""
    bot.keep_texts(["长" * 500] * 300)
    command = [sys.executable, "-W", "error", "-c", PROGRAM, "audit", "export"]
    environment = os.environ | {"FOLDER": bot.place.folder}

    with subprocess.Popen(command, stdout=-1, stderr=-1, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()

    assert json.loads(first)["seq"] == 1
    assert errors == b""

"""audit erase and export --person, as a person and a program see them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from cli.audit import app
from handlers.audit.log import AuditLog
from handlers.audit.reader import Query, select
from handlers.audit.schema import Run
from handlers.exchange import Exchange
from tests.command_line import CommandLine
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")


@pytest.fixture
def audit(tmp_path: Path) -> CommandLine:
    """``audit`` of a bot that 小明 wrote twice and 小红 once."""
    line = CommandLine(app, "audit", tmp_path)

    mine = [Exchange(message(text)) for text in ("梧桐一叶", "梧桐二叶")]
    other = message("你好呀", talker_id="hong", talker_name="小红", chat_id="hong")
    asyncio.run(keep(line, *mine, Exchange(other)))
    return line


async def keep(audit: CommandLine, *exchanges: Exchange) -> None:
    async with await AuditLog.open(audit.place, RUN) as log:
        for exchange in exchanges:
            await log.receive(exchange)


def raws(audit: CommandLine) -> list[str]:
    return [record.raw for record in select(audit.place, Query())]


def test_erase_says_what_went(audit: CommandLine) -> None:
    """With --yes it erases without asking and says how much; 'show' says so of the row."""
    said = audit("erase", "小明", "--yes")

    gone = (
        "2 exchanges, their words in 0 messages of others, 0 labels, 0 learnt pairs, "
        "0 rows of evidence and steps, 0 orders, 0 alerts, 0 reminders\n"
    )
    assert (f"erased: {gone}", "") == (said.out, said.err)
    assert ["", "", "你好呀"] == raws(audit)
    first = next(select(audit.place, Query()))
    assert "on request: texts, names, ids and mood" in audit("show", first.id).out


def test_erase_asks(audit: CommandLine) -> None:
    """On a pipe nobody can answer: it says what would go, names --yes and erases nothing."""
    said = audit("erase", "小明", exit_code=2)

    assert "would go: 2 exchanges" in said.err
    assert "--yes" in said.err
    assert ["梧桐一叶", "梧桐二叶", "你好呀"] == raws(audit)


def test_erase_of_nobody(audit: CommandLine) -> None:
    """A name that nobody has: one line, exit 1, and nothing is erased, of others neither."""
    said = audit("erase", "小红", "小刚", "--yes", exit_code=1)

    assert "'小刚' is nobody's id or whole name" in said.err
    assert ["梧桐一叶", "梧桐二叶", "你好呀"] == raws(audit)


def test_export_of_one_person(audit: CommandLine, tmp_path: Path) -> None:
    """A JSON object a line, each beginning with its table, into a file or on standard output."""
    said = audit("export", "--person", "小明")
    told = audit("export", "--person", "ming", "--out", str(tmp_path / "ming.jsonl"))

    lines = [json.loads(line) for line in said.out.splitlines()]
    assert ["梧桐一叶", "梧桐二叶"] == [line["raw"] for line in lines]
    assert {"exchanges"} == {line["table"] for line in lines}
    assert said.out == (tmp_path / "ming.jsonl").read_text()
    assert "2 rows written to" in told.err


@pytest.mark.parametrize("other", [["--format", "csv"], ["--chat", "ming"], ["--since", "2h"]])
def test_one_person_stands_alone(audit: CommandLine, other: list[str]) -> None:
    """--person with what would leave out a part of it is refused."""
    assert "--person" in audit("export", "--person", "ming", *other, exit_code=2).err


def test_people_without_names_are_listed_by_code(audit: CommandLine) -> None:
    """Where no names are stored, 'list' shows codes, and takes them."""
    audit.place = audit.place.model_copy(update={"pseudonyms": True})
    asyncio.run(keep(audit, Exchange(message("三叶"))))

    code = audit("list", "--limit", "1").out.split("\t")[3]

    assert code.startswith("code:")
    assert "三叶" in audit("list", "--talker", code).out

"""One person taken out of the audit log, or handed what it holds about them."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.bank import Pair
from engine.labelled import Task
from engine.mood import Mood
from handlers.audit.erase import NOBODY, counted, erase
from handlers.audit.errors import AuditError, AuditInUse
from handlers.audit.footprint import Erased
from handlers.audit.log import AuditLog, Correction
from handlers.audit.reader import Query, Record, corrected, select
from handlers.audit.schema import Run
from handlers.audit.stored import stored
from handlers.audit.traces import ERASED, LEAST_COPIED, Traces, Words
from handlers.audit.verify import verify
from handlers.audit.voice import listed
from handlers.exchange import Exchange, Outcome, Reply, Source
from handlers.sanitize import sanitize
from settings import AUDIT_KEY, Audit
from tests.fakes import message, reading, room_message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
DASHES = "- " * 15
SECRET = "a secret for the tests of erasing"
SEED = 20


@pytest.fixture(params=["plain", "sealed"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Audit:
    """A log that keeps texts and ids as they are, or sealed and as codes."""
    if request.param == "sealed":
        monkeypatch.setenv(AUDIT_KEY, SECRET)
    return Audit(folder=str(tmp_path / "audit"), pseudonyms=request.param == "sealed")


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for another program."""
    monkeypatch.setattr("handlers.audit.database.BUSY_S", 0.05)


@pytest.fixture
def plain(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


def private(text: str, **fields: object) -> Exchange:
    return handled(Exchange(message(text, **fields)))


def room(text: str, **fields: object) -> Exchange:
    return handled(Exchange(room_message(text, **fields)))


def handled(exchange: Exchange) -> Exchange:
    """Read, and answered with what the bot repeats of it."""
    exchange = replace(sanitize(exchange), reading=reading(Mood.SAD), detail="哭了")
    reply = Reply(f"你说{exchange.cleaned}", Source.MODEL)
    return replace(exchange.answered(reply), outcome=Outcome.SENT)


def hong(text: str, **fields: object) -> Exchange:
    """A message of 小红 in the group of 小明."""
    return room(text, **({"talker_id": "hong", "talker_name": "小红"} | fields))


async def fill(place: Audit, exchanges: Iterable[Exchange]) -> None:
    async with await AuditLog.open(place, RUN, clock=lambda: 5.0) as log:
        await asyncio.gather(*(log.record(one) for one in exchanges))


def records(place: Audit) -> list[Record]:
    return list(select(place, Query()))


def hits(place: Audit, words: Iterable[str]) -> set[str]:
    """Those of the words that stand in any file of the folder."""
    files = b"".join(path.read_bytes() for path in place.path.iterdir())
    return {word for word in words if word.encode() in files}


async def test_what_they_wrote_is_gone(place: Audit) -> None:
    """Their rows and the private chat with them are blank, but for when, why and how it ended."""
    mine = [room("梧桐树下见吧"), private("梧桐的秘密"), private("我答梧桐", talker_id="me")]
    await fill(place, [*mine, hong("我也去")])
    before = records(place)

    assert Erased(exchanges=3, repeats=0) == counted(place, ["ming"])
    assert Erased(exchanges=3, repeats=0) == erase(place, ["ming"], clock=lambda: 9.0)

    after = records(place)
    for old, new in zip(before[:3], after[:3], strict=True):
        group = old.room_name is not None
        assert (new.received_at, new.kind, new.outcome) == (5.0, "text", "sent")
        assert (new.raw, new.text, new.cleaned, new.quoted, new.detail) == ("", "", "", "", "")
        assert (new.talker_id, new.talker_name, new.reply) == (NOBODY, "", "")
        assert (new.mood, new.scores, new.erased_at) == (None, None, 9.0)
        assert new.chat_id == (old.chat_id if group else NOBODY)
        assert new.message_id != old.message_id
    assert before[3] == after[3]
    assert verify(place).finding is None
    words = ("梧桐", "小明", "ming", *(one.message.id for one in mine))
    assert set() == hits(place, words)


QUOTED = "周六去颐和园划船"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"「小明：{QUOTED}」\n{DASHES}\n好呀", f"「{ERASED}」\n{DASHES}\n好呀"),
        (f"「小明：{QUOTED[:4]}…」\n{DASHES}\n好呀", f"「{ERASED}」\n{DASHES}\n好呀"),
        (f"「旧名：{QUOTED}」\n{DASHES}\n好呀", f"「旧名：{ERASED}」\n{DASHES}\n好呀"),
        (f"好呀\n引用 小明 的消息 : {QUOTED}", f"好呀\n{ERASED} : {ERASED}"),
        ("@小明\u2005来吗", f"{ERASED}\u2005来吗"),
        ("小明来吗，我们等你", None),
        (f"{QUOTED}，去的举手，晚饭我请", f"{QUOTED}，去的举手，晚饭我请"),
        ("我先说：周六，去颐和园划船好不好呀", None),
    ],
)
async def test_their_words_go_from_others(plain: Audit, text: str, left: str | None) -> None:
    """Quotations lose them, also cut ones; calls lose the name; what is not theirs stays."""
    await fill(plain, [room(QUOTED), hong(text)])
    before = records(plain)[1]

    gone = erase(plain, ["ming"])

    after = records(plain)[1]
    if left in (None, text):
        assert (Erased(1, 0), before) == (gone, after)
    else:
        assert (Erased(1, 1), left) == (gone, after.text)
        assert (after.talker_name, after.mood, after.erased_at) == ("小红", "sad", None)
        assert QUOTED not in f"{after}"
    assert verify(plain).finding is None


async def test_a_copy_goes_everywhere(place: Audit) -> None:
    """A long text passed on elsewhere, and the bot's answer that repeats it, lose the words."""
    text = "我和小刚上个月离婚了，别告诉我妈妈"
    elsewhere = private(f"听说{text}，真的吗", chat_id="gang", talker_id="gang", talker_name="小刚")
    await fill(place, [room(text), elsewhere])

    assert Erased(1, 1) == erase(place, ["ming"])

    after = records(place)[1]
    assert (f"听说{ERASED}，真的吗", f"你说听说{ERASED}，真的吗") == (after.cleaned, after.reply)
    assert set() == hits(place, [text, text[:LEAST_COPIED]])


async def test_what_the_bot_told_of_them_goes(place: Audit) -> None:
    """A notice to the owner that named them names nobody; without names stored, none is known."""
    told = Reply("群「同学群」里小明 的一条消息我没有把握，没回，你有空看看。", Source.NOTICE)
    notice = Exchange(message("", chat_id="me", talker_id="", talker_name="")).answered(told)
    await fill(place, [room("梧桐一叶"), notice])

    erase(place, ["ming"])

    left = told.text if place.pseudonyms else told.text.replace("小明", ERASED)
    assert left == records(place)[1].reply
    with pytest.raises(AuditError, match="'' is nobody"):
        erase(place, [""])


async def test_labels_and_learnt_answers_go(place: Audit) -> None:
    """Labels of their texts and pairs of their chat are deleted; labels they gave are nobody's."""
    one, other = private("梧桐的秘密"), private("老地方", chat_id="hong", talker_id="hong")
    async with await AuditLog.open(place, RUN) as log:
        for exchange in (one, other):
            await log.record(exchange)
        await log.correct(Correction("梧桐的秘密", "sad", Task.MOOD, "me", one.id))
        await log.correct(Correction("老地方", "happy", Task.MOOD, "ming", other.id))
        await log.learn("m-a", Pair("梧桐的秘密", Mood.SAD, "嗯", "ming"), limit=10)
        await log.learn("m-b", Pair("老地方", Mood.HAPPY, "见", "hong"), limit=10)

    assert Erased(1, 0, labels=2, pairs=1) == erase(place, ["ming"])

    assert ["老地方"] == [label.text for label in corrected(place)]
    assert ["hong"] == [one.pair.chat for one in listed(place)]
    assert set() == hits(place, ["梧桐", "ming", "m-a"])


async def test_an_answer_that_repeats_them_goes(place: Audit) -> None:
    """What the owner told somebody else in their words is not learnt from any more."""
    words = "梧桐树下的秘密谁也不要告诉"
    async with await AuditLog.open(place, RUN) as log:
        await log.record(private(words))
        await log.learn("m-a", Pair("他怎么说的", Mood.NEUTRAL, f"他说{words}", "hong"), limit=10)

    assert Erased(1, 0, pairs=1) == erase(place, ["ming"])

    assert set() == hits(place, [words])


async def test_a_name_must_mean_one(plain: Audit) -> None:
    """A name that several have is refused with their ids, a name of nobody too."""
    await fill(plain, [room("一"), room("二", talker_id="ming2"), hong("三")])

    with pytest.raises(AuditError, match=r"several.*ming \(1 messages\), ming2 \(1 messages\)"):
        erase(plain, ["小明"])
    with pytest.raises(AuditError, match="nobody's id or whole name"):
        erase(plain, ["hong", "小"])
    assert all(record.erased_at is None for record in records(plain))

    assert Erased(exchanges=1) == erase(plain, ["小红"])


async def test_a_name_may_mean_an_id_and_its_code(plain: Audit) -> None:
    """One person before and after pseudonyms is one, by id and by name."""
    coded = plain.model_copy(update={"pseudonyms": True})
    await fill(plain, [room("梧桐一叶")])
    await fill(coded, [room("梧桐二叶")])

    assert Erased(exchanges=2) == counted(plain, ["小明"])
    assert Erased(exchanges=2) == counted(coded, ["ming"])
    assert Erased(exchanges=2) == erase(coded, ["小明"])
    assert set() == hits(plain, ["梧桐", "ming"])


async def test_nothing_is_erased_behind_a_running_bot(plain: Audit) -> None:
    """While the log is open for writing, erasing is refused, and counting still works."""
    async with await AuditLog.open(plain, RUN) as log:
        await log.record(private("梧桐的秘密"))
        with pytest.raises(AuditInUse, match="nothing was erased: the bot is running"):
            await asyncio.to_thread(erase, plain, ["ming"])

        assert Erased(exchanges=1) == await asyncio.to_thread(counted, plain, ["ming"])
    assert ["梧桐的秘密"] == [record.raw for record in records(plain)]


async def test_a_reader_puts_off_the_scrubbing(plain: Audit, pace: None) -> None:
    """Who still reads holds the old pages: it is said, and the next writer makes up for it."""
    await fill(plain, [room("梧桐树下见吧"), hong("我也去")])
    with closing(sqlite3.connect(f"file:{plain.path}/audit.db?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM exchanges").fetchall()
        with pytest.raises(AuditError, match="another program reads"):
            erase(plain, ["ming"])
        assert {"梧桐树下见吧"} == hits(plain, ["梧桐树下见吧"])
    await fill(plain, [])

    assert set() == hits(plain, ["梧桐树下见吧"])
    assert [True, False] == [record.erased_at is not None for record in records(plain)]


ERASING = """
import os, sys
from handlers.audit.erase import erase
from settings import Audit
print("ready", flush=True)
erase(Audit(folder=sys.argv[1]), sys.argv[2:])
"""


@pytest.mark.parametrize("num", [2, pytest.param(40, marks=pytest.mark.soak)])
def test_killed_while_erasing(plain: Audit, num: int) -> None:
    """kill -9 at random points: all is erased or nothing, the chain holds, the rest is made up."""
    chance, counts = random.Random(SEED), []  # noqa: S311
    asyncio.run(fill(plain, (one(f"梧桐{n}叶飘") for n in range(200) for one in (room, hong))))
    for number in range(num):
        place = Audit(folder=str(plain.path.with_name(str(number))))
        shutil.copytree(plain.path, place.path)
        process = subprocess.Popen(
            [sys.executable, "-c", ERASING, str(place.path), "ming"],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.3) * (number % 2))
            process.kill()
        process.wait()
        counts.append(sum(record.erased_at is not None for record in records(place)))
        assert verify(place).finding is None
        if not counts[-1]:
            erase(place, ["ming"])
        asyncio.run(fill(place, []))
        assert set() == hits(place, ["ming", "小明"])

    print(f"{num} kills: erased {counts}")
    assert {0, 200} >= set(counts)


async def test_one_person_is_handed_all_that_is_theirs(place: Audit) -> None:
    """Their messages, their private chat, labels and learnt answers; nobody else's rows."""
    one = private("梧桐的秘密")
    answer = private("我答梧桐", talker_id="me")
    async with await AuditLog.open(place, RUN) as log:
        for exchange in (one, answer, room("大家好呀"), hong("小明好")):
            await log.record(exchange)
        await log.correct(Correction("梧桐的秘密", "sad", Task.MOOD, "me", one.id))
        await log.correct(Correction("小明好", "happy", Task.MOOD, "ming"))
        await log.learn("m-a", Pair("梧桐的秘密", Mood.SAD, "嗯", "ming"), limit=10)
        await log.learn("m-b", Pair("老地方", Mood.HAPPY, "见", "hong"), limit=10)

    rows = list(stored(place, "ming"))

    assert [
        ("exchanges", "梧桐的秘密"),
        ("exchanges", "我答梧桐"),
        ("exchanges", "大家好呀"),
        ("corrections", "梧桐的秘密"),
        ("corrections", "小明好"),
        ("voice", "梧桐的秘密"),
    ] == [(row.table, row.row["text"]) for row in rows]
    assert all("salt" not in row.row for row in rows)


def people(num: int, each: int, chance: random.Random) -> Iterator[tuple[int, Exchange]]:
    """Messages of so many people in their chats and in groups of twenty, mixed, with quotations."""
    said: dict[int, str] = {}
    turns = [person for person in range(num) for _ in range(each)]
    chance.shuffle(turns)
    for n, person in enumerate(turns):
        size = chance.choice([8, 20, 60, 300, 1500])
        letters = chance.choices(range(0x4E00, 0x9000), k=size)
        text = f"密{person:04d}，" + "".join(map(chr, letters))
        group = person // 20
        who = {"talker_id": f"wxid_{person:04d}", "talker_name": f"名{person:04d}"}
        who["id"] = f"message-{n:04d}-of-{person:04d}"  # "m-12" stands in sealed texts by chance
        if n % 2:
            yield person, private(text, chat_id=who["talker_id"], **who)
        else:
            other = said.get(group)
            said[group] = f"名{person:04d}：{text[:20]}"
            quote = f"「{other}」\n{DASHES}\n" if other and n % 4 else ""
            yield person, room(quote + text, chat_id=f"{group}@chatroom", **who)


@pytest.mark.parametrize(
    ("num", "num_erased"),
    [(60, 6), pytest.param(1000, 100, marks=[pytest.mark.soak, pytest.mark.timeout(600)])],
)
@pytest.mark.parametrize("secret", ["", SECRET], ids=["plain", "sealed"])
async def test_people_leave_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num: int, num_erased: int, secret: str
) -> None:
    """One in ten erased: 0 hits of texts, names, ids in any file; the chain holds; others stay."""
    monkeypatch.setenv(AUDIT_KEY, secret)
    place, chance = Audit(folder=str(tmp_path)), random.Random(SEED)  # noqa: S311
    pairs = list(people(num, 4, chance))
    await fill(place, (exchange for _, exchange in pairs))
    before = {record.id: record for record in records(place)}
    chosen = set(chance.sample(range(num), num_erased))

    gone = erase(place, [f"wxid_{person:04d}" for person in sorted(chosen)])

    traces = {form for p in chosen for form in (f"密{p:04d}", f"名{p:04d}", f"wxid_{p:04d}")}
    traces |= {exchange.message.id for p, exchange in pairs if p in chosen and secret}
    found = hits(place, traces)
    theirs = {exchange.id for p, exchange in pairs if p in chosen}
    touched = {r.id for r in records(place) if r.id not in theirs and r != before[r.id]}
    repeating = {
        exchange.id
        for p, exchange in pairs
        if p not in chosen and any(f"名{q:04d}" in exchange.message.text for q in chosen)
    }
    print(f"erased {num_erased} of {num}: {gone}, {len(found)} hits, {verify(place)}")
    assert set() == found
    assert repeating == touched
    assert verify(place).finding is None


@hypothesis_settings(deadline=None)
@given(st.lists(st.text("abc", min_size=1, max_size=9)), st.text("abcd"), st.integers(1, 5))
def test_no_word_is_left(words: list[str], text: str, least: int) -> None:
    """Of texts long enough none is left in what is blotted; without any, the text stays itself."""
    long = [word for word in words if len(word) >= least]

    blotted = Words(words, least).blotted(text)

    assert not any(word in part for part in blotted.split(ERASED) for word in long)
    assert any(word in text for word in long) or blotted == text


def test_laughter_is_nobodys() -> None:
    """What anybody says, or is too short to tell who said it, is not taken from others."""
    traces = Traces({"哈" * 12, "好的", "收到收到收到收到"}, {"小明"})

    assert not traces.are_in("哈" * 30 + "好的收到收到收到收到")

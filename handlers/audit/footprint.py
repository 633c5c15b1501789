"""Where a person is in the audit log: their rows, and what others repeat of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from engine.progress import SILENT, Progress
from handlers.audit.involved import Involved, involved
from handlers.audit.person import Person, ids_of, in_pages, is_given_by, learnt_with
from handlers.audit.schema import corrections, exchanges, voice
from handlers.audit.tables import alerts, evidence, orders, reminders, steps
from handlers.audit.traces import Traces
from handlers.exchange import Source

#: From so many exchanges on, looking through them takes a second or more.
_MUCH = 20_000
#: Columns in which others may repeat a person's words.
_REPEATING = ("raw", "text", "cleaned", "quoted", "reply", "detail", "rule_detail")

#: Replies in which the bot tells of people, by name and in their words.
_TELLING = (Source.NOTICE, Source.COMMAND)


@dataclass(frozen=True, slots=True)
class Erased:
    """How much it is: in the log, or taken out of it.

    Attributes:
        exchanges: What they wrote, and the private chat with them; emptied.
        repeats: Messages of others that repeat words of theirs; only those words go.
        labels: Labels given to their texts, deleted, or given by them, made nobody's.
        pairs: Learnt from the chat with them, or from their words; deleted.
        conduct: Evidence and steps about them, deleted, or that name them, made nobody's.
        orders: About them, deleted, or given by them, made nobody's.
        alerts: About or to them, deleted, or that repeat them, without their words and name.
        reminders: Theirs, deleted.
    """

    exchanges: int = 0
    repeats: int = 0
    labels: int = 0
    pairs: int = 0
    conduct: int = 0
    orders: int = 0
    alerts: int = 0
    reminders: int = 0


@dataclass(frozen=True, slots=True)
class Footprint:
    """What is about a person, by the ids of its rows.

    Attributes:
        repeats: With the columns that change, as they become.
    """

    exchanges: list[str]
    repeats: dict[str, dict[str, str]]
    labelled: list[int]
    given: list[int]
    pairs: list[int]
    elsewhere: Involved

    @property
    def count(self) -> Erased:
        labels = len({*self.labelled, *self.given})
        return Erased(
            len(self.exchanges),
            len(self.repeats),
            labels,
            len(self.pairs),
            self.elsewhere.count(evidence, steps),
            self.elsewhere.count(orders),
            self.elsewhere.count(alerts),
            self.elsewhere.count(reminders),
        )


def footprint(connection: sa.Connection, person: Person, progress: Progress = SILENT) -> Footprint:
    """Where a person is in the log; it looks through all of it."""
    ids = ids_of(connection, person)
    texts, rooms = _said(connection, ids, person)
    traces = Traces(texts, person.names)
    theirs, texts = set(ids), texts - {""}
    labelled = [
        row.id
        for row in connection.execute(sa.select(corrections))
        if row.exchange_id in theirs or row.text in texts or traces.are_in(row.text)
    ]
    given = list(connection.scalars(sa.select(corrections.c.id).where(is_given_by(person))))
    pairs = {row.id for row in learnt_with(connection, person)}
    pairs |= {
        row.id
        for row in connection.execute(sa.select(voice))
        if traces.are_in(row.text) or traces.are_in(row.reply)
    }
    count = connection.scalar(sa.select(sa.func.count()).select_from(exchanges)) or 0
    shown = progress if count >= _MUCH else SILENT
    with shown.task("Looking through the audit log", count, "exchanges") as advance:
        repeats = dict(_repeats(connection, theirs, rooms, traces, advance))
    elsewhere = involved(connection, person, traces.blotted)
    return Footprint(ids, repeats, labelled, given, sorted(pairs), elsewhere)


def _said(
    connection: sa.Connection, ids: Sequence[str], person: Person
) -> tuple[set[str], set[str]]:
    """All texts that they wrote themselves, and the groups they wrote in."""
    row = exchanges.c
    columns = (row.talker_id, row.chat_id, row.room_name, row.raw, row.text, row.cleaned)
    texts: set[str] = set()
    rooms: set[str] = set()
    for page in in_pages(ids):
        rows = connection.execute(sa.select(*columns).where(row.id.in_(page)))
        for talker_id, chat_id, room_name, *said in rows:
            if talker_id in person.ids:
                texts.update(said)
            if room_name is not None:
                rooms.add(chat_id)
    return texts, rooms


def _repeats(
    connection: sa.Connection,
    theirs: set[str],
    rooms: set[str],
    traces: Traces,
    advance: Callable[[int], None],
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each message of others that repeats them, and those of its columns that change."""
    row = exchanges.c
    columns = (row.id, row.chat_id, row.reply_source, *(row[name] for name in _REPEATING))
    for line in connection.execute(sa.select(*columns)):
        advance(1)
        if line.id in theirs:
            continue
        texts = {name: line._mapping[name] or "" for name in _REPEATING}
        changed = traces.taken_from(
            texts,
            knows_them=line.chat_id in rooms,
            tells=line.reply_source in _TELLING,
        )
        if changed:
            yield line.id, changed

"""Taking one person out of the audit log, with the chain still valid (PIPL 47)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import sqlalchemy as sa

from engine.progress import SILENT, Progress
from handlers.audit.chain import Event
from handlers.audit.database import Database
from handlers.audit.errors import AuditInUse
from handlers.audit.footprint import Erased, Footprint, footprint
from handlers.audit.involved import NAMING, TELLING, Involved
from handlers.audit.journal import Journal
from handlers.audit.migration import require_current
from handlers.audit.person import in_pages, people_of
from handlers.audit.schema import corrections, exchanges, new_salt, voice
from handlers.audit.scrub import owe
from handlers.audit.sealed import erased_id
from handlers.audit.tables import evidence, orders, steps
from settings import Audit

#: Whoever was erased, in columns that must say somebody.
NOBODY = "erased:" + 32 * "0"
#: What stands where they were named in a row about others.
_NOBODYS = {evidence: "", steps: NOBODY, orders: NOBODY}
#: What is left of a row: when it came, of what kind it was, why it was silent and how it ended.
_BLANK: dict[str, object] = {
    "talker_id": NOBODY,
    "talker_name": "",
    **dict.fromkeys(("raw", "text", "cleaned", "quoted", "detail"), ""),
    **dict.fromkeys(("mood", "sentiment", "polarity", "offence", "confidence", "unsure")),
    **dict.fromkeys(("scores", "mood_ms", "action", "rule", "rule_detail")),
}


def counted(settings: Audit, people: Sequence[str], progress: Progress = SILENT) -> Erased:
    """What would go; also while the bot runs.

    Raises:
        AuditError: See ``person.people_of`` and ``Database.to_read``.
    """
    with closing(Database.to_read(settings)) as database, database.begin() as connection:
        require_current(connection, database.place)
        return footprint(connection, people_of(connection, people), progress).count


def erase(
    settings: Audit,
    people: Sequence[str],
    progress: Progress = SILENT,
    *,
    clock: Callable[[], float] = time.time,
) -> Erased:
    """Takes people out of the log for good, all or none, and out of every file of it.

    Rows stay, for the chain and the counts: with times, kind, gate and outcome, and no word, name,
    id or mood. What stands outside the log is not reached: backups, exports, and other accounts.

    Args:
        people: By id, or by names that only one id has.

    Raises:
        AuditInUse: The bot runs: it is the only one that writes.
        AuditError: See ``person.people_of`` and ``Database.to_write``: nothing was erased. Or see
            ``scrub``: all was, and the next start of the bot makes the files forget it.
    """
    try:
        database = Database.to_write(settings)
    except AuditInUse as error:
        raise AuditInUse(
            "nothing was erased: the bot is running, and it alone writes; stop it, erase, and "
            "start it again"
        ) from error
    with closing(database):
        with database.begin() as connection:
            found = footprint(connection, people_of(connection, people), progress)
            _take_out(connection, database.journal, found, clock())
        database.scrub()
    return found.count


def _take_out(connection: sa.Connection, journal: Journal, found: Footprint, at: float) -> None:
    changed = [*found.exchanges, *found.repeats]
    vouched = journal.vouched(connection, changed)
    _blot(connection, found.repeats)
    _empty(connection, found.exchanges, at)
    for page in in_pages(found.given):
        given = corrections.update().where(corrections.c.id.in_(page))
        connection.execute(given.values(given_by=NOBODY))
    for table, ids in ((corrections, found.labelled), (voice, found.pairs)):
        for page in in_pages(ids):
            connection.execute(table.delete().where(table.c.id.in_(page)))
    _take_out_elsewhere(connection, found.elsewhere)
    journal.wrote(connection, at, [id_ for id_ in changed if id_ in vouched], Event.ERASE)
    owe(connection)


def _take_out_elsewhere(connection: sa.Connection, found: Involved) -> None:
    for table, rows in found.about.items():
        for page in in_pages([int(row.id) for row in rows]):
            connection.execute(table.delete().where(table.c.id.in_(page)))
    for table, rows in found.naming.items():
        for page in in_pages([int(row.id) for row in rows]):
            changed = table.update().where(table.c.id.in_(page))
            connection.execute(changed.values({NAMING[table]: _NOBODYS[table]}))
    for table, left in found.retold.items():
        for id_, text in left.items():
            connection.execute(
                table.update().where(table.c.id == id_).values({TELLING[table]: text})
            )


def _blot(connection: sa.Connection, repeats: Mapping[str, dict[str, str]]) -> None:
    for id_, changed in repeats.items():
        update = exchanges.update().where(exchanges.c.id == id_)
        connection.execute(update.values({**changed, "salt": new_salt()}))


def _empty(connection: sa.Connection, ids: Sequence[str], at: float) -> None:
    row = exchanges.c
    emptied = exchanges.update().values(
        **_BLANK,
        message_id=sa.bindparam("nobodys"),
        salt=sa.bindparam("fresh"),
        chat_id=sa.case((row.room_name.is_(None), NOBODY), else_=row.chat_id),
        room_name=sa.case((row.room_name.is_(None), None), else_=""),
        reply=sa.case((row.reply.is_(None), None), else_=""),
        erased_at=at,
    )
    emptied = emptied.where(row.id == sa.bindparam("of"))
    for page in in_pages(ids):
        connection.execute(
            emptied, [{"of": id_, "nobodys": erased_id(), "fresh": new_salt()} for id_ in page]
        )

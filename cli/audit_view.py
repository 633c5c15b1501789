"""What the audit log holds, in words and tables for a person at a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime

from rich.table import Table
from rich.text import Text

from engine.mood import Mood
from handlers.audit.reader import Entry, Record
from handlers.conduct import Shown, Step
from handlers.exchange import Gate, Outcome, Source


def visible(text: str) -> str:
    """``text`` on one line, with all that would steer a terminal shown as its escape.

    Controls (ESC, CR, C1), line separators, and invisible format characters (bidi, zero-width,
    tags); the joiners that emoji and Indic scripts are made with stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _STEERING and char not in "\u200c\u200d"
        else char
        for char in text
    )


_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def cells(record: Record) -> tuple[str, ...]:
    """Time, id, chat, who, text, mood, gate or reply, outcome, milliseconds."""
    unsure = "?" if record.unsure else ""
    return (
        _local(record.received_at),
        visible(record.id[:8]),
        visible(record.room_name or record.chat_id) if record.room_name is not None else "—",
        visible(record.talker_name or record.talker_id),
        visible(record.cleaned or record.text or f"({record.kind})"),
        f"{record.mood} {record.confidence:.2f}{unsure}" if record.mood else "",
        visible(f"[{record.gate}]" if record.gate else record.reply or ""),
        record.outcome,
        f"{sum(record.stage_ms.values()):.0f}",
    )


_MOOD_STYLES: Mapping[str | None, str] = {
    Mood.HAPPY: "green",
    Mood.ANGRY: "bold red",
    Mood.SAD: "blue",
    Mood.FEAR: "magenta",
    Mood.SURPRISE: "yellow",
}


#: The columns of a table, their least widths, and their shares of what is left beyond those.
_COLUMNS = (
    ("time", 11, None),
    ("id", 8, None),
    ("chat", 6, 2),
    ("who", 4, 2),
    ("text", 10, 6),
    ("mood", 10, None),
    ("gate or reply", 10, 5),
    ("outcome", 7, None),
    ("ms", 4, None),
)


def listing(records: list[Record]) -> Table:
    """The rows as a table as wide as the terminal, each on one line."""
    # Expanded, because only then the shares hold and long texts leave room for the rest.
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", expand=True)
    for name, least, share in _COLUMNS:
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=least, ratio=share)
    for record in records:
        _, *row = cells(record)
        row.insert(0, _local(record.received_at, "%m-%d %H:%M"))
        styles = ["dim", "cyan", "", "", "", _MOOD_STYLES.get(record.mood, "")]
        styles += ["yellow" if record.gate else "green", "", "dim"]
        # Text, never markup: "[red]" in a message is what somebody wrote.
        table.add_row(*map(Text, row, styles))
    return table


GATES: Mapping[str, str] = {
    Gate.SEEN: "this message had come before",
    Gate.OWN: "the account wrote it itself",
    Gate.OFFICIAL: "it came from an official or service account, or one not known to be a person's",
    Gate.STALE: "it was too old when it arrived, or when its turn came",
    Gate.NOT_TEXT: "it was no text",
    Gate.EMPTY: "cleaning left nothing of it",
    Gate.NOT_ALLOWED: "the settings allow no answer in this chat",
    Gate.NOT_ADDRESSED: "it was not addressed to the bot",
    Gate.MERGED: "it was answered together with the exchange named here",
    Gate.TAKEN_OVER: "the owner typed in this chat, and has it to themselves for a while",
    Gate.PAUSED: "the owner had paused answers, in this chat or in all",
    Gate.PRESENT: "the owner was not away, by the hours in the settings",
    Gate.HANDED_OVER: "the chat had been handed over to the owner",
    Gate.UNSURE: "no answer was good enough, and the settings prefer silence",
    Gate.QUIET: "it came, or its answer would have left, in quiet hours",
    Gate.LOOP: "the talker was taken for another bot",
    Gate.BUDGET: "a budget of what may leave was used up; the answer did not leave",
    Gate.RESTRICTED: "WeChat had said 操作过于频繁; the answer did not leave",
    Gate.FAILED: "the model failed, and the settings prefer silence",
    Gate.OVERLOADED: "too many messages were waiting",
    Gate.STOPPING: "the bot was stopping",
    Gate.INTERRUPTED: "the bot ended before this was done; how far it was",
    Gate.ERROR: "something failed",
}
OUTCOMES: Mapping[str, str] = {
    Outcome.RECEIVED: "received, nothing decided yet",
    Outcome.SILENT: "no answer was sent",
    Outcome.DECIDED: "answer written, not sent yet",
    Outcome.SENDING: "answer on its way",
    Outcome.SENT: "answer sent",
    Outcome.FAILED: "sending failed, nothing left",
    Outcome.UNCERTAIN: "answer handed over, arrival not confirmed; it is never sent again",
}
SOURCES: Mapping[str, str] = {
    Source.MODEL: "written by the model",
    Source.EXAMPLE: "a written answer to a message like it",
    Source.SKILL: "worked out by a skill",
    Source.CANNED: "a prepared line",
    Source.COMMAND: "the answer to a command",
    Source.NOTICE: "a notice of the bot",
}


def explanation(entry: Entry) -> Iterator[tuple[str, str]]:
    """Label and words of each thing known about an exchange, in the order it happened."""
    record, run = entry.record, entry.run
    yield "exchange", visible(f"{record.id}, message {record.message_id}, {record.kind}")
    private = record.room_name is None
    yield "chat", _named("private" if private else record.room_name, record.chat_id)
    yield "from", _named(record.talker_name, record.talker_id)
    yield "arrived", f"{_local(record.received_at)}, sent {_local(record.sent_at)}"
    if record.erased_at is not None:
        yield "erased", f"{_local(record.erased_at)}, on request: texts, names, ids and mood"
    yield "raw", _quoted(record.raw)
    if record.cleaned != record.raw:
        yield "read as", _quoted(record.cleaned)
    if record.quoted:
        yield "quoting", _quoted(record.quoted)
    yield "mood", _mood(record)
    if record.rule is not None:
        yield "rules", visible(f"{record.action} by rule {record.rule}: {record.rule_detail}")
    for found in entry.evidence:
        yield "noticed", _evidence(found)
    for step in entry.steps:
        yield "step", _step(step)
    yield "outcome", OUTCOMES.get(record.outcome, record.outcome)
    if record.gate is not None:
        detail = f": {record.detail}" if record.detail else ""
        yield "why", visible(f"{record.gate}, {GATES.get(record.gate, '')}{detail}")
    elif record.detail:
        yield "detail", visible(record.detail)
    if record.reply is not None:
        yield "reply", f"{_origin(record)}\n{_quoted(record.reply)}"
    yield "stages", _stages(record)
    yield "changed", _local(record.updated_at)
    yield "model", visible(f"{run.model} ({run.fingerprint}), precision {run.precision}")
    yield (
        "run",
        visible(
            f"{record.run_id}, started {_local(entry.started_at)}, Yixin {run.version}, "
            f"prompts {run.prompt_version}, settings {run.settings_digest}"
        ),
    )


def _mood(record: Record) -> str:
    if record.mood is None:
        return "not read"
    scores = sorted((record.scores or {}).items(), key=lambda item: -item[1])
    offence = "not read" if record.offence is None else f"{record.offence:.2f}"
    return visible(
        f"{record.mood} {record.confidence:.2f}{', unsure' if record.unsure else ''}; "
        f"{record.sentiment}, polarity {record.polarity:+.2f}, offence {offence}; "
        f"read in {record.mood_ms:.0f} ms"
    ) + visible("" if not scores else " (" + ", ".join(f"{m} {p:.2f}" for m, p in scores) + ")")


def _evidence(found: Shown) -> str:
    target = f", said to {found.target_id}" if found.target_id else ""
    forgiven = ", forgiven" if found.is_forgiven else ""
    return visible(f"{found.points:.1f} points by rule {found.rule}{target}{forgiven}")


def _step(step: Step) -> str:
    marked = f", called {step.mark} by an admin" if step.mark else ""
    return visible(f"#{step.id} {step.action}, {step.state}, at {step.points:.1f} points{marked}")


def _origin(record: Record) -> str:
    name = f" ({record.reply_name})" if record.reply_name else ""
    words = SOURCES.get(record.reply_source or "", record.reply_source)
    return visible(f"{words}{name}, {record.reply_tokens} tokens, attempt {record.reply_attempts}")


def _stages(record: Record) -> str:
    if not record.stage_ms:
        return "not timed"
    times = ", ".join(f"{name} {ms:.1f}" for name, ms in record.stage_ms.items())
    return visible(f"{times}; {sum(record.stage_ms.values()):.1f} ms in all")


def _named(name: str | None, id_: str) -> str:
    return visible(f"{name} ({id_})")


def _quoted(text: str) -> str:
    """A text behind a bar on every line, so that none of it can pass for a line of the report."""
    return "\n".join(f"│ {visible(line)}" for line in text.split("\n"))


def _local(unix: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    try:
        return datetime.fromtimestamp(unix).astimezone().strftime(form)
    except (ValueError, OverflowError, OSError):  # a platform's clock is not ours to trust
        return f"@{unix:g}"

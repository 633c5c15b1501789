"""The last look at a reply: what a model wrote is untrusted until it passed (trap 14).

``check`` names what must not be sent, after ``tidy`` mended what is only untidy. Both are pure; who
calls them tries another draft, and in the end says something canned. A false alarm costs a draft, a
miss is read by a person: where the two pull apart, what the reply says of *itself* and to the one
who reads it is judged strictly, and talk about the rest of the world is left alone.

Each kind of fault has its own file; what is not a fault here, such as an empty phrase, may still
lose against a better candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handlers.contacts import mention, unsent_contact
from handlers.disclaimer import disclaimer
from handlers.identity import human_claim, other_name
from handlers.insult import insult, vulgar
from handlers.language import switched
from handlers.leaks import empty, garbled, template
from handlers.lists import listing
from handlers.manner import formal, lecture, service
from handlers.repeats import echo, loop
from handlers.sanitize import MAX_CHARS, clean
from handlers.selfharm import self_harm
from handlers.sentences import cut_off
from handlers.unkind import unkind

#: Folding makes up to 18 characters of one; none of them may go unread behind a cut.
_UNFOLDED = 18 * MAX_CHARS


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a reply must not be sent.

    Attributes:
        name: "length" or a key of ``_CHECKS``.
        detail: What was found, for the audit log; may hold words of the reply.
    """

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """A reply and its surroundings, spelled alike: cleaned, casefolded, the bot's name as 我.

    Attributes:
        text: The reply as it would be sent, not spelled alike.
        written: What the model wrote of it, before any mending and cutting.
    """

    reply: str
    message: str
    previous: str
    text: str
    written: str
    is_finished: bool


def check(
    reply: str,
    *,
    message: str,
    previous: str | None,
    bot_name: str,
    written: str | None = None,
    is_finished: bool = True,
    max_chars: int = MAX_CHARS,
) -> Fault | None:
    """The first fault of a reply, or None if it may be sent.

    Args:
        reply: Output of the model, after ``tidy`` and ``end_at_sentence``.
        message: What it answers. Names of makers, links and numbers in it may be repeated.
        previous: The bot's last reply in that chat, or None.
        bot_name: What the bot is called: the one name it may claim.
        written: The output before both, where the caller has it. A list is refused even where only
            its first line was kept: what is left reads as if something should follow.
        is_finished: The model ended the text by itself; False where the token limit did.
        max_chars: Longer than a person would type, in code points; at most ``MAX_CHARS``.
    """
    if len(reply) > min(max_chars, MAX_CHARS):
        return Fault("length", f"{len(reply)} characters")
    draft = _Draft(
        reply=_spelled(reply, bot_name),
        message=_spelled(message, bot_name),
        previous=_spelled(previous or "", bot_name),
        text=reply,
        written=(reply if written is None else written)[:MAX_CHARS],
        is_finished=is_finished,
    )
    found = ((name, find(draft)) for name, find in _CHECKS.items())
    return next((Fault(name, detail) for name, detail in found if detail is not None), None)


def _spelled(text: str, bot_name: str) -> str:
    spelled, name = clean(text, _UNFOLDED).casefold(), clean(bot_name).casefold()
    # A one-letter name would rewrite ordinary words, but not where it is given as a name.
    return spelled.replace(name, "我") if len(name) > 1 else spelled.replace(f"叫{name}", "叫我")


#: By the name of their fault, in this order, the worst first; each returns what it found.
_CHECKS: Mapping[str, Callable[[_Draft], str | None]] = {
    "empty": lambda draft: empty(draft.reply),
    "garbled": lambda draft: garbled(draft.reply),
    "template": lambda draft: template(draft.reply),
    "self-harm": lambda draft: self_harm(draft.reply),
    "vulgar": lambda draft: vulgar(draft.reply),
    "insult": lambda draft: insult(draft.reply),
    "unkind": lambda draft: unkind(draft.reply, draft.message),
    "boilerplate": lambda draft: disclaimer(draft.reply, draft.message),
    "identity": lambda draft: other_name(draft.reply, draft.message),
    "human": lambda draft: human_claim(draft.reply, draft.message),
    "mention": lambda draft: mention(draft.reply),
    "contact": lambda draft: unsent_contact(draft.reply, draft.message),
    "loop": lambda draft: loop(draft.reply),
    "echo": lambda draft: echo(draft.reply, draft.message, draft.previous),
    "language": lambda draft: switched(draft.reply, draft.message, draft.previous),
    "list": lambda draft: listing(draft.written, draft.message),
    "service": lambda draft: service(draft.reply),
    "lecture": lambda draft: lecture(draft.reply),
    "formal": lambda draft: formal(draft.reply, draft.message),
    "cut": lambda draft: cut_off(draft.text, is_finished=draft.is_finished),
}

"""Whether a message is one for the bot to answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from handlers.commands import parse
from handlers.exchange import Exchange, Gate, Message
from handlers.sanitize import BARE_CALL, clean, own_words
from section import Trigger
from settings import Answer, ChatOverride

_NO_OVERRIDE = ChatOverride()
_BY_WORDS: frozenset[Trigger] = frozenset({"prefix", "keyword"})
_NAMES_OF_TRIGGERS: dict[Trigger, str] = {
    "mention": "@mention",
    "prefix": "prefix",
    "keyword": "keyword",
}
_TRAILING = " ，,。.！!？?～~…：:、"


def address(
    answer: Answer, account_name: str, *, owner: str = ""
) -> Callable[[Exchange], Exchange]:
    """A stage that stops what is not for the bot, and cuts the prefix from what is.

    Private: ``all``, ``allow`` or ``deny`` against the chat's id; ids decide, since names can be
    chosen. Group: any of the enabled triggers. ``answer.chats`` overrides both for one chat. A
    command needs what any message needs, and in a group a keyword is not enough for it: /help
    there may be meant for another bot.

    A prefix matches at the start of ``cleaned``, in any case, and is cut from it. Where nothing
    is left, or the whole message is the account's name, somebody called the bot: ``cleaned``
    becomes 在吗 rather than nothing. A keyword is a plain substring, in any case. Neither is
    looked for in a quotation.

    Args:
        answer: The section of the settings.
        account_name: What the bot is called, alone a prefix too where prefixes are enabled.
        owner: Id of the account's owner, whose private messages always are for the bot; empty:
            there is none.
    """
    calls = _Calls(answer, account_name)

    def stage(exchange: Exchange) -> Exchange:
        message = exchange.message
        override = answer.chats.get(message.chat_id, _NO_OVERRIDE)
        if message.is_private and owner and message.talker_id == owner:
            return exchange
        if message.is_private:
            return _private(exchange, answer, override)
        return calls.heard(exchange, _triggers(answer, override))

    return stage


def overheard(answer: Answer, account_name: str) -> Callable[[Message], bool]:
    """Whether a message is one of a group that calls nobody here, told before it is read.

    By the words of the stage itself, which are cleaned for it only where any may call; every
    mention counts as a call, whatever the triggers are.
    """
    addressed = address(answer, account_name)

    def probe(message: Message) -> bool:
        if message.is_direct:
            return False
        override = answer.chats.get(message.chat_id, _NO_OVERRIDE)
        if _BY_WORDS.isdisjoint(_triggers(answer, override)):
            return True
        read = replace(Exchange(message), cleaned=own_words(message.text))
        return addressed(read).gate is not None

    return probe


def _triggers(answer: Answer, override: ChatOverride) -> tuple[Trigger, ...]:
    return answer.group if override.group is None else override.group


def _private(exchange: Exchange, answer: Answer, override: ChatOverride) -> Exchange:
    listed = exchange.message.chat_id in answer.private_list
    if override.private == "deny":
        return exchange.stopped(Gate.NOT_ALLOWED, "private chat denied in answer.chats")
    if override.private == "all" or answer.private == "all":
        return exchange
    if answer.private == "allow" and not listed:
        return exchange.stopped(
            Gate.NOT_ALLOWED, "private chat not in answer.private_list, which allows"
        )
    if answer.private == "deny" and listed:
        return exchange.stopped(
            Gate.NOT_ALLOWED, "private chat in answer.private_list, which denies"
        )
    return exchange


class _Calls:
    """What calls the bot in a group, spelled the way cleaned text is."""

    def __init__(self, answer: Answer, account_name: str) -> None:
        self._prefixes = sorted(_spelled(answer.prefixes), key=len, reverse=True)
        # A keyword of nothing but zero-width characters would be found in every message.
        self._keywords = [clean(keyword).casefold() for keyword in answer.keywords]
        self._keywords = [keyword for keyword in self._keywords if keyword]
        self._name = clean(account_name).casefold()

    def heard(self, exchange: Exchange, triggers: tuple[Trigger, ...]) -> Exchange:
        rest = self._without_prefix(exchange.cleaned) if "prefix" in triggers else None
        if rest is not None:
            return replace(exchange, cleaned=rest)
        if "mention" in triggers and exchange.message.mentions_me:
            return exchange
        if "keyword" in triggers and self._has_keyword(exchange.cleaned):
            return exchange
        return exchange.stopped(Gate.NOT_ADDRESSED, _why_not(triggers))

    def _without_prefix(self, cleaned: str) -> str | None:
        """What follows the prefix, BARE_CALL if nothing does, None where there is no prefix."""
        if self._name and cleaned.rstrip(_TRAILING).casefold() == self._name:
            return BARE_CALL
        for prefix in self._prefixes:
            if f"{cleaned} "[: len(prefix)].casefold() == prefix.casefold():
                return cleaned[len(prefix) :].strip() or BARE_CALL
        return None

    def _has_keyword(self, cleaned: str) -> bool:
        folded = cleaned.casefold()
        return parse(cleaned) is None and any(keyword in folded for keyword in self._keywords)


def _spelled(prefixes: Iterable[str]) -> Iterable[str]:
    """Prefixes as cleaned text has them; "ai " keeps its space, or it would call on "aircraft"."""
    for prefix in prefixes:
        if spelled := clean(prefix):
            yield f"{spelled} " if prefix[-1].isspace() else spelled


def _why_not(triggers: tuple[Trigger, ...]) -> str:
    if not triggers:
        return "group where no trigger is enabled"
    names = [_NAMES_OF_TRIGGERS[trigger] for trigger in triggers]
    listed = " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
    return f"group message without {listed}"

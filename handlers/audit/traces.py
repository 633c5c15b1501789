"""A person's words where others repeat them: in quotations, copies and mentions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from handlers.sanitize import MAX_NAME, clean, split_quote

#: Stands where somebody's words stood.
ERASED = "[已删除]"
#: Of what a quotation repeats: shorter texts everybody says, and they tell nobody.
LEAST_QUOTED = 4
#: Of what is found outside a quotation, where nothing says whose words they were.
LEAST_COPIED = 12
#: Different ones: nobody's laughter is their own.
LEAST_LETTERS = 4


class Words:
    """Finds texts, however many, in other texts: one look a character, by how they begin."""

    def __init__(self, texts: Iterable[str], least: int) -> None:
        self._least = least
        self._by_start: dict[str, list[str]] = {}
        for text in sorted({text for text in texts if len(text) >= least}, key=len, reverse=True):
            self._by_start.setdefault(text[:least], []).append(text)

    def blotted(self, text: str) -> str:
        """``text`` with ``ERASED`` in the place of each, the longest first."""
        kept: list[str] = []
        at = 0
        for start in range(len(text) - self._least + 1):
            starting = self._by_start.get(text[start : start + self._least])
            if starting is None or start < at:
                continue
            if found := next((one for one in starting if text.startswith(one, start)), None):
                kept += text[at:start], ERASED
                at = start + len(found)
        return "".join((*kept, text[at:])) if kept else text


class Traces:
    """What to take out of others' messages.

    Args:
        texts: All that the person wrote, in every form it is stored.
        names: Theirs.
    """

    def __init__(self, texts: Collection[str], names: Collection[str]) -> None:
        own = {split_quote(text)[0] for text in texts}  # not what they quoted of others
        spoken = {text for text in own | set(map(clean, own)) if len(set(text)) >= LEAST_LETTERS}
        self._quoted = Words(spoken, LEAST_QUOTED)
        self._copied = Words(spoken, LEAST_COPIED)
        self._names = {name for one in names for name in (one, clean(one)) if name}
        self._told = self._names | {clean(name, MAX_NAME) for name in self._names}

    def are_in(self, text: str) -> bool:
        """Whether ``text`` repeats what they wrote, long enough to be theirs."""
        return self._copied.blotted(text) != text

    def blotted(self, text: str) -> str:
        """What the bot told of people, without their names and words."""
        return self._quoted.blotted(Words(self._told, 1).blotted(text))

    def taken_from(
        self, texts: Mapping[str, str], *, knows_them: bool, tells: bool
    ) -> dict[str, str]:
        """Those columns of a message that change, and what remains of them.

        Args:
            texts: Column to text, ``text`` and ``quoted`` among them.
            knows_them: Whether it was written where they wrote too: there a name means them.
            tells: Whether the bot told of people, by itself or asked to: by name, and quoting.
        """
        quoted = split_quote(texts["text"])[1]
        words = self._quoted if quoted or texts["quoted"] or tells else self._copied
        theirs = {quoted, texts["quoted"]} if knows_them and self._is_theirs(quoted) else set()
        called = {call for name in self._names for call in _calls(name)} if knows_them else set()
        whole = Words({*theirs, *called, *(self._told if tells else ())}, 1)
        changed = {column: words.blotted(whole.blotted(text)) for column, text in texts.items()}
        return {column: text for column, text in changed.items() if text != texts[column]}

    def _is_theirs(self, quoted: str) -> bool:
        """Whether it begins with their name, as a quotation does; clients cut what follows."""
        return any(quoted.startswith((f"{name}：", f"{name}:")) for name in self._names)


def _calls(name: str) -> tuple[str, ...]:
    """How the name is called on, or named in a quotation; see ``sanitize.split_quote``.

    A name of one letter may be how a longer one begins.
    """
    called = (f"@{name}",) if len(name) > 1 else (f"@{name}\u2005", f"@{name} ")
    return (*called, f"引用 {name} 的消息", f"引用{name}的消息")

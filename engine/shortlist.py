"""The tokens that chats are made of, and an output layer over those alone.

The output layer is a fifth of the time of a token, and most of its 150,000 rows are words of
program code and of scripts that the chat is not written in. A reply is drawn from the common rows
as long as the conversation holds no other token; a chat in Thai or Korean has all of them. So a
reply does not fall into a script that nobody in the chat writes, either.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import regex
import torch
from torch import Tensor

from engine.linear import Linear

#: Byte-level vocabularies are ordered by how often their tokens were met. So many hold the words
#: of English and the letters of every script: whatever is left out can still be spelled.
NUM_FREQUENT = 20_000
_OTHER_LETTER = regex.compile(r"[^\P{L}\p{Han}]")


def common_ids(
    tokenizer: Any, num_rows: int, *, multiple: int, num_frequent: int = NUM_FREQUENT
) -> Tensor:
    """Ids of frequent tokens, those of the template, Chinese, digits, marks, parts of characters.

    Args:
        tokenizer: Of transformers.
        num_rows: Of the output layer; may be more than the tokenizer has tokens.
        multiple: Of which their number is one.
        num_frequent: Tokens that are in whatever they say.

    Returns:
        Shape (ids,), int32, ascending.
    """
    known = range(min(len(tokenizer), num_rows))
    control = set(tokenizer.added_tokens_decoder) | set(_template_ids(tokenizer))
    texts = tokenizer.batch_decode([[number] for number in known])
    common = {i for i in known if i < num_frequent or i in control}
    common |= {i for i in known if not _OTHER_LETTER.search(texts[i])}
    rare = (i for i in range(num_rows) if i not in common)
    filled = [*common, *itertools.islice(rare, -len(common) % multiple)]
    return torch.tensor(sorted(filled), dtype=torch.int32)


def _template_ids(tokenizer: Any) -> list[int]:
    """What the chat template writes around the messages."""
    turns = [{"role": role, "content": ""} for role in ("system", "user", "assistant")]
    ids: list[int] = tokenizer.apply_chat_template(turns, return_dict=False)
    return ids


class Shortlist:
    """An output layer over some of the tokens.

    Args:
        ids: Shape (ids,), ascending: which tokens.
        head: From states to their logits, in that order.
    """

    def __init__(self, ids: Tensor, head: Linear) -> None:
        self.ids = ids
        self._head, self._known = head, frozenset(ids.tolist())

    def holds(self, ids: Iterable[int]) -> bool:
        """Whether every one of these tokens is among its own."""
        return self._known.issuperset(ids)

    def places(self, ids: Sequence[int]) -> Tensor:
        """Where tokens it holds stand in its logits, shape (tokens,)."""
        return torch.searchsorted(self.ids, torch.tensor(ids, dtype=self.ids.dtype))

    def logits(self, states: Tensor) -> Tensor:
        """Shape (rows, hidden size) to (rows, ids), float32."""
        return self._head(states).float()

"""The model and its tokenizer, loaded once.

Everything here runs in the inference thread alone: a shared fast tokenizer is not safe across
threads (mixed settings let control tokens through silently), and neither is a growing cache.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from transformers import __version__ as TRANSFORMERS
from transformers.utils import logging as transformers_logging

from engine.decoding import Decoding
from engine.errors import PromptRefused
from engine.frame import Frame, common
from engine.loader import load
from engine.memo import Memo
from engine.prefixes import Prefixes
from engine.progress import SILENT, Progress
from engine.prompts import ChatTurn
from engine.sampler import Sampling
from engine.talk import Draft
from engine.trunk import Tap, Trunk
from engine.weights import Weights
from engine.work import Work


class Model:
    """A causal language model with its chat template.

    Raises:
        ModelNotFound: The folder holds no model that transformers can load, or no chat template.
        WeightsDamaged: The weights cannot be read.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        precision: str,
        threads: int,
        cache: Path | None = None,
        progress: Progress = SILENT,
    ) -> None:
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        self.name, self.fingerprint = weights.name, weights.fingerprint
        loaded = load(weights, precision, cache=cache, progress=progress)
        self.precision, self._decoder = loaded.precision, loaded.decoder
        self._tokenizer = loaded.tokenizer
        self._control_ids = frozenset(self._tokenizer.added_tokens_decoder)
        self._inside_control = _inside(map(str, self._tokenizer.added_tokens_decoder.values()))
        # Some GGUF files name only one id that ends a turn, so the template's own is added.
        self._eos_ids = loaded.end_ids | {self._tokenizer.eos_token_id}
        made_by = f"{weights.fingerprint} {self.precision} {type(self._decoder).__name__} "
        made_by += f"{torch.__version__} {TRANSFORMERS}"
        self.memo = Memo(cache / "prefixes" if cache else None, made_by)
        self._prefixes = Prefixes(self._decoder, self.memo)
        self._decoding = Decoding(self._decoder, self._prefixes, self._eos_ids, self.text)
        self._num_control: dict[tuple[str, ...], int] = {}

    # -- tokens ------------------------------------------------------------------------

    def encode(self, turns: Sequence[ChatTurn], *, opens_answer: bool = True) -> list[int]:
        """Token ids of a chat under the model's own template.

        Args:
            opens_answer: End with the header of the assistant's turn.

        Raises:
            PromptRefused: The contents brought a control token in. transformers encodes them as
                plain text; this is checked on every prompt, since a leak would be silent.
        """
        ids = self._apply_template(turns, opens_answer)
        roles = (*(turn["role"] for turn in turns), str(opens_answer))
        if roles not in self._num_control:
            bare: list[ChatTurn] = [{"role": turn["role"], "content": "x"} for turn in turns]
            self._num_control[roles] = self._count_control(self._apply_template(bare, opens_answer))
        if (found := self._count_control(ids)) != self._num_control[roles]:
            raise PromptRefused(
                f"the prompt holds {found} control tokens, its template {self._num_control[roles]}"
            )
        return ids

    def frame(self, prefix: Sequence[ChatTurn]) -> Frame:
        """What every prompt of one message behind ``prefix`` has in common."""
        one, other = (
            self.encode([*prefix, {"role": "user", "content": word}]) for word in ("一", "Z")
        )
        head = common(one, other)
        tail = common(one[: len(head) : -1], other[: len(head) : -1])[::-1]
        return Frame(head, tail)

    def split(
        self, prefix: Sequence[ChatTurn], question: Sequence[ChatTurn]
    ) -> tuple[list[int], list[int]]:
        """Ids of a prompt, cut where its reusable prefix ends.

        A template that writes the prefix differently once more turns follow has none: then all
        ids are in the second part.
        """
        head = self.encode(prefix, opens_answer=False)
        ids = self.encode([*prefix, *question])
        if ids[: len(head)] != head or len(ids) == len(head):
            return [], ids
        return head, ids[len(head) :]

    def _apply_template(self, turns: Sequence[ChatTurn], opens_answer: bool) -> list[int]:
        ids: list[int] = self._tokenizer.apply_chat_template(
            list(turns),
            add_generation_prompt=opens_answer,
            sanitize_control_tokens=True,
            return_dict=False,
        )
        return ids

    def _count_control(self, ids: Sequence[int]) -> int:
        return sum(i in self._control_ids for i in ids)

    def encode_answer(self, text: str) -> list[int]:
        """Ids of an answer's words alone; a control token in them is plain text.

        ``split_special_tokens`` spares added tokens that are not marked special, as Qwen's
        ``<tool_call>`` is not: they are cut after their first character.

        Raises:
            PromptRefused: One got through all the same.
        """
        pieces: list[list[int]] = [
            self._tokenizer.encode(piece, add_special_tokens=False, split_special_tokens=True)
            for piece in self._inside_control.split(text)
        ]
        ids = list(itertools.chain.from_iterable(pieces))
        if found := self._count_control(ids):
            raise PromptRefused(
                f"an answer to weigh holds {found} control tokens; it may hold none"
            )
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """What ids say, control tokens left out."""
        said: str = self._tokenizer.decode(ids, skip_special_tokens=True)
        return said

    def first_token(self, word: str) -> int:
        """Id of the token a word of an answer begins with."""
        return int(self._tokenizer.encode(word, add_special_tokens=False)[0])

    # -- prompts -----------------------------------------------------------------------

    @property
    def prefix_lengths(self) -> tuple[int, ...]:
        """Tokens of each prefix that is kept; the least recently used first."""
        return self._prefixes.lengths

    def prepare(self, prefix: Sequence[int]) -> Work[None]:
        """Compute a prefix once, so that prompts which begin with it cost only their rest."""
        yield from self._prefixes.prepare(prefix)

    @property
    def num_chat_bytes(self) -> int:
        """Memory that conversations so far take, bounded."""
        return self._prefixes.num_chat_bytes

    @property
    def num_layers(self) -> int:
        return self._decoder.num_layers

    def trunk(self, taps: Sequence[Tap]) -> Trunk:
        """The first layers of this very model, as far as the taps need them."""
        return Trunk(self._decoder, self._prefixes, taps)

    # -- the two uses ------------------------------------------------------------------

    def score(
        self, prefix: Sequence[int], rests: Sequence[Sequence[int]], labels: Sequence[int]
    ) -> Work[torch.Tensor]:
        """Log-probabilities of the labels as next token, over the labels alone.

        Args:
            prefix: Ids that every prompt begins with.
            rests: What follows it, one a prompt.
            labels: Ids of the labels' first tokens.

        Returns:
            Shape (prompts, labels), float32.
        """
        last = self._decoder.num_layers
        states = yield from self._prefixes.branches(prefix, rests, {last})
        with torch.inference_mode():
            found = self._decoder.logits(torch.stack([state[last][-1] for state in states]))
            return found[:, list(labels)].log_softmax(dim=-1)

    def following(
        self, prefix: Sequence[int], rest: Sequence[int], num_last: int
    ) -> Work[list[int]]:
        """The likeliest token at each of the last ``num_last`` places, given all before it."""
        last = self._decoder.num_layers
        [states] = yield from self._prefixes.branches(prefix, [rest], {last})
        with torch.inference_mode():
            logits = self._decoder.logits(states[last][-num_last - 1 : -1])
        found: list[int] = logits.argmax(dim=-1).tolist()
        return found

    def logprobs(
        self, prefix: Sequence[int], rest: Sequence[int], answers: Sequence[Sequence[int]]
    ) -> Work[list[float]]:
        """Log-probability of a token of each answer to a prompt, on average."""
        return (yield from self._decoding.logprobs(prefix, rest, answers))

    def decode(self, prefix: Sequence[int], rest: Sequence[int], sampling: Sampling) -> Work[Draft]:
        """The answer to a prompt; see ``answers``."""
        [draft] = yield from self.answers(prefix, rest, [sampling])
        return draft

    def answers(
        self, prefix: Sequence[int], rest: Sequence[int], samplings: Sequence[Sampling]
    ) -> Work[list[Draft]]:
        """An answer to a prompt for each sampling, all together, and with other chats'."""
        return (yield from self._decoding.answers(prefix, rest, samplings))


def _inside(words: Iterable[str]) -> re.Pattern[str]:
    """Where to cut a text so that none of these words is left in one piece."""
    places = [rf"(?<={re.escape(word[0])})(?={re.escape(word[1:])})" for word in words if word[1:]]
    return re.compile("|".join(places) or r"(?!)")

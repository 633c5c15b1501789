"""The model and its tokenizer, loaded once.

Everything here runs in the inference thread alone: a shared fast tokenizer is not safe across
threads (mixed settings let control tokens through silently), and neither is a growing cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache
from transformers import __version__ as TRANSFORMERS
from transformers.utils import logging as transformers_logging

from engine.errors import PromptRefused
from engine.executor import Work
from engine.loader import choose_dtype, load_tokenizer, load_weights
from engine.memo import Memo
from engine.prefixes import CHUNK, Prefixes
from engine.prompts import ChatTurn
from engine.sampler import Sampler, Sampling
from engine.talk import Draft
from engine.trunk import Tap, Trunk
from engine.weights import Weights


@dataclass(frozen=True, slots=True)
class Frame:
    """The tokens a template writes around a message: its reusable prefix, and what closes it."""

    head: tuple[int, ...]
    tail: tuple[int, ...]


class Model:
    """A causal language model with its chat template.

    Raises:
        ModelNotFound: The folder holds no model that transformers can load, or no chat template.
        WeightsDamaged: The weights cannot be read.
    """

    def __init__(
        self, weights: Weights, *, precision: str, threads: int, memo_folder: Path | None = None
    ) -> None:
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        if threads:
            torch.set_num_threads(threads)
        self.name, self.fingerprint = weights.name, weights.fingerprint
        dtype = choose_dtype(precision)
        self.precision = {torch.float32: "fp32", torch.bfloat16: "bf16"}[dtype]
        self._tokenizer: Any = load_tokenizer(weights)
        self._lm: Any = load_weights(weights, dtype)
        self._control_ids = frozenset(self._tokenizer.added_tokens_decoder)
        self._eos_ids = self._end_ids()
        made_by = f"{weights.fingerprint} {self.precision} {torch.__version__} {TRANSFORMERS}"
        self.memo = Memo(memo_folder, made_by)
        self._prefixes = Prefixes(self._lm.base_model, self.memo)
        self._num_control: dict[tuple[str, ...], int] = {}

    def _end_ids(self) -> frozenset[int]:
        """Ids that end a turn. Some GGUF files name only one, so the template's own is added."""
        configured = self._lm.generation_config.eos_token_id
        ids = configured if isinstance(configured, list) else [configured]
        return frozenset(i for i in [*ids, self._tokenizer.eos_token_id] if i is not None)

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
        head = _common(one, other)
        tail = _common(one[: len(head) : -1], other[: len(head) : -1])[::-1]
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
    def num_layers(self) -> int:
        return int(self._lm.config.num_hidden_layers)

    def trunk(self, taps: Sequence[Tap]) -> Trunk:
        """The first layers of this very model, as far as the taps need them."""
        return Trunk(self._lm.base_model, taps, self.memo)

    def _forward(self, ids: Sequence[int], cache: DynamicCache) -> Work[torch.Tensor]:
        """Logits after the last of ``ids``, shape (1, vocabulary); yields between chunks."""
        logits = torch.empty(0)
        for start in range(0, len(ids), CHUNK):
            if start:
                yield
            chunk = torch.tensor([ids[start : start + CHUNK]])
            with torch.inference_mode():
                logits = self._lm(chunk, past_key_values=cache, logits_to_keep=1).logits[:, -1]
        return logits.float()

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
        rows = self._lm.get_output_embeddings().weight[torch.tensor(labels)]

        def read(padded: torch.Tensor, lengths: torch.Tensor, cache: DynamicCache) -> torch.Tensor:
            states = self._lm.base_model(padded, past_key_values=cache).last_hidden_state
            last = states[torch.arange(len(lengths)), lengths - 1]
            return torch.log_softmax((last @ rows.T).float(), dim=-1)

        return (yield from self._prefixes.in_batches(prefix, rests, read))

    def decode(self, prefix: Sequence[int], rest: Sequence[int], sampling: Sampling) -> Work[Draft]:
        """Write the answer to a prompt, token by token; yields between tokens."""
        yield from self.prepare(prefix)
        cache = self._prefixes.fork(prefix)
        draw = Sampler(sampling, num_prompt=len(prefix) + len(rest))
        ids = [*prefix, *rest]
        logits = yield from self._forward(rest, cache)
        while (token := draw(ids, logits)) not in self._eos_ids:
            ids.append(token)
            if draw.num_drawn == sampling.max_new_tokens:
                break
            yield
            logits = yield from self._forward([token], cache)
        new = ids[len(prefix) + len(rest) :]
        return Draft(self.text(new), len(new), is_finished=token in self._eos_ids)


def _common(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """What both begin with."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tuple(left for left, _ in pairs)

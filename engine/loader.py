"""From a folder of weights to a tokenizer and a decoder that is ready to be asked."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoConfig, AutoTokenizer, GenerationConfig

from engine.assemble import Products, is_lean, lean, lean_excerpts, lean_plan
from engine.decoder import Decoder
from engine.errors import EngineError, ModelNotFound, NotEnoughMemory, WeightsDamaged
from engine.precision import BYTES, FORMATS, fastest
from engine.progress import Progress
from engine.quantize import Excerpts, Plan, quantized
from engine.tensors import Tensors
from engine.weights import Weights


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to be asked.

    Attributes:
        end_ids: Ids that end a turn.
        precision: The number format that was chosen.
    """

    tokenizer: Any
    decoder: Decoder
    end_ids: frozenset[int]
    precision: str


def load(weights: Weights, precision: str, *, cache: Path | None, progress: Progress) -> Loaded:
    """Tokenizer and decoder, at the same time: each takes a second, on a core of its own.

    Args:
        precision: One of ``FORMATS``, or ``auto``: what answers soonest on this machine.
        cache: Where rounded weights are kept. None: ``auto`` does not round.

    Raises:
        ModelNotFound: The folder holds no tokenizer with a chat template.
        WeightsDamaged: The weights are not what their configuration says.
        NotEnoughMemory: They do not fit the memory that is free.
        CacheUnusable: There is no room for rounded weights.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:
        tokenizer = beside.submit(_tokenizer, weights)
        try:
            loading = _Loading(weights, tokenizer, cache, progress)
            precision, decoder = loading.decoder(precision)
            end_ids = _end_ids(weights)
        except EngineError:
            raise
        except Exception as error:
            tokenizer.result()  # what is wrong with the tokenizer says more, where both are
            raise WeightsDamaged(
                f"model {weights.name}: its weights in {weights.folder} cannot be loaded: {error}"
            ) from error
        loaded = Loaded(tokenizer.result(), decoder, end_ids, precision)
    _give_back_memory()
    return loaded


class _Loading:
    """One load: what is known of the model while it is put together."""

    def __init__(
        self, weights: Weights, tokenizer: Future[Any], cache: Path | None, progress: Progress
    ) -> None:
        self._weights, self._tokenizer = weights, tokenizer
        self._cache, self._progress = cache, progress
        self._config = AutoConfig.from_pretrained(weights.folder)
        self._tensors = Tensors(weights.folder)
        self._is_lean = is_lean(self._config)

    def decoder(self, precision: str) -> tuple[str, Decoder]:
        plan = lean_plan(self._config) if self._is_lean else self._stock_plan()
        num_weights = sum(
            self._tensors.num_elements(f"{module}.weight")
            for modules in plan.values()
            for module in modules
        )
        available = psutil.virtual_memory().available
        if precision == "auto":
            precision = self._fastest(num_weights, available)
        check_memory(self._weights.name, precision, num_weights=num_weights, available=available)
        rounded = {name: self._rounded(plan, name) for name in FORMATS[precision]}
        with self._progress.task(f"Loading {self._weights.name}", None):
            return precision, self._put_together(plan, precision, rounded)

    def _put_together(self, plan: Plan, precision: str, rounded: Mapping[str, Path]) -> Decoder:
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        products = Products(self._tensors, plan, rounded, dtype)
        if not self._is_lean:
            return self._stock(products, plan if rounded else {}, dtype)
        kept = torch.float32 if precision == "fp32" else torch.bfloat16
        return lean(self._config, self._tensors, products, dtype=dtype, kept=kept)

    def _fastest(self, num_weights: int, available: int) -> str:
        width = self._config.hidden_size
        inner = getattr(self._config, "intermediate_size", None) or 4 * width
        return fastest(
            width,
            2 * inner,
            rounds=self._is_lean and self._cache is not None,
            num_weights=num_weights,
            available=available,
            cache=self._cache,
            progress=self._progress,
        )

    def _rounded(self, plan: Plan, precision: str) -> Path:
        weights = self._weights
        if self._cache is None:
            raise ValueError(f"precision {precision} needs a cache folder")
        return quantized(
            *(weights.folder, plan, precision),
            name=weights.name,
            made_from=weights.fingerprint,
            cache=self._cache,
            progress=self._progress,
            excerpts=self._excerpts,
        )

    def _excerpts(self) -> Excerpts:
        return lean_excerpts(self._config, self._tokenizer.result()) if self._is_lean else {}

    def _stock_plan(self) -> Plan:
        from engine.stock import linear_names  # noqa: PLC0415

        names = linear_names(self._config)
        return {name: (name,) for name in names if f"{name}.weight" in self._tensors}

    def _stock(self, products: Products, plan: Plan, dtype: torch.dtype) -> Decoder:
        # transformers' modelling code takes a second and 100 MB that the lean way does without.
        from engine.stock import load  # noqa: PLC0415

        swapped = {name: products[name] for name in plan}
        return load(self._weights.folder, dtype if not plan else torch.bfloat16, swapped)


def check_memory(name: str, precision: str, *, num_weights: int, available: int) -> None:
    """Refuse to load what the system would end the program for, without a word.

    Weights are laid out as the kernels want them, so all have to be in memory; only the embedding
    is mapped, and the system can drop and read it again.

    Args:
        name: Of the model.
        num_weights: Of its matrix products.
        available: Bytes that programs can still take.

    Raises:
        NotEnoughMemory: The weights need more than that.
    """
    num_bytes = num_weights * BYTES[precision]
    if num_bytes > available:
        raise NotEnoughMemory(
            f"model {name} needs {num_bytes / 1e9:.1f} GB of memory in {precision}, "
            f"{available / 1e9:.1f} GB are free; close other programs, set "
            "engine.model: bundled-small, or engine.precision: int4, which takes least"
        )


def _tokenizer(weights: Weights) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(weights.folder)
    except Exception as error:  # transformers raises what its parsers happen to raise
        raise ModelNotFound(
            f"model {weights.name}: no tokenizer that transformers can read in {weights.folder}: "
            f"{error}"
        ) from error
    if not tokenizer.chat_template:
        raise ModelNotFound(
            f"model {weights.name} has no chat template; use a chat ('Instruct') model"
        )
    # All of them, not only those the template writes: <tool_call> or a fill-in-the-middle token
    # typed by a user must not become one either.
    tokenizer.chat_control_tokens = [t.content for t in tokenizer.added_tokens_decoder.values()]
    return tokenizer


def _end_ids(weights: Weights) -> frozenset[int]:
    """Ids that end a turn, as far as the folder says. Some GGUF files name only one."""
    try:
        ids = GenerationConfig.from_pretrained(weights.folder).eos_token_id
    except OSError:
        ids = AutoConfig.from_pretrained(weights.folder).eos_token_id
    return frozenset(i for i in (ids if isinstance(ids, list) else [ids]) if i is not None)


def _give_back_memory() -> None:
    """What parsing a vocabulary left behind; glibc would keep it, some 100 MB, for the program."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL("libc.so.6").malloc_trim(0)

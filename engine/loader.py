"""From a folder of weights to a tokenizer and a model, by transformers' own classes."""

from __future__ import annotations

import math
from typing import Any

import psutil
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.errors import ModelNotFound, NotEnoughMemory, WeightsDamaged
from engine.weights import Weights

#: How safetensors spells the formats we load in.
_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}


def choose_dtype(precision: str, capabilities: dict[str, Any] | None = None) -> torch.dtype:
    """Number format of the weights.

    bf16 on a processor that only emulates it can be far slower than fp32, so ``auto`` looks for
    the instructions themselves; fp32 always works.
    """
    if precision == "auto":
        has = torch.cpu.get_capabilities() if capabilities is None else capabilities
        native = has.get("avx512_bf16") or has.get("amx_bf16") or has.get("bf16")
        precision = "bf16" if native else "fp32"
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]


def load_tokenizer(weights: Weights) -> Any:
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


def check_memory(weights: Weights, dtype: torch.dtype, *, available: int) -> None:
    """Refuse to load what the system would end the program for, without a word.

    Weights in the format of their files are mapped, and the system can drop and read them again;
    only what is converted while loading has to stay in memory.

    Args:
        available: Bytes that programs can still take.

    Raises:
        NotEnoughMemory: The converted weights need more than that.
    """
    num_bytes = 0
    for path in weights.folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - it is no mapping
                tensor = tensors.get_slice(name)
                if tensor.get_dtype() != _NAMES[dtype]:
                    num_bytes += math.prod(tensor.get_shape()) * dtype.itemsize
    if num_bytes > available:
        raise NotEnoughMemory(
            f"model {weights.name} needs {num_bytes / 1e9:.1f} GB of memory in "
            f"{_NAMES[dtype].lower()}, {available / 1e9:.1f} GB are free; close other programs, "
            "set engine.model: bundled-small, or engine.precision: bf16, which takes half as much "
            "but is slow on a processor without it"
        )


def load_weights(weights: Weights, dtype: torch.dtype) -> Any:
    """The model, ready to be asked.

    Raises:
        WeightsDamaged: transformers cannot load what is there.
    """
    try:
        check_memory(weights, dtype, available=psutil.virtual_memory().available)

        lm = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=dtype)
    except NotEnoughMemory:
        raise
    except Exception as error:
        raise WeightsDamaged(
            f"model {weights.name}: its weights in {weights.folder} cannot be loaded: {error}"
        ) from error
    return lm.eval().requires_grad_(False)

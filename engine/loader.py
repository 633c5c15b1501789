"""From a folder of weights to a tokenizer and a model, by transformers' own classes."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.errors import ModelNotFound, WeightsDamaged
from engine.weights import Weights


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


def load_weights(weights: Weights, dtype: torch.dtype) -> Any:
    try:
        lm = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=dtype)
    except Exception as error:
        raise WeightsDamaged(
            f"model {weights.name}: its weights in {weights.folder} cannot be loaded: {error}"
        ) from error
    return lm.eval().requires_grad_(False)

"""From a folder of weights to a decoder: the lean one for Qwen2, transformers' own for the rest."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.linear import Int4Linear, Int8Linear, LaterLinear, Linear, MixedLinear, plain
from engine.quantize import ROWS, Excerpts, Plan
from engine.qwen2 import Layer, Qwen2, Shape
from engine.shortlist import Shortlist, common_ids
from engine.tensors import Tensors

EMBED, NORM, HEAD = "model.embed_tokens", "model.norm", "lm_head"
#: The rows of the output layer that chats are made of, see ``Shortlist``.
COMMON = "lm_head.common"


def is_lean(config: Any) -> bool:
    """Whether ``Qwen2`` computes just what this configuration means."""
    rope = getattr(config, "rope_parameters", None) or {}
    return (
        config.model_type == "qwen2"
        and config.hidden_act == "silu"
        and rope.get("rope_type", "default") == "default"
        and not config.use_sliding_window
    )


def lean_plan(config: Any) -> Plan:
    """The products of a Qwen2 model, and which modules each is made of."""
    plan: dict[str, tuple[str, ...]] = {}
    for number in range(config.num_hidden_layers):
        name = f"model.layers.{number}"
        plan[f"{name}.qkv"] = tuple(f"{name}.self_attn.{part}_proj" for part in "qkv")
        plan[f"{name}.out"] = (f"{name}.self_attn.o_proj",)
        plan[f"{name}.gate_up"] = (f"{name}.mlp.gate_proj", f"{name}.mlp.up_proj")
        plan[f"{name}.down"] = (f"{name}.mlp.down_proj",)
    plan[HEAD] = (EMBED if config.tie_word_embeddings else HEAD,)
    return plan


def lean_excerpts(config: Any, tokenizer: Any) -> Excerpts:
    """The rows of the output layer that are kept a second time, where that saves half of it."""
    ids = common_ids(tokenizer, config.vocab_size, multiple=ROWS)
    is_worth_it = len(ids) <= config.vocab_size // 2
    [module] = lean_plan(config)[HEAD]
    return {COMMON: (module, ids)} if is_worth_it else {}


class Products:
    """Makes the products of a plan.

    Args:
        tensors: The model's own weights.
        rounded: Folders with those of ``quantize``, by format; empty for bf16 and fp32.
        dtype: Format of the activations.
    """

    def __init__(
        self, tensors: Tensors, plan: Plan, rounded: Mapping[str, Path], dtype: torch.dtype
    ) -> None:
        self._tensors, self._plan, self._dtype = tensors, plan, dtype
        self._rounded = {name: Tensors(folder) for name, folder in rounded.items()}

    def shortlist(self) -> Shortlist | None:
        """The output layer over common tokens; None where the weights are not rounded."""
        found = [folder for folder in self._rounded.values() if f"{COMMON}.rows" in folder]
        return Shortlist(found[0][f"{COMMON}.rows"].clone(), self[COMMON]) if found else None

    def __getitem__(self, name: str) -> Linear:
        modules = self._plan.get(name, ())
        bias = self._tensors.bias_of(modules) if modules else None
        bias = None if bias is None else bias.to(self._dtype)
        found: list[Linear] = []
        four, eight = self._rounded.get("int4"), self._rounded.get("int8")
        if four and f"{name}.packed" in four:
            # A copy, not the mapping: that lies 8 bytes off a cache line, on pages of 4 KiB, and
            # decoding from it took 17 ms a token, from memory 12.5.
            packed, scales = four[f"{name}.packed"].clone(), four[f"{name}.scales"].clone()
            found.append(Int4Linear(packed, scales, bias))
        if eight and f"{name}.codes" in eight:
            codes, scale = eight[f"{name}.codes"], eight[f"{name}.scale"]
            # The output layer is a fourth of all, and wanted in int8 only where replies are many.
            later = bool(found) and name in {HEAD, COMMON}
            make = functools.partial(Int8Linear, codes, scale, bias)
            found.append(LaterLinear(make) if later else make())
        if not found:
            return plain(self._tensors.weight_of(modules).to(self._dtype), bias)
        return found[0] if len(found) == 1 else MixedLinear(*found)


def lean(
    config: Any,
    tensors: Tensors,
    products: Products,
    *,
    dtype: torch.dtype,
    kept: torch.dtype,
) -> Qwen2:
    """The decoder of a Qwen2 model; see ``Qwen2`` for the formats."""

    size = config.hidden_size
    tensors.check(f"{EMBED}.weight", (config.vocab_size, size))
    if not config.tie_word_embeddings:
        tensors.check(f"{HEAD}.weight", (config.vocab_size, size))

    def norm(name: str) -> Tensor:
        tensors.check(f"{name}.weight", (size,))
        return tensors[f"{name}.weight"].float() * math.sqrt(size)

    def layer(name: str) -> Layer:
        return Layer(
            norm=norm(f"{name}.input_layernorm"),
            qkv=products[f"{name}.qkv"],
            out=products[f"{name}.out"],
            mlp_norm=norm(f"{name}.post_attention_layernorm"),
            gate_up=products[f"{name}.gate_up"],
            down=products[f"{name}.down"],
        )

    heads = config.num_attention_heads
    shape = Shape(
        num_heads=heads,
        num_kv_heads=config.num_key_value_heads,
        head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        eps=config.rms_norm_eps,
        rope_theta=config.rope_parameters["rope_theta"],
    )
    return Qwen2(
        shape,
        tensors[f"{EMBED}.weight"],  # stays mapped: only the rows of the tokens are ever read
        [layer(f"model.layers.{number}") for number in range(config.num_hidden_layers)],
        norm(NORM),
        products[HEAD],
        products.shortlist(),
        dtype=dtype,
        kept=kept,
    )

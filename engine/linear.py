"""Matrix products of the model in each number format, by torch's own kernels.

What is fastest depends on the rows at once: int4 weights cost the fewest bytes for one row, int8
products the fewest instructions for many. Weights are packed once, into the layout
that the kernel wants: `F.linear` with bf16 weights lays them out anew at every call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import linear

#: Weights that share one scale and zero point in int4.
GROUP = 32
#: Rows up to which int4 weights are at least as fast as int8 products, where both are there.
FEW_ROWS = 2
#: A row of zeros is divided by this instead of zero.
LEAST = 1e-30
#: int8 activations lie so far to both sides of a zero point one higher: the kernels want unsigned
#: ones. Processors without VNNI add pairs of products in 16 bits, which hold no more than 63 does.
WIDE, NARROW = 127, 63


class Linear(Protocol):
    """Rows times a matrix, plus a bias."""

    def __call__(self, x: Tensor) -> Tensor:
        """Shape (rows, in) to (rows, out), both in whatever format is the product's own."""


class PlainLinear:
    """fp32 or bf16 weights as they are.

    Args:
        weight: Shape (out, in).
        bias: Shape (out,).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight, self._bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        return linear(x, self._weight, self._bias)


class PackedLinear:
    """fp32 or bf16 weights in oneDNN's own layout; half the time of `F.linear` and less."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, 16)
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._weight, self._bias, "none", [], "")
        return y


class Int8Linear:
    """int8 weights with a scale a row, times activations rounded to 8 bits with a scale a row.

    A row's result depends on no other row, so a message means the same alone and in a batch.

    Args:
        codes: Shape (out, in), int8.
        scale: Shape (out,), float32; a weight is its code times its row's scale.
        bias: Shape (out,), float32.
    """

    def __init__(self, codes: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        self._weight = torch.ops.onednn.qlinear_prepack(codes, None)
        self._scale, self._bias = scale, bias
        self._zeros = torch.zeros(len(scale), dtype=torch.int32)
        self._levels = _levels()

    def __call__(self, x: Tensor) -> Tensor:
        x = x.float()
        peak = x.abs().amax(-1, keepdim=True).clamp_min_(LEAST)
        rounded = (x * (self._levels / peak)).add_(self._levels + 1.5).to(torch.uint8)
        y: Tensor = torch.ops.onednn.qlinear_pointwise(
            *(
                rounded,
                1 / self._levels,
                self._levels + 1,
                self._weight,
                self._scale,
                self._zeros,
                None,
            ),
            *(1.0, 0, torch.float32, "none", [], ""),
        )
        return y.mul_(peak) if self._bias is None else torch.addcmul(self._bias, y, peak)


class Int4Linear:
    """int4 weights in groups of 32 with a scale and a zero point each, times bf16 activations.

    Args:
        packed: As `_convert_weight_to_int4pack_for_cpu` lays out codes of shape (out, in).
        scales: Shape (in / 32, out, 2), bf16; a weight is (code - 8) times scale plus zero point.
        bias: Shape (out,).
    """

    def __init__(self, packed: Tensor, scales: Tensor, bias: Tensor | None) -> None:
        self._packed, self._scales, self._bias = packed, scales, bias

    def __call__(self, x: Tensor) -> Tensor:
        y: Tensor = torch.ops.aten._weight_int4pack_mm_for_cpu(
            x.to(torch.bfloat16), self._packed, GROUP, self._scales
        )
        return y if self._bias is None else y.add_(self._bias)


class MixedLinear:
    """The same weights twice: int4 for single rows, which wait for memory, int8 for all else."""

    def __init__(self, few: Linear, many: Linear) -> None:
        self._few, self._many = few, many

    def __call__(self, x: Tensor) -> Tensor:
        return self._few(x) if len(x) <= FEW_ROWS else self._many(x)


class LaterLinear:
    """A product that is laid out when it is first asked for."""

    def __init__(self, make: Callable[[], Linear]) -> None:
        self._make: Callable[[], Linear] | None = make
        self._linear: Linear | None = None

    def __call__(self, x: Tensor) -> Tensor:
        if self._linear is None:
            assert self._make is not None  # noqa: S101 - only dropped once it was asked
            self._linear, self._make = self._make(), None  # with it the weights it was made of
        return self._linear(x)


def plain(weight: Tensor, bias: Tensor | None) -> Linear:
    """The product of weights that are not rounded, in the fastest layout this processor has."""
    has: bool = torch._C._has_mkldnn
    if weight.dtype == torch.bfloat16:
        has = has and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return PackedLinear(weight, bias) if has else PlainLinear(weight, bias)


@functools.cache
def _levels() -> int:
    """How finely this processor's int8 kernel can take activations, by asking it for a sum."""
    largest = torch.full((1, 64), 2 * WIDE + 1, dtype=torch.uint8)
    weight = torch.ops.onednn.qlinear_prepack(torch.full((16, 64), WIDE, dtype=torch.int8), None)
    ones, zeros = torch.ones(16), torch.zeros(16, dtype=torch.int32)
    found = torch.ops.onednn.qlinear_pointwise(
        *(largest, 1.0, WIDE + 1, weight, ones, zeros, None),
        *(1.0, 0, torch.float32, "none", [], ""),
    )
    return WIDE if float(found[0, 0]) == 64.0 * WIDE * WIDE else NARROW

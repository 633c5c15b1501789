"""Weights rounded to 8 or 4 bits, once, into a folder of the cache.

Most tensors of the bundled models were 4-bit when they were published (Q4_K: groups of 32 on 16
equidistant levels). Looking for those levels finds them again, so that such weights lose nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from engine.linear import GROUP, LEAST
from engine.progress import Progress
from engine.store import alone, built, is_whole, os_error, room_for
from engine.tensors import Tensors

#: Raised whenever what is written changes; what older versions wrote is made anew.
QUANTIZER_VERSION = 2
#: Bytes of a weight in each format, scales included.
BYTES = {"int8": 1.0, "int4": 0.5 + 4 / GROUP}
#: The int4 kernel takes this many rows at once.
ROWS = 16
LEVELS = 16
SHARD_BYTES = 256 << 20
#: Weights looked at at once, so that every intermediate result stays in the processor's cache.
CHUNK = 1 << 19
#: Share of the squared weights under which an error is that of bf16 alone.
EXACT = 1e-4

#: Which modules make up each product: a name for it, and the modules whose rows it stacks.
Plan = Mapping[str, Sequence[str]]
#: Products that are some rows of a module only: a name, the module, and which rows.
Excerpts = Mapping[str, tuple[str, Tensor]]


def fits(shape: Sequence[int]) -> bool:
    """Whether the kernels take a matrix of this shape, (out, in)."""
    return shape[0] % ROWS == 0 and shape[1] % GROUP == 0


def int8(weight: Tensor) -> dict[str, Tensor]:
    """Codes, shape (out, in), and each row's scale, shape (out,); see ``Int8Linear``."""
    codes = torch.empty(weight.shape, dtype=torch.int8)
    scale = torch.empty(len(weight))
    for rows in _chunks(weight):
        wide = weight[rows].float()
        scale[rows] = wide.abs().amax(1).clamp_min_(LEAST) / 127
        codes[rows] = (wide / scale[rows, None]).round_().to(torch.int8)
    return {"codes": codes, "scale": scale}


def int4(weight: Tensor) -> dict[str, Tensor]:
    """Packed codes, and scales and zero points of shape (in / 32, out, 2); see ``Int4Linear``."""
    codes = torch.empty(weight.shape, dtype=torch.int32)
    scales = torch.empty(weight.shape[1] // GROUP, len(weight), 2, dtype=torch.bfloat16)
    for rows in _chunks(weight):
        groups = weight[rows].float().view(-1, weight.shape[1] // GROUP, GROUP)
        found, scale, zero = _nearest(groups)
        codes[rows] = found.add_(LEVELS // 2).to(torch.int32).flatten(1)
        scales[:, rows] = torch.cat([scale, zero], dim=-1).transpose(0, 1).to(torch.bfloat16)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 1)
    return {"packed": packed, "scales": scales}


FORMATS: Mapping[str, Callable[[Tensor], dict[str, Tensor]]] = {"int8": int8, "int4": int4}


def quantized(
    source: Path,
    plan: Plan,
    precision: str,
    *,
    name: str,
    made_from: str,
    cache: Path,
    progress: Progress,
    excerpts: Callable[[], Excerpts] = dict,
) -> Path:
    """Folder with the products of ``plan`` in a format; made on first need.

    Args:
        source: Folder with the weights in the Hugging Face format.
        precision: ``int8`` or ``int4``.
        name: Of the model, for people.
        made_from: Fingerprint of the weights.
        excerpts: Further products; only asked where something is to be made.

    Raises:
        CacheUnusable: ``cache`` cannot be written, or its disk is full.
    """
    target = cache / "models" / f"{name.replace('/', '--')}-{made_from}-{precision}"
    made = f"{made_from} {precision} quantizer {QUANTIZER_VERSION} {torch.__version__}"
    if not is_whole(target, made):
        with alone(target.parent, progress):
            if not is_whole(target, made):
                with built(target, made) as empty:
                    _write(source, plan, excerpts(), precision, empty, name, progress)
    return target


def _write(
    source: Path,
    plan: Plan,
    excerpts: Excerpts,
    precision: str,
    folder: Path,
    name: str,
    progress: Progress,
) -> None:
    tensors, held, number = Tensors(source), 0, 1
    shard = {f"{product}.rows": rows for product, (_, rows) in excerpts.items()}
    num_weights = sum(tensors.num_elements(f"{m}.weight") for ms in plan.values() for m in ms)
    num_weights += sum(len(rows) * tensors.shape(f"{m}.weight")[1] for m, rows in excerpts.values())
    num_bytes = int(num_weights * BYTES[precision])
    with (
        room_for(folder, num_bytes, what=f"the {precision} weights of {name}"),
        progress.task(f"Rounding {name} to {precision}", num_weights, "weights") as advance,
    ):
        for product, weight in _weights(tensors, plan, excerpts):
            if not fits(weight.shape):
                continue
            for part, tensor in FORMATS[precision](weight).items():
                shard[f"{product}.{part}"] = tensor
                held += tensor.nbytes
            advance(weight.numel())
            if held >= SHARD_BYTES:
                _save(shard, folder / f"model-{number:05}.safetensors")
                shard, held, number = {}, 0, number + 1
        _save(shard, folder / f"model-{number:05}.safetensors")


def _weights(tensors: Tensors, plan: Plan, excerpts: Excerpts) -> Iterator[tuple[str, Tensor]]:
    for product, modules in plan.items():
        yield product, tensors.weight_of(modules)
    for product, (module, rows) in excerpts.items():
        yield product, tensors.weight_of([module])[rows.long()]


def _save(shard: Mapping[str, Tensor], path: Path) -> None:
    try:
        save_file(dict(shard), path)
    except SafetensorError as error:
        raise os_error(error) or error from error


def _chunks(weight: Tensor) -> list[slice]:
    size = max(1, CHUNK // weight.shape[1])
    return [slice(first, first + size) for first in range(0, len(weight), size)]


Rounded = tuple[Tensor, Tensor, Tensor]


def _nearest(groups: Tensor) -> Rounded:
    """Codes from -8 to 7, scales and zero points with the least squared error found.

    Levels over the whole range come first; with fewer steps they are those of weights that had
    been 4-bit and did not use all levels. Where that is not it, narrower ranges that cut off the
    extremes are tried, each with scale and zero point fitted to its codes.

    Args:
        groups: Shape (rows, groups, 32).

    Returns:
        Codes in the shape of ``groups``; scales and zero points, shape (rows, groups, 1), float32.
    """
    low, high = groups.aminmax(dim=-1, keepdim=True)
    best, error = _rounded(groups, (high - low) / 15, low + (high - low) * 8 / 15)
    for steps in (14, 13, 12):
        scale = (high - low) / steps
        best, error = _better(best, error, *_rounded(groups, scale, low + 8 * scale))
    if error.sum() > EXACT * groups.square().sum():
        for steps in (15, 16, 17):
            scale = (high - low) / steps
            codes = _rounded(groups, scale, (low + high + scale) / 2)[0][0]
            best, error = _better(best, error, *_rounded(groups, *_fitted(groups, codes)))
    return best


def _rounded(groups: Tensor, scale: Tensor, zero: Tensor) -> tuple[Rounded, Tensor]:
    """Nearest codes under scales and zero points as bf16 keeps them, and the squared errors."""
    scale = scale.bfloat16().float().clamp_min_(1e-9)
    zero = zero.bfloat16().float()
    codes = ((groups - zero) / scale).round_().clamp_(-LEVELS // 2, LEVELS // 2 - 1)
    error = torch.addcmul(zero, codes, scale).sub_(groups).square_().sum(-1, keepdim=True)
    return (codes, scale, zero), error


def _better(one: Rounded, error: Tensor, other: Rounded, others: Tensor) -> tuple[Rounded, Tensor]:
    """Of each group the one with less error."""
    wins = others < error
    codes, scale, zero = (torch.where(wins, b, a) for a, b in zip(one, other, strict=True))
    return (codes, scale, zero), torch.minimum(error, others)


def _fitted(groups: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Scales and zero points by least squares, given the codes."""
    num = groups.shape[-1]
    total, square = codes.sum(-1, keepdim=True), codes.square().sum(-1, keepdim=True)
    weights = groups.sum(-1, keepdim=True)
    spread = num * square - total.square()
    slope = num * (codes * groups).sum(-1, keepdim=True) - total * weights
    scale = slope / spread.clamp_min(1.0)
    return scale, (weights - scale * total) / num

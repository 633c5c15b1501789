"""A GGUF file, turned once into the folder that transformers loads in seconds.

transformers can load GGUF by itself, but dequantises at every start (15–120 s), holds the whole
model several times over while it does so, and refuses a kind of block (Q5_0) that the smaller
bundled model has. Here one shard is in memory at a time, and both cores work.

Whoever changes what comes out raises ``CONVERTER_VERSION`` in ``engine/weights.py``, which does not
stand here because reading it must not take the seconds that importing torch takes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from gguf import MODEL_ARCH, dequantize, get_tensor_name_map
from safetensors.torch import save_file
from tokenizers.normalizers import NFC
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, Qwen2Tokenizer
from transformers.integrations import GGUF_CONFIG_MAPPING
from transformers.integrations.gguf import convert_gguf_tokenizer, get_gguf_tokenizer

from engine.errors import EngineError, ModelNotFound, WeightsDamaged
from engine.gguf_header import Header, StoredTensor, read_header
from engine.progress import Progress
from engine.store import os_error, room_for, to_disk

#: Each was checked against the model it came from. Others permute rows, shift norms or fuse
#: matrices in the file, and would convert without an error into a model that talks rubbish.
ARCHITECTURES = {"qwen2": MODEL_ARCH.QWEN2, "qwen3": MODEL_ARCH.QWEN3}

SHARD_BYTES = 256 << 20
#: Elements a thread dequantises in one go: some 10 MB of float32, which is then bf16 at once.
CHUNK_ELEMENTS = 1 << 21
#: More would not be faster than the disk, and each holds some 60 MB at its peak.
MAX_THREADS = 4
#: gguf dequantises 16 rows at a time, too little work to let another thread run meanwhile.
ROWS_AS_ONE = 16
BF16_BYTES = 2
#: The models end a turn with the first; the second ends a document, and a base model's answer.
STOP_TOKENS = ("<|im_end|>", "<|endoftext|>")

Plan = Mapping[str, StoredTensor]


def convert(
    source: Path, folder: Path, *, what: str, progress: Progress, shard_bytes: int = SHARD_BYTES
) -> None:
    """Write the model in ``source`` to the empty ``folder`` in the Hugging Face format, in bf16.

    Args:
        what: Name of the model, shown in the progress.
        shard_bytes: Largest weights file, and so about what is held in memory; a single tensor
            that is larger makes a file of its own.

    Raises:
        ModelNotFound: The file is no GGUF file, or of an architecture that is not supported.
        WeightsDamaged: The file is cut short, or its tensors do not make up the model it names.
        CacheUnusable: The disk has no room for the result, found before or while writing.
        OSError: Writing failed for another reason.
    """
    header = read_header(source)
    with _understood(source):
        config = _config(header)
        plan = _plan(header, config)
    num_bytes = _num_bytes(plan)
    with (
        room_for(folder, num_bytes, what=f"the converted weights of {what}"),
        progress.task(f"Converting {what}", num_bytes, "B") as advance,
        _understood(source),
    ):
        config.save_pretrained(folder)
        _save_tokenizer(source, folder)
        _save_weights(source, list(_shards(plan, shard_bytes)), folder, advance)


@contextmanager
def _understood(source: Path) -> Iterator[None]:
    try:
        yield
    except (EngineError, OSError, MemoryError):
        raise
    except Exception as error:  # whatever transformers, tokenizers or gguf stumble over
        if of_disk := os_error(error):
            raise of_disk from error
        raise WeightsDamaged(
            f"{source} does not make a model ({type(error).__name__}: {error}); fetch the file "
            f"again, or use the model's folder in the Hugging Face format instead"
        ) from error


def _config(header: Header) -> AutoConfig:
    """The model's configuration, by transformers' own names for GGUF's fields."""
    architecture, fields = header.architecture, header.fields
    _refuse_unsupported(header)
    values = {
        name: fields[f"{architecture}.{key}"]
        for key, name in GGUF_CONFIG_MAPPING[architecture].items()
        if name is not None and f"{architecture}.{key}" in fields
    }
    values |= {
        name: fields[f"tokenizer.{key}"]
        for key, name in GGUF_CONFIG_MAPPING["tokenizer"].items()
        if f"tokenizer.{key}" in fields
    }
    if (head_dim := fields.get(f"{architecture}.attention.key_length")) is not None:
        values["head_dim"] = head_dim  # absent in transformers' mapping; Qwen3 needs it
    if (embedding := header.tensors.get("token_embd.weight")) is not None:
        values["vocab_size"] = embedding.shape[0]
    config = AutoConfig.for_model(
        architecture, tie_word_embeddings="output.weight" not in header.tensors, **values
    )
    config.dtype = torch.bfloat16
    return config


def _refuse_unsupported(header: Header) -> None:
    architecture = header.architecture
    way_out = "use the model's folder in the Hugging Face format instead"
    if architecture not in ARCHITECTURES:
        raise ModelNotFound(
            f"{header.path} holds a model of architecture {architecture}; "
            f"GGUF files of {', '.join(ARCHITECTURES)} can be used: {way_out}"
        )
    if (scaling := header.fields.get(f"{architecture}.rope.scaling.type", "none")) != "none":
        raise ModelNotFound(
            f"{header.path} asks for {scaling} rope scaling, not supported: {way_out}"
        )
    if header.fields.get("split.count", 0) not in (0, 1):
        raise ModelNotFound(
            f"{header.path} is one of {header.fields['split.count']} parts of a GGUF model; "
            f"join them first (llama-gguf-split --merge), or {way_out}"
        )


def _plan(header: Header, config: AutoConfig) -> Plan:
    """Which stored tensor becomes which parameter: all of them, each exactly once."""
    with torch.device("meta"):  # shapes without memory
        model = AutoModelForCausalLM.from_config(config)
    config.architectures = [type(model).__name__]
    shapes = {name: tuple(p.shape) for name, p in model.state_dict().items()}
    if config.tie_word_embeddings:
        del shapes["lm_head.weight"]
    names = get_tensor_name_map(ARCHITECTURES[header.architecture], config.num_hidden_layers)
    stored = {name: names.get_name(name, try_suffixes=(".weight", ".bias")) for name in shapes}
    missing = [name for name, key in stored.items() if key not in header.tensors]
    extra = header.tensors.keys() - stored.values()
    if missing or extra:
        raise WeightsDamaged(
            f"{header.path} is not a whole {header.architecture} model: "
            f"without {missing[:3]}, beside it {sorted(extra)[:3]}"
        )
    plan = {name: header.tensors[key] for name, key in stored.items()}
    for name, tensor in plan.items():
        if tensor.shape != shapes[name]:
            raise WeightsDamaged(
                f"{header.path}: {tensor.name} has shape {tensor.shape}, not {shapes[name]} as "
                f"its fields say"
            )
    return plan


def _save_tokenizer(source: Path, folder: Path) -> None:
    # Not Qwen2Tokenizer.from_pretrained(gguf_file=…): that also reads any tokenizer_config.json
    # lying beside the file, and AutoTokenizer parses the vocabulary twice more (9 s).
    architecture, vocabulary, options = get_gguf_tokenizer(str(source))
    backend, extra = convert_gguf_tokenizer(architecture, vocabulary)
    # Qwen's own tokenizer composes characters; GGUF has no field that says so.
    backend.normalizer = NFC()
    tokenizer = Qwen2Tokenizer(tokenizer_object=backend, **(options | extra))
    tokenizer.save_pretrained(folder)
    ids = tokenizer.get_vocab()
    stop = [ids[t] for t in dict.fromkeys((tokenizer.eos_token, *STOP_TOKENS)) if t in ids]
    GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=stop, pad_token_id=tokenizer.pad_token_id
    ).save_pretrained(folder)


def _save_weights(
    source: Path, shards: list[Plan], folder: Path, advance: Callable[[int], None]
) -> None:
    files = {n: f"model-{n:05}-of-{len(shards):05}.safetensors" for n in range(1, len(shards) + 1)}
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_THREADS)) as threads:
        for number, shard in enumerate(shards, 1):
            # Not bound to a name: that would keep one shard alive while the next is worked out.
            save_file(
                {name: _dequantised(source, shard[name], threads, advance) for name in shard},
                folder / files[number],
                metadata={"format": "pt"},
            )
            to_disk(folder / files[number])  # all at the end would be a long silence
    index = {
        "metadata": {"total_size": sum(_num_bytes(shard) for shard in shards)},
        "weight_map": {name: files[n] for n, shard in enumerate(shards, 1) for name in shard},
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def _num_bytes(plan: Plan) -> int:
    return sum(tensor.num_elements for tensor in plan.values()) * BF16_BYTES


def _shards(plan: Plan, shard_bytes: int) -> Iterator[Plan]:
    shard: dict[str, StoredTensor] = {}
    for name, tensor in plan.items():
        if shard and _num_bytes(shard | {name: tensor}) > shard_bytes:
            yield shard
            shard = {}
        shard[name] = tensor
    yield shard


def _dequantised(
    source: Path, tensor: StoredTensor, threads: ThreadPoolExecutor, advance: Callable[[int], None]
) -> torch.Tensor:
    """One tensor in bf16, worked out in chunks of rows so that float32 never holds all of it."""
    num_columns = tensor.shape[-1]
    num_rows = tensor.num_elements // num_columns
    rows_a_chunk = max(ROWS_AS_ONE, CHUNK_ELEMENTS // num_columns // ROWS_AS_ONE * ROWS_AS_ONE)
    row_bytes = tensor.num_bytes // num_rows
    result = torch.empty((num_rows, num_columns), dtype=torch.bfloat16)

    def fill(first: int) -> int:
        rows = result[first : first + rows_a_chunk]
        # Read, not mapped: mapped pages would count as this process's memory, 1.1 GB in the end.
        stored = np.fromfile(
            source, np.uint8, len(rows) * row_bytes, offset=tensor.offset + first * row_bytes
        )
        wide = ROWS_AS_ONE if len(rows) % ROWS_AS_ONE == 0 else 1
        values = dequantize(stored.reshape(len(rows) // wide, -1), tensor.kind)
        rows.copy_(torch.from_numpy(values).view(rows.shape))
        return rows.numel() * BF16_BYTES

    for num_bytes in threads.map(fill, range(0, num_rows, rows_a_chunk)):
        advance(num_bytes)
    return result.view(tensor.shape)

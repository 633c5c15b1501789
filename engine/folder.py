"""A model's folder in the Hugging Face format: is it all there, and which model is it?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError, safe_open

from engine.errors import ModelNotFound, WeightsDamaged

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
#: Any one of these makes a tokenizer.
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"), ("tokenizer.model",))
#: What decides the token ids of a prompt. generation_config.json does not: it is about sampling.
PROMPT_FILES = (
    "added_tokens.json",
    "chat_template.json",
    "chat_template.jinja",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
)

HEAD_BYTES = 16 << 20
SAMPLE_BYTES = 64 << 10
NUM_SAMPLES = 64


def check(folder: Path) -> None:
    """Whether transformers could load the folder, as far as that shows without reading weights.

    Raises:
        ModelNotFound: Something is missing that makes a model.
        WeightsDamaged: A file is there and cannot be what it should be.
    """
    config = _json(folder / CONFIG)
    if "model_type" not in config:
        raise ModelNotFound(
            f"{folder / CONFIG} names no model_type, so it is no model's configuration"
        )
    if not any(all((folder / name).is_file() for name in names) for names in TOKENIZERS):
        raise ModelNotFound(f"{folder} holds no tokenizer; {TOKENIZERS[0][0]} is missing")
    if (folder / WEIGHTS).is_file():
        _names_in(folder / WEIGHTS)
    elif (folder / INDEX).is_file():
        _check_shards(folder)
    else:
        raise ModelNotFound(
            f"{folder} holds neither {WEIGHTS} nor {INDEX}; weights in other formats "
            f"(pickles can run code when they are loaded) are not read"
        )


def fingerprint(folder: Path) -> str:
    """``digest_of`` all files that decide what the model makes of a prompt."""
    weights = sorted(folder.glob("model*.safetensors"))
    prompt = (folder / name for name in (CONFIG, *PROMPT_FILES))
    return digest_of(file for file in (*prompt, *weights) if file.is_file())


def digest_of(files: Iterable[Path]) -> str:
    """Twelve hex digits over the files' sizes, first 16 MiB and 64 samples of the rest.

    A mood head is fitted to the very numbers of a model. Names and sizes would not notice another
    fine-tune saved over the first, dates would notice a mere copy, and hashing every byte takes
    seconds at each start. Training moves all matrices, so samples do notice. What they need not
    notice is damage: that is for ``check``, and for whoever fetched the files.
    """
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        digest.update(f"{size}\n".encode())
        with file.open("rb") as content:
            digest.update(content.read(HEAD_BYTES))
            for number in range(NUM_SAMPLES if size > HEAD_BYTES else 0):
                content.seek(HEAD_BYTES + (size - HEAD_BYTES) * number // NUM_SAMPLES)
                digest.update(content.read(SAMPLE_BYTES))
    return digest.hexdigest()[:12]


def _check_shards(folder: Path) -> None:
    index = _json(folder / INDEX).get("weight_map")
    if not isinstance(index, dict) or not index:
        raise WeightsDamaged(f"{folder / INDEX} has no weight_map; fetch the file again")
    for shard in sorted(set(index.values())):
        path = folder / str(shard)
        if not path.is_file():
            raise WeightsDamaged(f"{path} is missing, {INDEX} names it; fetch the file again")
        lacking = {name for name, file in index.items() if file == shard} - _names_in(path)
        if lacking:
            raise WeightsDamaged(f"{path} lacks {min(lacking)}, {INDEX} says it holds it")


def _names_in(path: Path) -> set[str]:
    """Names of the tensors in a file whose header fits its length."""
    try:
        with safe_open(path, framework="np") as file:
            return set(file.keys())
    except (SafetensorError, OSError) as error:
        raise WeightsDamaged(
            f"{path} is no whole safetensors file ({error}); fetch the file again"
        ) from None


def _json(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelNotFound(
            f"{path.parent} is no model in the Hugging Face format: {path.name} is missing"
        ) from None
    except OSError as error:
        raise ModelNotFound(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise WeightsDamaged(f"{path} is no JSON ({error}); fetch the file again") from None
    if not isinstance(value, dict):
        raise WeightsDamaged(f"{path} holds no JSON object; fetch the file again")
    return value

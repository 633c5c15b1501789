"""From a folder to a decoder: which kind, in which format, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from engine.errors import ModelNotFound, NotEnoughMemory, WeightsDamaged
from engine.loader import Loaded, check_memory, load
from engine.precision import BYTES
from engine.progress import SILENT
from engine.qwen2 import Qwen2
from engine.stock import Stock, SwappedLinear
from engine.weights import Weights
from tests.decoders import IDS, decoder, read, saved, tiny_weights

FORMATS = ("fp32", "bf16", "int8", "int4", "mixed")
#: Share of the spread of the logits by which each format may be off; 4 bits cost random weights.
OFF = {"fp32": 1e-4, "bf16": 0.05, "int8": 0.1, "int4": 0.6, "mixed": 0.6}


@pytest.fixture(scope="module")
def qwen2(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return tiny_weights(tmp_path_factory.mktemp("qwen2"))


@pytest.fixture(scope="module")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return tiny_weights(tmp_path_factory.mktemp("qwen3"), "qwen3")


def loaded(weights: Weights, precision: str, cache: Path | None = None) -> Loaded:
    return load(weights, precision, cache=cache, progress=SILENT)


def copied(weights: Weights, folder: Path) -> Weights:
    shutil.copytree(weights.folder, folder, dirs_exist_ok=True)
    return Weights(folder, "copied", "1" * 12)


def logits(decoder: Any) -> torch.Tensor:
    """After a prompt and a step, shape (2, vocabulary)."""
    with torch.inference_mode():
        first, past = read(decoder, IDS[:40], room=1)
        return torch.stack([first, decoder.logits(decoder.extend([[5]], [past]))[0]])


@pytest.mark.parametrize("precision", FORMATS)
@pytest.mark.parametrize("kind", ["qwen2", "qwen3"])
def test_every_format_of_every_kind_says_about_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, precision: str
) -> None:
    """Lean or by transformers, one token or many: within the format's rounding of fp32."""
    weights = request.getfixturevalue(kind)
    found = loaded(weights, precision, tmp_path)
    exact = logits(decoder(weights))

    assert precision == found.precision
    assert (Qwen2 if kind == "qwen2" else Stock) is type(found.decoder)
    off = (logits(found.decoder) - exact).abs().max() / exact.std()
    assert off <= OFF[precision]


def test_products_of_ours_take_the_place_of_transformers(tmp_path: Path, qwen3: Weights) -> None:
    """In Qwen3, all products that fit the kernels: seven a layer."""
    made: Any = loaded(qwen3, "int8", tmp_path).decoder
    swapped = [m for m in made._lm.modules() if isinstance(m, SwappedLinear)]

    assert 7 * made.num_layers <= len(swapped)


@pytest.mark.parametrize("cached", [True, False])
def test_auto_rounds_only_what_the_lean_pass_runs(
    tmp_path: Path, qwen2: Weights, qwen3: Weights, cached: bool
) -> None:
    """Another architecture stays as it is, and so does everything where there is no cache."""
    cache = tmp_path if cached else None

    assert loaded(qwen3, "auto", cache).precision in {"bf16", "fp32"}
    assert cached or loaded(qwen2, "auto", cache).precision in {"bf16", "fp32"}


def test_auto_on_the_tiny_model_works(tmp_path: Path, qwen2: Weights) -> None:
    """Whatever it takes, it is one of the formats and it writes."""
    found = loaded(qwen2, "auto", tmp_path)

    assert found.precision in FORMATS
    assert logits(found.decoder).isfinite().all()


@pytest.mark.parametrize("kind", ["gpt2", "opt"])
def test_auto_on_a_model_with_other_names_for_its_sizes(tmp_path: Path, kind: str) -> None:
    """A configuration without ``intermediate_size`` is measured by what it has."""
    torch.manual_seed(3)
    sizes = {
        "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "bos_token_id": 1, "eos_token_id": 1},
        "opt": {"hidden_size": 64, "ffn_dim": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
        | {"word_embed_proj_dim": 64},
    }[kind]
    config = AutoConfig.for_model(kind, vocab_size=288, **sizes)
    weights = saved(tmp_path, AutoModelForCausalLM.from_config(config))

    assert loaded(weights, "auto").precision in {"bf16", "fp32"}


@pytest.mark.parametrize(
    "change",
    [
        {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 0},
        {"hidden_act": "gelu"},
        {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 5e4}},
    ],
    ids=["window", "activation", "rope"],
)
def test_a_qwen2_that_means_something_else_is_not_taken_for_one(
    tmp_path: Path, qwen2: Weights, change: dict[str, Any]
) -> None:
    """The lean pass knows one activation, plain positions and no window; transformers all."""
    weights = copied(qwen2, tmp_path)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    config.pop("layer_types", None)
    path.write_text(json.dumps(config | change))

    assert Stock is type(loaded(weights, "fp32").decoder)


# -- refused ---------------------------------------------------------------------------


def without(tensors: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {key: tensor for key, tensor in tensors.items() if key != name}


@pytest.mark.parametrize(
    "name",
    ["model.layers.1.mlp.up_proj.weight", "model.norm.weight", "model.embed_tokens.weight",
     "model.layers.0.self_attn.k_proj.bias", "lm_head.weight"],
)  # fmt: skip
def test_weights_that_lack_a_tensor_are_damaged(tmp_path: Path, qwen2: Weights, name: str) -> None:
    """Anything the configuration asks for, biases and an untied output layer too."""
    weights = copied(qwen2, tmp_path)
    file = tmp_path / "model.safetensors"
    save_file(without(load_file(qwen2.folder / file.name), name), file, metadata={"format": "pt"})

    with pytest.raises(WeightsDamaged, match=str(tmp_path)):
        loaded(weights, "fp32")


@pytest.mark.parametrize(
    "name", ["model.layers.1.mlp.up_proj.weight", "model.norm.weight", "lm_head.weight"]
)
def test_weights_of_another_shape_are_damaged(tmp_path: Path, qwen2: Weights, name: str) -> None:
    """Found when they are loaded, not by the first message."""
    weights = copied(qwen2, tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = load_file(qwen2.folder / file.name)
    tensors[name] = tensors[name][..., :32].contiguous()
    save_file(tensors, file, metadata={"format": "pt"})

    with pytest.raises(WeightsDamaged, match=str(tmp_path)):
        loaded(weights, "fp32")


def test_weights_cut_short_are_damaged(tmp_path: Path, qwen2: Weights) -> None:
    """A file without its end: the error names the folder."""
    weights = copied(qwen2, tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])

    with pytest.raises(WeightsDamaged, match=str(tmp_path)):
        loaded(weights, "fp32")


def test_a_folder_without_weights_is_named(tmp_path: Path, qwen2: Weights) -> None:
    """A folder with a tokenizer and nothing else: the error has its path."""
    AutoTokenizer.from_pretrained(qwen2.folder).save_pretrained(tmp_path)

    with pytest.raises(WeightsDamaged, match=str(tmp_path)):
        loaded(Weights(tmp_path, "hollow", "0"), "fp32")


@pytest.mark.parametrize("with_weights", [True, False])
def test_a_model_without_a_chat_template_is_refused(
    tmp_path: Path, qwen2: Weights, with_weights: bool
) -> None:
    """A base model cannot be asked in turns; the message says which kind can."""
    if with_weights:
        copied(qwen2, tmp_path)
        (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(qwen2.folder)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)

    with pytest.raises(ModelNotFound, match="has no chat template"):
        loaded(Weights(tmp_path, "base", "0"), "fp32")


@pytest.mark.parametrize("precision", sorted(BYTES))
def test_weights_that_do_not_fit_are_refused_before_they_are_loaded(precision: str) -> None:
    """By the bytes of the format; the message names the way out."""
    num_bytes = int(10**9 * BYTES[precision])

    check_memory("m", precision, num_weights=10**9, available=num_bytes)
    with pytest.raises(NotEnoughMemory, match="bundled-small"):
        check_memory("m", precision, num_weights=10**9, available=num_bytes // 2)


def test_formats_that_round_take_a_cache(qwen2: Weights) -> None:
    """Without one there is nowhere to put the rounded weights; the message says so."""
    with pytest.raises(Exception, match="cache"):
        loaded(qwen2, "int8")

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedModel

from engine.convert import convert
from engine.errors import EngineError, ModelNotFound, WeightsDamaged
from engine.gguf_header import read_header
from tests import tiny
from tests.steps import StepProgress
from tests.tiny import write_gguf

IDS = torch.tensor([[3, 44, 260, 5, 17]])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", tiny.model())


@pytest.fixture(scope="module")
def converted(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted")
    convert(source, folder, what="tiny", progress=StepProgress())
    return folder


def logits(model: PreTrainedModel) -> torch.Tensor:
    with torch.inference_mode():
        result: torch.Tensor = model(IDS).logits
    return result


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("architecture", ["qwen2", "qwen3"])
def test_logits(tmp_path: Path, architecture: str, tied: bool) -> None:
    """The converted folder gives the logits of the model the file was written from, in bf16."""
    made = tiny.model(architecture, tied=tied)
    folder = tmp_path / "folder"
    folder.mkdir()

    convert(write_gguf(tmp_path / "a.gguf", made), folder, what="a", progress=StepProgress())

    loaded = AutoModelForCausalLM.from_pretrained(folder)
    assert loaded.dtype is torch.bfloat16
    for parameter in made.parameters():  # not made.to(): that would round the rotary buffer too
        parameter.data = parameter.data.to(torch.bfloat16)
    assert torch.equal(logits(made), logits(loaded))


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q5_0", "Q4_0"])
def test_dequantised(tmp_path: Path, kind: str) -> None:
    """Every matrix equals gguf's own dequantisation of it, rounded to bf16."""
    made, quantisation = tiny.model(), GGMLQuantizationType[kind]
    source = write_gguf(tmp_path / "a.gguf", made, matrices=quantisation)
    folder = tmp_path / "folder"
    folder.mkdir()

    convert(source, folder, what="a", progress=StepProgress())

    loaded = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    for name, weight in made.state_dict().items():
        stored = gguf.quantize(weight.numpy(), quantisation if weight.ndim == 2 else tiny.F32)
        values = gguf.dequantize(stored, quantisation if weight.ndim == 2 else tiny.F32)
        assert torch.equal(torch.from_numpy(values).to(torch.bfloat16), loaded[name]), name


def test_shards(source: Path, converted: Path, tmp_path: Path) -> None:
    """Small shards hold the same weights as one, and none is larger than asked for."""
    convert(source, tmp_path, what="a", progress=StepProgress(), shard_bytes=40_000)

    files = list(tmp_path.glob("*.safetensors"))
    assert len(files) > 3
    assert max(file.stat().st_size for file in files) < 40_000 + 4_000
    whole = AutoModelForCausalLM.from_pretrained(converted).state_dict()
    for name, weight in AutoModelForCausalLM.from_pretrained(tmp_path).state_dict().items():
        assert torch.equal(whole[name], weight), name


def test_chunks(
    source: Path, converted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matrices worked out in many chunks, the last one shorter, are the same as in one."""
    monkeypatch.setattr("engine.convert.CHUNK_ELEMENTS", 2048)

    convert(source, tmp_path, what="a", progress=StepProgress())

    for file in converted.glob("*.safetensors"):
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()


def test_progress_reaches_its_total(source: Path, tmp_path: Path) -> None:
    """The steps of the conversion add up to the bytes announced."""
    progress = StepProgress()

    convert(source, tmp_path, what="tiny", progress=progress)

    assert progress.totals == progress.done
    assert list(progress.done) == ["Converting tiny"]


@pytest.fixture(scope="module")
def tokenizers(source: Path, converted: Path) -> tuple[AutoTokenizer, AutoTokenizer]:
    theirs = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    return theirs, AutoTokenizer.from_pretrained(converted)


@given(
    st.lists(st.sampled_from([*tiny.WORDS, *tiny.SPECIAL, *tiny.ADDED, " ", "\n", "é"]) | st.text())
    .map("".join)
    .filter(lambda text: unicodedata.is_normalized("NFC", text))
)
def test_token_ids(tokenizers: tuple[AutoTokenizer, AutoTokenizer], text: str) -> None:
    """The saved tokenizer gives the ids that transformers' own reading of the file gives."""
    theirs, ours = tokenizers

    assert theirs(text).input_ids == ours(text).input_ids


def test_composed_characters(converted: Path) -> None:
    """A letter and its accent are one character to the model, as in Qwen's own tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(converted)

    assert tokenizer("e\u0301").input_ids == tokenizer("\u00e9").input_ids
    assert json.loads((converted / "tokenizer.json").read_text())["normalizer"] == {"type": "NFC"}


def test_added_tokens(tokenizers: tuple[AutoTokenizer, AutoTokenizer]) -> None:
    """Control tokens are special, user-defined ones whole but not special, the template is kept."""
    theirs, ours = tokenizers

    special = {token.content: token.special for token in ours.added_tokens_decoder.values()}
    assert dict.fromkeys(tiny.SPECIAL, True) | dict.fromkeys(tiny.ADDED, False) == special
    assert theirs.added_tokens_decoder == ours.added_tokens_decoder
    assert ours.chat_template == tiny.TEMPLATE
    assert (ours.eos_token, ours.pad_token) == ("<|im_end|>", "<|endoftext|>")


def test_files_beside_it_are_not_read(source: Path, converted: Path, tmp_path: Path) -> None:
    """A tokenizer configuration that lies beside the GGUF file does not find its way in."""
    (tmp_path / "a.gguf").write_bytes(source.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": "hello", "chat_template": "x"}')
    folder = tmp_path / "folder"
    folder.mkdir()

    convert(tmp_path / "a.gguf", folder, what="a", progress=StepProgress())

    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (converted / name).read_bytes() == (folder / name).read_bytes()


def test_stop_tokens(converted: Path) -> None:
    """Generation ends at the end of a turn, and at the end of a document."""
    tokens, _ = tiny.vocabulary()

    stops = GenerationConfig.from_pretrained(converted).eos_token_id

    assert [tokens.index("<|im_end|>"), tokens.index("<|endoftext|>")] == stops


def refusal(path: Path, folder: Path) -> EngineError:
    folder.mkdir(exist_ok=True)
    with pytest.raises(EngineError) as caught:
        convert(path, folder, what="a", progress=StepProgress())
    assert str(path) in str(caught.value)
    return caught.value


def test_unsupported_architecture(tmp_path: Path) -> None:
    """A file of another architecture is refused by name, with what can be used instead."""
    path = write_gguf(tmp_path / "a.gguf", tiny.model(), architecture="gemma3")

    error = refusal(path, tmp_path / "folder")

    assert isinstance(error, ModelNotFound)
    assert "gemma3; GGUF files of qwen2, qwen3 can be used" in str(error)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: w.add_rope_scaling_type(gguf.RopeScalingType.YARN), "yarn rope scaling"),
        (lambda w: w.add_uint16("split.count", 3), "one of 3 parts"),
    ],
)
def test_not_silently_wrong(
    tmp_path: Path, change: Callable[[GGUFWriter], None], says: str
) -> None:
    """What the conversion would lose without an error is refused instead."""
    error = refusal(
        write_gguf(tmp_path / "a.gguf", tiny.model(), change=change), tmp_path / "folder"
    )

    assert isinstance(error, ModelNotFound)
    assert says in str(error)


def test_missing_tensor(tmp_path: Path) -> None:
    """A file without one of its tensors is refused by the tensor's name."""
    name = "model.layers.1.mlp.up_proj.weight"

    error = refusal(
        write_gguf(tmp_path / "a.gguf", tiny.model(), leave_out=name), tmp_path / "folder"
    )

    assert isinstance(error, WeightsDamaged)
    assert name in str(error)


def test_surplus_tensor(tmp_path: Path) -> None:
    """A file with a tensor that has no place in the model is refused by the tensor's name."""
    path = write_gguf(
        tmp_path / "a.gguf",
        tiny.model(),
        change=lambda w: w.add_tensor("rope_freqs.weight", torch.ones(8).numpy()),
    )

    assert "rope_freqs.weight" in str(refusal(path, tmp_path / "folder"))


def test_wrong_shape(tmp_path: Path) -> None:
    """A tensor of another shape than the fields say is refused, with both shapes."""
    path = write_gguf(tmp_path / "a.gguf", tiny.model())
    key, uint32 = b"qwen2.feed_forward_length", struct.Struct("<II")
    before, after = uint32.pack(4, 96), uint32.pack(4, 95)
    path.write_bytes(path.read_bytes().replace(key + before, key + after))

    error = refusal(path, tmp_path / "folder")

    assert "(96, 64), not (95, 64)" in str(error)


def test_no_gguf(tmp_path: Path) -> None:
    """A file of another kind is told from a damaged one."""
    path = tmp_path / "a.gguf"
    path.write_bytes(b"PK\3\4" + bytes(100))

    assert isinstance(refusal(path, tmp_path / "folder"), ModelNotFound)


@given(cut=st.floats(0, 1, exclude_max=True))
def test_cut_short(source: Path, tmp_path_factory: pytest.TempPathFactory, cut: float) -> None:
    """A file that ends anywhere before its end is refused, and says so."""
    data = source.read_bytes()
    path = tmp_path_factory.mktemp("cut") / "a.gguf"
    # The writer pads the end of the last tensor to 32 bytes, which nobody would miss.
    path.write_bytes(data[: int(cut * (len(data) - 32))])

    with pytest.raises(WeightsDamaged, match="cut short"):
        read_header(path)


@given(flips=st.lists(st.tuples(st.integers(0, 8000), st.integers(1, 255)), min_size=1))
def test_damaged_header(
    source: Path, tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
) -> None:
    """Whatever bytes of the header change, it is read or refused: nothing else is raised."""
    data = bytearray(source.read_bytes())
    for position, mask in flips:
        data[position] ^= mask
    path = tmp_path_factory.mktemp("flip") / "a.gguf"
    path.write_bytes(data)

    try:
        read_header(path)
    except EngineError as error:
        assert str(path) in str(error)  # noqa: PT017 (either outcome is right)


def test_index_names_every_weight(converted: Path) -> None:
    """The index maps each weight to its file, and counts their bytes."""
    index = json.loads((converted / "model.safetensors.index.json").read_text())

    loaded = AutoModelForCausalLM.from_pretrained(converted)
    assert loaded.state_dict().keys() == index["weight_map"].keys()
    assert sum(p.nbytes for p in loaded.parameters()) == index["metadata"]["total_size"]

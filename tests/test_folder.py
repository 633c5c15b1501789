from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.convert import convert
from engine.errors import EngineError, ModelNotFound, WeightsDamaged
from engine.folder import HEAD_BYTES, check, digest_of, fingerprint
from tests import tiny
from tests.steps import StepProgress

INDEX = "model.safetensors.index.json"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder with several shards."""
    base = tmp_path_factory.mktemp("good")
    source = tiny.write_gguf(base / "a.gguf", tiny.model())
    (base / "model").mkdir()
    convert(source, base / "model", what="a", progress=StepProgress(), shard_bytes=60_000)
    return base / "model"


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """A copy to do harm to."""
    return Path(shutil.copytree(good, tmp_path / "model"))


def refusal(folder: Path) -> EngineError:
    with pytest.raises(EngineError) as caught:
        check(folder)
    return caught.value


def second_shard(folder: Path) -> Path:
    return sorted(folder.glob("*.safetensors"))[1]


def test_whole_folder(folder: Path) -> None:
    """A folder with all of its files is accepted, in shards or in one file."""
    check(folder)

    made = tiny.model()
    made.save_pretrained(folder.parent / "single")
    shutil.copy(folder / "tokenizer.json", folder.parent / "single")
    assert (folder.parent / "single" / "model.safetensors").exists()
    check(folder.parent / "single")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", INDEX])
def test_not_a_model(folder: Path, name: str) -> None:
    """A folder without configuration, tokenizer or weights is refused by what is missing."""
    (folder / name).unlink()

    error = refusal(folder)

    assert isinstance(error, ModelNotFound)
    assert name in str(error)
    assert str(folder) in str(error)


def test_pickles_are_not_read(folder: Path) -> None:
    """Pickled weights beside no safetensors are refused, and the message says why."""
    for file in folder.glob("model*"):
        file.unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")

    error = refusal(folder)

    assert isinstance(error, ModelNotFound)
    assert "pickles can run code" in str(error)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def overwrite(path: Path) -> None:
    path.write_bytes(b"<html>please log in to this network</html>")


def swap(path: Path) -> None:
    first = path.with_name(path.name.replace("00002-of", "00001-of"))
    path.write_bytes(first.read_bytes())


@pytest.mark.parametrize("harm", [cut, overwrite, swap, Path.unlink])
def test_damaged_shard(folder: Path, harm: Callable[[Path], None]) -> None:
    """A shard that is cut short, something else, another shard, or gone, is named."""
    shard = second_shard(folder)

    harm(shard)

    error = refusal(folder)
    assert isinstance(error, WeightsDamaged)
    assert str(shard) in str(error)


@pytest.mark.parametrize("name", ["config.json", INDEX])
@pytest.mark.parametrize("text", ["", "{", "[]", '{"weight_map": {}}', '{"weight_map": 3}', "\0"])
def test_damaged_json(folder: Path, name: str, text: str) -> None:
    """A configuration or index that is not what it should be is named."""
    (folder / name).write_text(text)

    assert str(folder / name) in str(refusal(folder))


def test_fingerprint_is_of_the_content(folder: Path) -> None:
    """Moving and touching the files changes nothing."""
    before = fingerprint(folder)
    moved = folder.rename(folder.parent / "elsewhere")
    for file in moved.iterdir():
        file.touch()
    (moved / "README.md").write_text("hello")
    (moved / "generation_config.json").write_text('{"temperature": 0.1}')

    assert before == fingerprint(moved)
    assert len(before) == 12


def one_weight(folder: Path) -> None:
    shard = second_shard(folder)
    shard.write_bytes(shard.read_bytes()[:-1] + b"!")


def template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(tiny.TEMPLATE.replace("user", "human") + " ")


def tokenizer(folder: Path) -> None:
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(json.dumps(json.loads(text), indent=1))


@pytest.mark.parametrize("change", [one_weight, template, tokenizer])
def test_fingerprint_changes_with(folder: Path, change: Callable[[Path], None]) -> None:
    """Other weights in files of the same size, another template or tokenizer: another model."""
    before = fingerprint(folder)

    change(folder)

    assert before != fingerprint(folder)


def test_digest_samples_the_rest(tmp_path: Path) -> None:
    """Beyond the first 16 MiB a change all over the file is noticed, at a fraction of its bytes."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(HEAD_BYTES + (64 << 20))
    before = digest_of([path])

    with path.open("r+b") as file:
        file.seek(HEAD_BYTES)
        file.write(b"\1" * (64 << 20))

    assert before != digest_of([path])

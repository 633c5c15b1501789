from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine import hub
from engine.errors import CacheUnusable, ModelNotFound
from engine.weights import locate
from tests import tiny
from tests.fake_hub import COMMIT, FakeHub, serving
from tests.steps import StepProgress

REPO = "yixin-tests/tiny"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of a model, with things in it that are not wanted."""
    base = tmp_path_factory.mktemp("hub")
    source = tiny.write_gguf(base / "a.gguf", tiny.model())
    made_from = locate(str(source), cache=base / "cache", progress=StepProgress()).folder
    folder = Path(shutil.copytree(made_from, base / "repository"))
    (folder / "manifest.json").unlink()
    for unwanted in ("pytorch_model.bin", "README.md", "onnx/config.json", "modeling.py"):
        (folder / unwanted).parent.mkdir(exist_ok=True)
        (folder / unwanted).write_bytes(b"\x80\x04.")
    return folder


@pytest.fixture
def server(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serving(REPO, published) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.fixture
def closed_port(monkeypatch: pytest.MonkeyPatch) -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", url)
    return url


def test_fetch(server: FakeHub, published: Path, tmp_path: Path) -> None:
    """A model is fetched from where HF_ENDPOINT points, without pickles, code or subfolders."""
    progress = StepProgress()

    weights = locate(REPO, cache=tmp_path / "cache", progress=progress)

    unwanted = {"pytorch_model.bin", "README.md", "onnx/config.json", "modeling.py"}
    assert set(server.files()) - unwanted == set(server.sent)
    assert (weights.name, weights.folder.name) == (REPO, COMMIT)
    assert progress.totals[f"Fetching {REPO}"] == sum(
        (published / name).stat().st_size for name in server.sent
    )
    assert AutoModelForCausalLM.from_pretrained(weights.folder).num_parameters() > 50_000
    assert AutoTokenizer.from_pretrained(weights.folder)("hello").input_ids != []


def test_no_network_needed_again(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was fetched once is used without asking the hub."""
    first = locate(REPO, cache=tmp_path, progress=StepProgress())
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    assert first == locate(REPO, cache=tmp_path, progress=StepProgress())


def test_broken_download_goes_on(server: FakeHub, tmp_path: Path) -> None:
    """A snapshot that lacks a file is completed: the missing file is fetched, no other."""
    weights = locate(REPO, cache=tmp_path, progress=StepProgress())
    (missing,) = weights.folder.glob("*.safetensors")
    missing.resolve().unlink()
    missing.unlink()
    server.sent.clear()

    again = locate(REPO, cache=tmp_path, progress=StepProgress())

    assert weights == again
    assert [missing.name] == server.sent


def test_what_another_program_fetched_in_part(server: FakeHub, tmp_path: Path) -> None:
    """A snapshot of which nobody says what belongs to it is looked through, and completed."""
    hf_hub_download(REPO, "config.json", cache_dir=tmp_path / "hub", endpoint=server.url)

    weights = locate(REPO, cache=tmp_path, progress=StepProgress())

    assert server.sent.count("config.json") == 1
    assert AutoModelForCausalLM.from_pretrained(weights.folder).num_parameters() > 50_000


@pytest.mark.filterwarnings("ignore:Not enough free disk space")  # the library's, on its way
def test_disk_full(server: FakeHub, small_disk: Path) -> None:
    """A disk that fills up while fetching is not reported as a hub out of reach."""

    def fill_up(what: str, done: int) -> None:
        with suppress(OSError), (small_disk / "ballast").open("wb") as file:
            while what.startswith("Fetching"):
                file.write(bytes(1 << 16))

    with pytest.raises(CacheUnusable, match=f"no room in {small_disk}/hub for {REPO}"):
        locate(REPO, cache=small_disk, progress=StepProgress(fill_up))


def test_unreachable(closed_port: str, tmp_path: Path) -> None:
    """A hub out of reach is reported within seconds, with the three ways out."""
    start = time.monotonic()

    with pytest.raises(ModelNotFound) as caught:
        locate("Qwen/Qwen2.5-0.5B-Instruct", cache=tmp_path, progress=StepProgress())

    assert time.monotonic() - start < 5
    message = str(caught.value)
    assert f"cannot get Qwen/Qwen2.5-0.5B-Instruct from {closed_port}" in message
    assert "HF_ENDPOINT to a mirror" in message
    assert "engine.model to its folder" in message
    assert "engine.model to bundled" in message


def test_silent_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that takes the connection and never answers is given up as quickly."""
    monkeypatch.setattr(hub, "ANSWER_WITHIN_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{mute.getsockname()[1]}")
        start = time.monotonic()

        with pytest.raises(ModelNotFound, match="Timeout"):
            locate(REPO, cache=tmp_path, progress=StepProgress())

    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("repo", "says"),
    [
        ("yixin-tests/nothing", "has no model yixin-tests/nothing"),
        ("yixin-tests/gated", "is gated"),
    ],
)
def test_not_to_be_had(server: FakeHub, tmp_path: Path, repo: str, says: str) -> None:
    """A repository that does not exist is told from one whose terms must be accepted."""
    with pytest.raises(ModelNotFound, match=says) as caught:
        locate(repo, cache=tmp_path, progress=StepProgress())

    assert "HF_TOKEN" in str(caught.value)


def test_pickles_only(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository without safetensors is refused before anything is fetched."""
    folder = Path(shutil.copytree(published, tmp_path / "repository"))
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    with serving(REPO, folder) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)

        with pytest.raises(ModelNotFound, match=r"holds no model\*\.safetensors"):
            locate(REPO, cache=tmp_path / "cache", progress=StepProgress())

    assert server.sent == []


def test_cache_that_is_a_file(server: FakeHub, tmp_path: Path) -> None:
    """A cache folder that cannot be written is named as that, not as a hub out of reach."""
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(CacheUnusable, match=r"engine\.cache_dir"):
        locate(REPO, cache=tmp_path / "cache", progress=StepProgress())

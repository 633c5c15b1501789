"""The number format is chosen by trying, and every format works on processors of all kinds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from engine import precision
from engine.precision import BYTES, SHARE, fastest, measure
from engine.progress import SILENT
from engine.weights import Weights
from tests.tiny import converted

ROOT = Path(__file__).resolve().parent.parent
ROUNDED, WHOLE = {"int4", "int8", "mixed"}, {"bf16", "fp32"}
#: Seconds of some machine; on it the more is rounded the faster.
SECONDS = {"int4": 1.0, "mixed": 2.0, "int8": 3.0, "bf16": 4.0, "fp32": 5.0}
#: Says what a tiny model reads and writes in each format, on whatever processor it is told it has.
SAY = """
import json, sys
from pathlib import Path
import engine  # before torch
import torch
from engine.features import Features, default_taps
from engine.linear import Int8Linear
from engine.model import Model
from engine.quantize import int8
from engine.sampler import Sampling
from engine.weights import Weights
from engine.work import finish

weights, said = Weights(Path(sys.argv[1]), "tiny", "0"), {}
for name in sys.argv[3:]:
    model = Model(weights, precision=name, threads=1, cache=Path(sys.argv[2]))
    prefix, rest = model.split(
        [{"role": "system", "content": "hi"}], [{"role": "user", "content": "hello"}]
    )
    sampling = Sampling(8, temperature=0, top_p=1, repetition_penalty=1)
    draft = finish(model.decode(prefix, rest, sampling))
    features = finish(Features(model, default_taps(2)).read(["hello", "x" * 40]))
    said[name] = (draft.text, draft.num_tokens, features.tolist())
ones = int8(torch.ones(16, 64))
said["ones"] = Int8Linear(ones["codes"], ones["scale"], None)(torch.ones(1, 64))[0, 0].item()
print(json.dumps(said))
"""
FORMATS = ("fp32", "bf16", "int8", "int4", "mixed", "auto")
PROCESSORS = {
    "this one": {},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "none of it": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "AVX-512 without VNNI": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
}


def chosen(
    cache: Path | None, *, rounds: bool = True, available: float = 1e12, width: int = 64
) -> str:
    return fastest(
        *(width, 96),
        rounds=rounds,
        num_weights=1000,
        available=int(available),
        cache=cache,
        progress=SILENT,
    )


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A cache in which this machine's seconds are ``SECONDS``."""
    chosen(tmp_path)
    file = tmp_path / "precision.json"
    [key] = json.loads(file.read_text())
    file.write_text(json.dumps({key: SECONDS}))
    return tmp_path


def test_every_format_this_machine_can_do_is_measured() -> None:
    """Positive seconds, and always of fp32."""
    found = measure(64, 96)

    assert {"fp32"} <= set(found) <= set(BYTES)
    assert all(seconds > 0 for seconds in found.values())


def test_what_answers_soonest_is_taken(known: Path) -> None:
    """Of all formats, or of those that do not round."""
    assert "int4" == chosen(known)
    assert "bf16" == chosen(known, rounds=False)


@pytest.mark.parametrize(
    ("num_bytes", "rounds", "expected"),
    [
        (BYTES["int4"], True, "int4"),
        (1.01 * BYTES["int4"], True, "int4"),
        (1e-3, True, "int4"),
        (1e-3, False, "bf16"),
        (3.0, False, "bf16"),
    ],
)
def test_only_what_fits_the_memory_is_taken(
    known: Path, num_bytes: float, rounds: bool, expected: str
) -> None:
    """A share of what is free is for the weights; the smallest where none fits."""
    assert expected == chosen(known, rounds=rounds, available=1000 * num_bytes / SHARE)


def test_a_quicker_format_that_does_not_fit_is_passed_over(known: Path) -> None:
    """int4 and int8 at once are the quickest here, and too much for this memory."""
    file = known / "precision.json"
    file.write_text(file.read_text().replace('"mixed": 2.0', '"mixed": 0.1'))

    assert "mixed" == chosen(known)
    assert "int4" == chosen(known, available=1000 * 1.1 / SHARE)


def test_a_measurement_is_remembered(known: Path) -> None:
    """The next start takes what the file says, and leaves it as it is."""
    before = (known / "precision.json").read_bytes()

    assert "int4" == chosen(known)
    assert before == (known / "precision.json").read_bytes()


def test_another_size_is_measured_anew(known: Path) -> None:
    """What is quickest for one model need not be for another."""
    before = (known / "precision.json").read_text()
    chosen(known, width=128)

    assert "96x128" in (known / "precision.json").read_text()
    assert before != (known / "precision.json").read_text()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "3", '{"KEY": 3}', '{"KEY": []}', '{"KEY": {"fp32": "x"}}',
    '{"KEY": {}}', '{"KEY": {"fp64": 1.0}}']
)  # fmt: skip
def test_a_damaged_file_is_measured_anew(known: Path, content: str) -> None:
    """Cut short, of another form or of another version: a choice is made all the same."""
    file = known / "precision.json"
    [key] = json.loads(file.read_text())
    file.write_text(content.replace("KEY", key))

    assert chosen(known) in BYTES
    assert {key} == set(json.loads(file.read_text()))


def test_what_cannot_be_kept_is_measured_each_time(tmp_path: Path) -> None:
    """A folder where the file should be, a file where the folder should be, no cache."""
    (tmp_path / "precision.json").mkdir()
    (tmp_path / "taken").write_text("")

    assert chosen(tmp_path) in BYTES
    assert chosen(tmp_path / "taken") in BYTES
    assert chosen(None) in BYTES


@pytest.mark.parametrize("width", [48, 100])
def test_a_width_that_int4_cannot_take_is_measured_without(width: int) -> None:
    """Groups of 32 do not fit: the other formats are there to choose from."""
    found = measure(width, 96)

    assert "int4" not in found
    assert set(found) >= {"fp32"}


def test_nothing_is_measured_that_cannot_be(monkeypatch: pytest.MonkeyPatch, known: Path) -> None:
    """A second start does not spend the tenths of a second again."""

    def never(*_: object) -> dict[str, float]:
        raise AssertionError("measured again")

    monkeypatch.setattr(precision, "measure", never)

    assert "int4" == chosen(known)


# -- other processors ------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return converted(tmp_path_factory.mktemp("tiny"))


def said(weights: Weights, cache: Path, processor: str, *formats: str) -> dict[str, list[object]]:
    done = subprocess.run(
        [sys.executable, "-c", SAY, str(weights.folder), str(cache), *formats],
        cwd=ROOT,
        env=os.environ | {"YIXIN_LOG": "", **PROCESSORS[processor]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr[-2000:]
    found: dict[str, list[object]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def here(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    return said(weights, tmp_path_factory.mktemp("here"), "this one", *FORMATS)


def some_of(processors: Iterable[str]) -> list[ParameterSet]:
    """The least of them; what lies between is for the long tests."""
    return [
        pytest.param(name, marks=[] if name == "none of it" else pytest.mark.soak)
        for name in processors
    ]


def far(one: object, other: object) -> float:
    import torch  # noqa: PLC0415

    return float((torch.tensor(one) - torch.tensor(other)).abs().max())


@pytest.mark.parametrize("processor", some_of(list(PROCESSORS)[1:]))
def test_every_format_works_on_every_processor(
    weights: Weights, tmp_path: Path, here: dict[str, list[object]], processor: str
) -> None:
    """Without AVX-512, bf16 or any vector unit: the same reply in fp32, features within rounding.

    Rounded weights are the same everywhere, so features in int4 and int8 differ little too.
    """
    there = said(weights, tmp_path, processor, *FORMATS)

    assert here["fp32"][:2] == there["fp32"][:2]
    assert far(here["fp32"][2], there["fp32"][2]) < 1e-3
    for name in ("bf16", "int4"):
        assert far(here[name][2], there[name][2]) < 0.1


@pytest.mark.parametrize("processor", some_of(PROCESSORS))
def test_int8_is_never_wrong_where_it_may_be_chosen(
    weights: Weights, tmp_path: Path, processor: str
) -> None:
    """Without VNNI, sums of two 8-bit products are cut off at 16 bits: 64 ones must make 64.

    oneDNN documents it ("int8 computations", instructions before VNNI); a format that is wrong
    must not be there to choose, however fast.
    """
    assert 64 == pytest.approx(said(weights, tmp_path, processor)["ones"], rel=1e-4)

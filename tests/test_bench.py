"""The bench: what it reckons, how it takes turns, and what becomes of contenders that fail."""

from __future__ import annotations

import asyncio
import io
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.bench import plot, table, texts
from cli.bench.child import Child
from cli.bench.contender import Contender, field_of, is_there, llamacpp, own
from cli.bench.figures import Figure, Measured, agreement, headlines, percentile, ratios
from cli.bench.race import Ask, alternated, race, settle
from cli.bench.results import Results
from cli.child.process import ChildFailed
from settings import Engine
from tests.program import PATIENCE_S, ROOT, Home, run
from tests.steps import StepProgress

ROUNDS = st.lists(st.none() | st.floats(0.001, 1e6), max_size=9)
#: The first level of ``bench --json``, as others rely on it.
FIELDS = (
    *("mood_vs_recipe", "mood_vs_llamacpp", "decode_vs_llamacpp", "batch8_vs_single"),
    *("moods_per_second", "mood_ms_idle", "mood_ms_while_replying"),
    *("ready_s", "rss_mb", "peak_mb"),
)
SETTINGS = Path("settings.yaml")


def scripted(name: str, diary: Path, *arguments: str) -> Contender:
    command = (sys.executable, "-m", "tests.scripted_contender", name, str(diary), *arguments)
    return Contender(name, command)


def asked(diary: Path) -> list[str]:
    lines = diary.read_text().splitlines()
    return [line for line in lines if " started " not in line]


# -- figures ---------------------------------------------------------------------------


@given(ROUNDS)
def test_a_figure_is_the_middle_of_the_rounds_that_gave_one(rounds: list[float | None]) -> None:
    """Median, lowest and highest of the values; None where no round has one."""
    values = [value for value in rounds if value is not None]
    figure = Figure.of(rounds)

    if not values:
        assert figure is None
    else:
        assert Figure(statistics.median(values), min(values), max(values)) == figure


@given(ROUNDS, ROUNDS)
def test_a_ratio_needs_both_sides_of_its_round(
    over: list[float | None], under: list[float | None]
) -> None:
    """A round of either alone has no ratio, and none is made of two rounds."""
    found = ratios(over, under)
    pairs = list(zip(over, under, strict=False))

    assert len(found) == max(len(over), len(under))
    assert [bool(one and other) for one, other in pairs] == [r is not None for r in found][
        : len(pairs)
    ]
    assert all(
        ratio is None or math.isclose(ratio * (other or 0), one or 0)
        for ratio, (one, other) in zip(found, pairs, strict=False)
    )


def test_ratios_are_made_round_by_round() -> None:
    """A round in which the machine was slow for both is no slower in the ratio."""
    measured: dict[str, Measured] = {
        "recipe": {"mood_ms": [500.0, 5000.0, 600.0]},
        "int4": {"mood_ms": [50.0, 500.0, 30.0], "decode_tokens_s": [40.0, 4.0, 60.0]},
        "llama.cpp": {"mood_ms": [100.0, None, 90.0], "decode_tokens_s": [20.0]},
    }
    found = headlines(measured, own="int4", recipe="recipe", llamacpp="llama.cpp")

    assert Figure(10.0, 10.0, 20.0) == found["mood_vs_recipe"]
    assert Figure(2.5, 2.0, 3.0) == found["mood_vs_llamacpp"]
    assert Figure(2.0, 2.0, 2.0) == found["decode_vs_llamacpp"]
    assert Figure(50.0, 30.0, 500.0) == found["mood_ms_idle"]
    assert found["batch8_vs_single"] is None


@given(st.lists(st.integers(0, 10**6), min_size=1))
def test_percentiles_are_of_the_values_themselves(values: list[int]) -> None:
    """None lies outside of what was measured, and the 95th is not under the 50th."""
    half, most = percentile(values, 50), percentile(values, 95)

    assert min(values) <= half <= most <= max(values)


def test_agreement_is_the_share_of_equal_tokens() -> None:
    """Three of four; and two models asked about different texts are a mistake."""
    assert agreement([1, 2, 3, 4], [1, 2, 9, 4]) == 0.75
    with pytest.raises(ValueError, match="longer"):
        agreement([1], [1, 2])


def test_the_messages_are_what_they_are_said_to_be() -> None:
    """Ten moods of 10–20 characters, 64 different lines, and no two chats alike."""
    assert [True] * 10 == [10 <= len(text) <= 20 for text in texts.MOODS]
    assert len(set(texts.LINES)) == 64
    assert texts.WARM_UP not in texts.MOODS
    assert len({texts.history(1, chat=chat)[0] for chat in range(100)}) == 100


# -- the race --------------------------------------------------------------------------


def test_contenders_take_turns_and_the_order_alternates(tmp_path: Path) -> None:
    """Figure by figure, round by round, contender by contender: there, back, there."""
    diary = tmp_path / "diary"
    outcomes = race(
        [scripted("a", diary), scripted("b", diary, "--can", "mood")],
        [Ask("mood", 4), Ask("decode"), Ask("unheard-of")],
        rounds=3,
        starts=1,
        what="Measuring",
        progress=StepProgress(),
    )

    moods = ["a mood 4", "b mood 4", "b mood 4", "a mood 4", "a mood 4", "b mood 4"]
    assert [*moods, *["a decode 0"] * 3] == asked(diary)
    assert outcomes["a"].by_figure["mood_of_4"] == [1.0] * 3
    assert outcomes["b"].by_figure.keys() == {"ready_s", "mood_of_4"}
    assert not outcomes["a"].errors


def test_starts_are_rounds_too(tmp_path: Path) -> None:
    """Each start of each contender is timed, and nobody is asked before the last of them."""
    diary = tmp_path / "diary"
    outcomes = race(
        [scripted("a", diary), scripted("b", diary)],
        [Ask("mood")],
        rounds=1,
        starts=2,
        what="Measuring",
        progress=StepProgress(),
    )
    names = [line.split()[0] for line in diary.read_text().splitlines()]

    assert ["a", "b", "b", "a", "a", "b"] == names
    assert [2, 2] == [len(outcomes[name].by_figure["ready_s"]) for name in "ab"]


@pytest.mark.parametrize(
    ("fault", "error", "asks"),
    [
        (("--dies-at", "mood"), {"mood": "ended with exit code 3"}, 1),
        (("--fails-at", "mood"), {"mood": "ValueError: no such luck"}, 4),
        (("--fails-at", "start"), {"start": "OSError: no weights"}, 0),
    ],
)
def test_a_contender_that_fails_costs_only_its_own_figures(
    tmp_path: Path, fault: tuple[str, str], error: dict[str, str], asks: int
) -> None:
    """It is left out or asked on, what happened is kept, and the others have all their figures."""
    diary = tmp_path / "diary"
    outcomes = race(
        [scripted("ill", diary, *fault), scripted("well", diary)],
        [Ask("mood"), Ask("decode")],
        rounds=2,
        starts=1,
        what="Measuring",
        progress=StepProgress(),
    )

    assert error == outcomes["ill"].errors
    assert asks == sum(line.startswith("ill") for line in asked(diary))
    assert {"ready_s": 1, "mood_of_0": 2, "decode_of_0": 2} == {
        figure: len(values) for figure, values in outcomes["well"].by_figure.items()
    }


def test_a_first_start_settles_what_later_ones_are_given(tmp_path: Path) -> None:
    """Arguments that a contender found out are part of its command; its failure is its reason."""
    settled = settle(scripted("a", tmp_path / "diary"))
    failed = settle(scripted("b", tmp_path / "diary", "--fails-at", "start"))

    assert ("--can", "decode") == settled.command[-2:]
    assert {"model": "scripted"} == settled.facts
    assert "OSError: no weights" == failed.missing


def test_what_is_missing_is_not_started(tmp_path: Path) -> None:
    """Neither first nor in the race; its row stays empty."""
    diary = tmp_path / "diary"
    missing = replace(scripted("a", diary), missing="not here")
    outcomes = race(
        [settle(missing)],
        [Ask("mood")],
        rounds=1,
        starts=1,
        what="Measuring",
        progress=StepProgress(),
    )

    assert not outcomes["a"].rounds
    assert not diary.exists()


@given(st.lists(st.integers(), unique=True), st.integers(0, 9))
def test_every_second_round_goes_back(items: list[int], number: int) -> None:
    """The same ones in every round; two rounds that follow each other mirror one another."""
    assert alternated(items, number) == alternated(items, number + 1)[::-1]
    assert alternated(items, 0) == items


# -- processes -------------------------------------------------------------------------


def test_a_contender_ends_with_its_parent_in_the_midst_of_work(tmp_path: Path) -> None:
    """kill -9 of the parent closes the pipe: the contender leaves though it is at work."""
    diary = tmp_path / "diary"
    contender = scripted("a", diary, "--hangs-at", "mood")
    program = (
        "from cli.bench.child import Child; from cli.bench.contender import Contender;"
        f"Child(Contender('a', {contender.command!r})).ask('mood', 0)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as parent:
        wait_until(lambda: diary.exists() and "a mood" in diary.read_text())
        child = psutil.Process(int(diary.read_text().split()[2]))
        parent.kill()

    wait_until(lambda: not child.is_running())


def test_a_child_that_is_asked_after_its_end_says_how_it_ended(tmp_path: Path) -> None:
    """No broken pipe reaches the run."""
    with Child(scripted("a", tmp_path / "diary", "--dies-at", "mood")) as child:
        for _ in range(2):
            with pytest.raises(ChildFailed, match="exit code 3"):
                child.ask("mood", 0)

        assert not child.is_alive


def test_an_idle_contender_takes_no_processor_time(tmp_path: Path) -> None:
    """Waiting for half a second costs less than a hundredth of it."""
    with Child(scripted("a", tmp_path / "diary")) as child:
        child.ask("mood", 0)
        process = psutil.Process(int((tmp_path / "diary").read_text().split()[2]))
        before = sum(process.cpu_times()[:2])
        time.sleep(0.5)

        assert sum(process.cpu_times()[:2]) - before < 0.02


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- contenders ------------------------------------------------------------------------


def test_every_precision_of_the_settings_takes_part() -> None:
    """A new one joins by itself; quick runs leave out fp32 alone, unless it is in use."""
    allowed = set(get_args(Engine.model_fields["precision"].annotation)) - {"auto"}
    peer = Contender("llama.cpp", ())

    def names(headline: str, *, is_quick: bool) -> list[str]:
        found = field_of(SETTINGS, peer, headline=headline, is_quick=is_quick)
        return [contender.name for contender in found]

    assert {"recipe", "llama.cpp", *allowed} == set(names("bf16", is_quick=False))
    assert allowed - {"fp32"} == set(names("bf16", is_quick=True)) - {"recipe", "llama.cpp"}
    assert "fp32" in names("fp32", is_quick=True)
    assert own("bf16", SETTINGS).command[-2:] == ("--precision", "bf16")


def test_a_missing_llamacpp_says_what_to_do(tmp_path: Path) -> None:
    """Without the library, without a file, with another's file: the reason and the way out."""
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")

    def missing(model: str, gguf: Path | None, *, is_installed: bool = True) -> str:
        return llamacpp(model, gguf, SETTINGS, is_installed=is_installed).missing

    assert "pip install llama-cpp-python" in missing("bundled", other, is_installed=False)
    assert "--gguf" in missing("bundled-small", None)
    assert "No such file" in missing("bundled-small", tmp_path / "none.gguf")
    assert "491,400,064" in missing("bundled-small", other)
    assert "" == missing(str(other), None)


# -- what is shown ---------------------------------------------------------------------


@pytest.fixture
def results() -> Results:
    return Results(
        model="bundled-small",
        precision="int4",
        machine={"cores": 2, "processor": "a processor"},
        measured={
            "recipe": {"mood_ms": [500.0, 520.0]},
            "int4": {"mood_ms": [50.0, 40.0], "decode_tokens_s": [50.0, 60.0]},
            "llama.cpp": {},
        },
        errors={"llama.cpp": ["name its file with --gguf"]},
        growth={"int4": {"history": [{"turns": 0, "tokens": 0, "ttft_ms": 40.0}]}},
        whole_path={"messages": 10, "first_answer_s": 3.1, "mood_ms": {"p50": 50, "p95": 70}},
    )


def test_the_json_object_has_every_field(results: Results) -> None:
    """All of the first level with their spreads, null where a peer is missing."""
    found = json.loads(json.dumps(results.as_json()))
    rest = "spread precision model machine contenders growth whole_path errors"

    assert [*FIELDS, *rest.split()] == list(found)
    assert list(FIELDS) == list(found["spread"])
    assert [11.5, [10.0, 13.0]] == [found["mood_vs_recipe"], found["spread"]["mood_vs_recipe"]]
    assert found["mood_vs_llamacpp"] is None
    assert found["spread"]["mood_vs_llamacpp"] is None
    assert {"median": 45.0, "spread": [40.0, 50.0]} == found["contenders"]["int4"]["mood_ms"]
    assert {} == found["contenders"]["llama.cpp"]


def test_the_table_says_what_is_missing_and_why(results: Results) -> None:
    """A row for each contender, a dash for what was not measured, and the reason below."""
    out = io.StringIO()
    table.show(results, Console(file=out, width=160))
    rows = [line for line in out.getvalue().splitlines() if "llama.cpp" in line]

    assert "–" in rows[0]
    assert "llama.cpp: name its file with --gguf" in rows
    assert "45" in out.getvalue()
    assert "40–50" in out.getvalue()


def test_a_figure_is_drawn(results: Results, tmp_path: Path) -> None:
    """A PNG, also where a peer and most of the growth are missing."""
    pytest.importorskip("matplotlib")
    plot.draw(results, tmp_path / "bench.png")

    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    """Another format, a folder that is not there, no library: said before anything runs."""
    reasons = [plot.lacks(tmp_path / name) for name in ("x.jpg", "none/x.png")]

    if not is_there("matplotlib"):
        assert ["pip install matplotlib" in reason for reason in reasons] == [True, True]
    else:
        assert ["only .png" in reasons[0], "no folder" in reasons[1]] == [True, True]
        assert "" == plot.lacks(tmp_path / "x.png")


# -- the program -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.furnish(tmp_path_factory.mktemp("home"))


def test_this_engine_is_measured_in_a_process_of_its_own(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One real contender on the tiny model, asked for a mood, a reply and its likeliest tokens."""
    for name, value in home.environment({}).items():
        monkeypatch.setenv(name, value)
    contender = own("int8", ROOT / "settings.yaml").given(
        "--replies", str(tmp_path / "replies.json")
    )
    with Child(contender) as child:
        asked = {ask: child.ask(ask, 100) for ask in ("mood", "decode", "write", "follow")}

    assert asked["mood"]["mood_ms"] > 0
    assert asked["decode"]["alone_tokens_s"] > 0
    assert 100 == len(asked["follow"])


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_bench_measures_real_contenders(home: Home) -> None:
    """``bench --quick --json`` on a tiny model: one object on stdout, every own figure in it."""
    ended = await run(home, "bench", "--quick", "--rounds", "1", "--json", patience_s=280)
    found = json.loads(ended.out)
    theirs = ("mood_vs_llamacpp", "decode_vs_llamacpp")

    assert ended.code == 0, ended.err
    assert {"llama.cpp"} >= found["errors"].keys()
    assert [] == [name for name in FIELDS if name not in theirs and not found[name] > 0]
    assert found["precision"] == "fp32"
    assert {"recipe", "fp32", "bf16", "int8", "int4", "mixed"} <= found["contenders"].keys()
    assert found["whole_path"]["messages"] == 10
    assert all(
        0 < found["whole_path"][f"{stage}_ms"]["p50"] <= found["whole_path"][f"{stage}_ms"]["p95"]
        for stage in ("mood", "reply", "whole_path", "example_messages")
    )


@pytest.mark.soak
async def test_bench_refuses_a_figure_it_cannot_draw_before_it_measures(home: Home) -> None:
    """Exit code 2 and the reason, and no contender was started."""
    ended = await run(home, "bench", "--plot", "figure.jpg")

    assert ended.code == 2
    assert "--plot" in ended.err
    assert "Measuring" not in ended.err


@pytest.mark.soak
async def test_bench_without_a_model_says_so(home: Home) -> None:
    """What keeps the engine from opening ends the run: there is nothing to measure."""
    ended = await run(home, "bench", "--quick", overrides={"ENGINE__MODEL": "./no/such/model"})

    assert ended.code == 1
    assert "./no/such/model" in ended.err
    assert "Traceback" not in ended.err


async def test_ctrl_c_ends_bench_and_all_that_it_started(home: Home) -> None:
    """SIGINT while a contender is there: the program leaves, none stays, no traceback."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "bot.py"), "bench", "--quick"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=home.environment({}),
    )
    async with asyncio.timeout(PATIENCE_S):
        while not (started := psutil.Process(process.pid).children(recursive=True)):
            await asyncio.sleep(0.1)
        await asyncio.sleep(1)  # it imports what it needs, the program waits for its first line
        os.kill(process.pid, signal.SIGINT)
        _, log = await process.communicate()

    assert [] == [child for child in started if child.is_running()]
    assert process.returncode != 0
    assert "Traceback" not in log.decode()

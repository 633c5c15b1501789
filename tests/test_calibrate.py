"""A head from labelled lines to a reading, and all that can stand in its way, as programs run."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.labelled import Labelled, read_labelled
from engine.mood import Mood
from tests.program import ROOT, Ended, Home, run

LABELLED = ROOT / "examples" / "labelled"
#: Of each label so many lines: enough for a head, few enough for a test.
OF_EACH = 14


def few(folder: Path, name: str) -> Path:
    """The first lines of each label of a file of the project, in its order."""
    path, taken = folder / name, Counter[str]()
    with (LABELLED / name).open(encoding="utf-8") as whole, path.open("w", encoding="utf-8") as out:
        for line in whole:
            label = json.loads(line)["label"]
            taken[label] += 1
            if taken[label] <= OF_EACH:
                out.write(line)
    return path


def ended(home: Home, *arguments: str, stdin: str = "", **overrides: str) -> Ended:
    return asyncio.run(run(home, *arguments, stdin=stdin.encode(), overrides=overrides))


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def heads(home: Home) -> list[Path]:
    return sorted((home.folder / "cache" / "heads").glob("*"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("labelled")
    names = ("moods.jsonl", "offence.jsonl", "distress.jsonl")
    return [str(few(folder, name)) for name in names]


@pytest.fixture(scope="module")
def fitting(tmp_path_factory: pytest.TempPathFactory, files: list[str]) -> tuple[Home, Ended]:
    """A home whose model has been calibrated, and what the program said meanwhile."""
    home = Home.furnish(tmp_path_factory.mktemp("home"))
    return home, ended(home, "calibrate", *files)


def test_calibrate_keeps_a_head_and_reports_on_it(
    fitting: tuple[Home, Ended], files: list[str]
) -> None:
    """Progress on stderr; on stdout a report a file, the thresholds, and where the head is."""
    home, done = fitting
    [head] = heads(home)

    assert (0, ".safetensors") == (done.code, head.suffix), done.err
    assert all(word in done.err for word in ("Reading messages", "Fitting", "done"))
    names = [Path(file).name for file in files]
    assert [] == [name for name in names if f"{name}: " not in done.out]
    assert "macro-F1" in done.out
    assert "Sure: angry " in done.out
    assert str(head) in done.out
    assert "Traceback" not in done.err


def test_the_head_is_then_used(fitting: tuple[Home, Ended], files: list[str]) -> None:
    """``mood --json`` reads with it: offence is a number, and distress comes from it too."""
    home, _ = fitting
    lines: list[Labelled] = [line for file in files for line in read_labelled(Path(file))]
    done = ended(home, "mood", "--json", stdin="\n".join(line.text for line in lines))
    rows = objects(done.out)

    assert 0 == done.code, done.err
    assert [line.text for line in lines] == [row["text"] for row in rows]
    assert all(0 <= row["offence"] <= 1 and -1 <= row["polarity"] <= 1 for row in rows)
    assert {True, False} == {row["distress"] for row in rows}


def test_without_a_head_label_words_are_scored(fitting: tuple[Home, Ended]) -> None:
    """``mood.head: none`` passes over the fitted head; offence is null then, not a guess."""
    home, _ = fitting
    done = ended(home, "mood", "--json", stdin="你好\n滚", MOOD__HEAD="none")

    assert (0, [None, None]) == (done.code, [row["offence"] for row in objects(done.out)])


def test_eval_prints_an_object_a_task(fitting: tuple[Home, Ended], files: list[str]) -> None:
    """On stdout JSON and nothing else, in the order of the files; progress on stderr."""
    home, _ = fitting
    done = ended(home, "eval", "--json", *files)
    cards = objects(done.out)

    assert 0 == done.code, done.err
    assert [
        ("moods.jsonl", "mood"),
        ("offence.jsonl", "offence"),
        ("distress.jsonl", "distress"),
    ] == [(card["file"], card["task"]) for card in cards]
    assert [6 * OF_EACH, 2 * OF_EACH, 2 * OF_EACH] == [card["lines"] for card in cards]
    for name in ("calibration_error", "neutral_as_angry", "right_where_surely_angry"):
        assert 0 <= cards[0][name] <= 1
    assert [list(Mood), ["offensive", "safe"], ["distress", "calm"]] == [
        card["labels"] for card in cards
    ]
    assert "Reading moods" in done.err


def test_eval_without_json_is_for_people(fitting: tuple[Home, Ended]) -> None:
    """A table a task, and the hard lines among them beside the whole."""
    done = ended(fitting[0], "eval", str(ROOT / "tests" / "messages" / "offence.jsonl"))

    assert 0 == done.code, done.err
    assert "offence.jsonl: offence, " in done.out
    assert "; of them " in done.out
    assert "rows: true, columns: said" in done.out


@pytest.mark.parametrize("command", [("calibrate",), ("eval", "--json")])
def test_a_command_without_files_says_so(fitting: tuple[Home, Ended], command: list[str]) -> None:
    """Exit code 2 and the usage."""
    done = ended(fitting[0], *command)

    assert (2, "") == (done.code, done.out)
    assert "FILE" in done.err


def test_too_few_lines_of_a_mood_are_counted(fitting: tuple[Home, Ended], tmp_path: Path) -> None:
    """Exit code 2 with the moods and their counts, before anything is read; no head changes."""
    home, _ = fitting
    path = tmp_path / "few.jsonl"
    labels = [*["happy"] * 12, *["angry"] * 9, "sad"]
    rows = [json.dumps({"text": f"{n}", "label": label}) for n, label in enumerate(labels)]
    path.write_text("\n".join(rows), encoding="utf-8")
    before = heads(home)[0].read_bytes()
    done = ended(home, "calibrate", str(path))

    assert (2, "") == (done.code, done.out)
    assert "angry 9, sad 1, fear 0, surprise 0, neutral 0;" in done.err
    assert "happy" not in done.err
    assert "Reading messages" not in done.err
    assert "Traceback" not in done.err
    assert before == heads(home)[0].read_bytes()


@pytest.mark.soak
def test_a_head_can_be_written_elsewhere_and_named(
    fitting: tuple[Home, Ended], files: list[str], tmp_path: Path
) -> None:
    """``--out`` writes there, whatever the path holds; the same lines make the same readings."""
    home, _ = fitting
    out = tmp_path / "a new folder" / "[mine].safetensors"
    before = heads(home)[0].stat().st_mtime_ns
    done = ended(home, "calibrate", "--out", str(out), *files)
    found = ended(home, "mood", "--json", stdin="你好\n滚\n")
    named = ended(home, "mood", "--json", stdin="你好\n滚\n", MOOD__HEAD=str(out))

    assert (0, 0) == (done.code, named.code), done.err + named.err
    assert f": {out}\n" in done.out
    assert before == heads(home)[0].stat().st_mtime_ns
    one, other = ([row["scores"] for row in objects(each.out)] for each in (found, named))
    assert [pytest.approx(scores, abs=0.01) for scores in one] == other


@pytest.mark.parametrize(
    ("command", "is_named"), [(("mood", "--json"), False), (("eval", "--json"), True), ((), False)]
)
def test_a_damaged_head_ends_the_program_by_name(
    fitting: tuple[Home, Ended],
    files: list[str],
    tmp_path: Path,
    command: tuple[str, ...],
    is_named: bool,
) -> None:
    """In the cache or named: exit code 2, the file and the way out, nothing on stdout."""
    home, _ = fitting
    shutil.copytree(home.folder / "cache", tmp_path / "cache")
    [head] = (tmp_path / "cache" / "heads").glob("*")
    head.write_bytes(head.read_bytes()[:-10])
    where = (
        {"MOOD__HEAD": str(head)} if is_named else {"ENGINE__CACHE_DIR": str(tmp_path / "cache")}
    )
    files = files[:1] if "eval" in command else []
    done = ended(home, *command, *files, AUDIT__FOLDER=str(tmp_path / "audit"), **where)

    assert (2, "") == (done.code, done.out)
    assert f"yixin: {head} is no head" in done.err
    assert "calibrate" in done.err
    assert "Traceback" not in done.err


def test_a_missing_head_ends_the_program_by_name(fitting: tuple[Home, Ended]) -> None:
    """A path that is none is not passed over in silence."""
    done = ended(fitting[0], "mood", "--json", stdin="你好", MOOD__HEAD="./nowhere.safetensors")

    assert (2, "") == (done.code, done.out)
    assert "no head file nowhere.safetensors" in done.err

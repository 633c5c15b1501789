"""Files of labelled messages: what is read, what is refused, and the files of the project."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from engine.errors import LabelsRefused
from engine.labelled import LABELS, Labelled, Task, by_task, read_labelled
from handlers.sanitize import clean
from tests.program import Home, run

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = sorted((ROOT / "examples" / "labelled").glob("*.jsonl"))
OWN = sorted((ROOT / "tests" / "messages").glob("*.jsonl"))
#: What makes a file no file of labelled messages, and what its refusal has to say.
FAULTS: dict[str, tuple[bytes, list[str]]] = {
    "empty": (b"", ["is empty", '"label"']),
    "blank": (b"\n  \n\n", ["is empty"]),
    "misspelt": (b'{"text": "a", "label": "agnry"}', ["line 1", "'agnry'", "did you mean angry?"]),
    "capital": (b'{"text": "a", "label": "Happy"}', ["'Happy'", "did you mean happy?"]),
    "unknown": (b'{"text": "a", "label": "xyz"}', ["'xyz'", "surprise", "offensive", "calm"]),
    "number": (b'{"text": "a", "label": 3}', ["line 1", "label is 3"]),
    "null": (b'{"text": "a", "label": null}', ["line 1", "None"]),
    "list": (b'{"text": "a", "label": ["happy"]}', ["line 1", "['happy']"]),
    "no label": (b'{"text": "a"}', ["line 1", "has no 'label'"]),
    "no text": (b'{"label": "happy"}', ["line 1", "has no 'text'"]),
    "void text": (b'{"text": " ", "label": "sad"}', ["line 1", "' '"]),
    "text of digits": (b'{"text": 1, "label": "sad"}', ["line 1", "text is 1"]),
    "no JSON": (b"happy: a", ["line 1", "no JSON object"]),
    "half a line": (b'{"text": "a", "lab', ["line 1", "no JSON object"]),
    "a JSON list": (b'["a", "happy"]', ["line 1", "no JSON object"]),
    "a JSON string": (b'"happy"', ["line 1", "no JSON object"]),
    "not UTF-8": ('{"text": "你好", "label": "sad"}'.encode("gb18030"), ["cannot be read"]),
}


def written(folder: Path, *lines: object) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def labels(*names: str) -> list[dict[str, str]]:
    return [{"text": f"message {n}", "label": name} for n, name in enumerate(names)]


def test_a_line_is_read_as_it_stands(tmp_path: Path) -> None:
    """Text, label, its task and the file's name; further fields are nobody's business."""
    path = written(
        tmp_path,
        {"text": " 你好\n", "label": "happy", "kind": "plain"},
        {"text": "滚", "label": "offensive", "hard": True},
    )

    assert read_labelled(path) == [
        Labelled(" 你好\n", Task.MOOD, "happy", "mine.jsonl"),
        Labelled("滚", Task.OFFENCE, "offensive", "mine.jsonl", is_hard=True),
    ]


def test_every_label_is_read_for_its_task(tmp_path: Path) -> None:
    """All labels of all tasks in one file; neutral is the mood there."""
    names = [label for every in LABELS.values() for label in every]
    read = by_task(read_labelled(written(tmp_path, *labels(*names))))

    assert {task: {x.label for x in lines} for task, lines in read.items()} == {
        task: set(LABELS[task]) - ({"neutral"} if task is Task.POLARITY else set()) for task in Task
    }


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (("positive",), Task.POLARITY),
        (("negative", "offensive"), Task.POLARITY),
        (("happy",), Task.MOOD),
        (("positive", "angry"), Task.MOOD),
        (("distress",), Task.MOOD),
        ((), Task.MOOD),
    ],
)
def test_neutral_is_what_the_rest_of_the_file_is_about(
    tmp_path: Path, others: tuple[str, ...], expected: Task
) -> None:
    """Beside positive or negative alone it is a sentiment; with a mood about, or alone, a mood."""
    neutral, *rest = read_labelled(written(tmp_path, *labels("neutral", *others)))

    assert expected is neutral.task
    assert list(others) == [line.label for line in rest]


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    """Blank lines are no messages, and a fault after them is named by the line an editor shows."""
    path = tmp_path / "mine.jsonl"
    path.write_text('\n{"text": "a", "label": "sad"}\r\n\n  \n', encoding="utf-8")

    assert 1 == len(read_labelled(path))
    with path.open("a", encoding="utf-8") as file:
        file.write("oops\n")
    with pytest.raises(LabelsRefused, match=r"mine\.jsonl line 5 "):
        read_labelled(path)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_names_file_line_value_and_way_out(tmp_path: Path, fault: str) -> None:
    """Nothing that is no labelled line gets past, and each refusal says where and what."""
    content, expected = FAULTS[fault]
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)

    with pytest.raises(LabelsRefused) as error:
        read_labelled(path)
    assert [part for part in [str(path), *expected] if part not in str(error.value)] == []


@pytest.mark.parametrize("path", ["nowhere.jsonl", "."])
def test_a_file_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    """A missing file or a folder: refused by its path."""
    with pytest.raises(LabelsRefused, match="cannot be read"):
        read_labelled(tmp_path / path)


@pytest.mark.parametrize("command", ["eval", "calibrate"])
async def test_a_fault_ends_the_program_before_a_model_is_loaded(
    tmp_path: Path, command: str
) -> None:
    """Exit code 2 and the message, though the model named does not even exist."""
    path = written(tmp_path, *labels("happy", "agnry"))
    ended = await run(
        Home.furnish(tmp_path), command, str(path), overrides={"ENGINE__MODEL": "./no/such/model"}
    )

    assert (2, "") == (ended.code, ended.out)
    assert f"yixin: {path} line 2: label is 'agnry' (did you mean angry?)" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("path", [*SHIPPED, *OWN], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_the_files_of_the_project_are_good(path: Path) -> None:
    """Each is about one task, has every label of it, and no message twice."""
    lines = read_labelled(path)
    [(task, _)] = by_task(lines).items()
    twice = [text for text, count in Counter(line.text for line in lines).items() if count > 1]

    assert set(LABELS[task]) == {line.label for line in lines}
    assert [] == twice


def test_no_message_is_both_fitted_on_and_measured_with() -> None:
    """Compared as the model is shown them, invisible characters and long runs taken out."""
    seen, held_out = (
        {clean(line.text) for path in paths for line in read_labelled(path)}
        for paths in (SHIPPED, OWN)
    )

    assert set() == seen & held_out


def test_the_projects_own_moods_are_many_balanced_and_partly_hard() -> None:
    """At least 300 messages, no mood twice as common as another, at least 40 marked as hard."""
    moods = [x for path in OWN for x in read_labelled(path) if x.task is Task.MOOD]
    counts = Counter(line.label for line in moods)

    assert 300 <= len(moods)
    assert set(LABELS[Task.MOOD]) == set(counts)
    assert max(counts.values()) < 2 * min(counts.values())
    assert 40 <= sum(line.is_hard for line in moods)

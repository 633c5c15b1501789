"""compare: two ways to answer, side by side, for a person who must not know which is which."""

from __future__ import annotations

import io
import json
import math
import os
import pty
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.child.process import ChildFailed, ChildProcess
from cli.compare import pairs
from cli.compare.answers import Answerer, Way
from cli.compare.journal import JournalRefused
from cli.compare.judge import SILENCE, judged
from cli.compare.messages import MessagesRefused, read_messages
from cli.compare.pairs import Mark, Marked, Pair, latest
from cli.compare.session import Session, beside
from cli.compare.tally import Tally
from engine.weights import Weights
from tests.program import ROOT, Home, run

TEXTS = ["在吗", "你是谁", "哈哈哈哈", "晚安"]
HOSTILE = "[red]a[/red] :smile:\x1b[31mred\x07\r\x9b2J\u202eevil\u2028next"


@dataclass
class Scripted:
    """One way to answer that says who it is, and remembers what it was asked."""

    name: str
    asked: list[str] = field(default_factory=list)
    fails_at: str = ""
    num_closed: int = 0

    def answer(self, texts: Sequence[str]) -> Generator[str, None, None]:
        try:
            for text in texts:
                if text == self.fails_at:
                    raise ChildFailed("ended with exit code 3")
                self.asked.append(text)
                yield self.reply(text)
        finally:
            self.num_closed += 1

    def reply(self, text: str) -> str:
        return f"{text} answered by {self.name}"


class Typist:
    """Types the given words, one at each prompt; a callable one is called."""

    def __init__(self, *typed: str | BaseException) -> None:
        self._typed = iter(typed)

    def __call__(self, prompt: str) -> str:
        word = next(self._typed)
        if isinstance(word, BaseException):
            raise word
        return word


class Sitting:
    """A file of messages, two scripted ways, and what is seen on the screen."""

    def __init__(self, folder: Path, texts: Sequence[str] = TEXTS) -> None:
        self.file = folder / "messages.txt"
        self.texts = list(texts)
        self.own, self.recipe = Scripted("一"), Scripted("二")
        self.ways = {
            Way.RECIPE: Answerer("small", self.recipe.answer),
            Way.OWN: Answerer("small, settings 1", self.own.answer),
        }

    def sit(self, *typed: str | BaseException, seed: int = 0, marks: Path | None = None) -> str:
        """What is shown to a person who types this; to a pipe where nothing is typed."""
        screen = io.StringIO()
        console = Console(file=screen, width=100, highlight=False)
        ask = Typist(*typed) if typed else None
        Session(self.file, marks, console, ask).run(self.texts, self.ways, seed)
        return screen.getvalue()

    @property
    def marks(self) -> list[Marked]:
        return pairs.journal(beside(self.file, "marks")).read()


@pytest.fixture
def sitting(tmp_path: Path) -> Sitting:
    return Sitting(tmp_path)


def marked(own: int, recipe: int, both: int, neither: int) -> list[Marked]:
    """So many marks of each kind; A and B change places all along."""
    kinds = [Way.OWN] * own + [Way.RECIPE] * recipe + [Mark.BOTH] * both + [Mark.NEITHER] * neither
    found = []
    for number, kind in enumerate(kinds):
        a_is = list(Way)[number % 2]
        mark = kind if isinstance(kind, Mark) else (Mark.A if kind is a_is else Mark.B)
        found.append(Marked(str(number), "甲", "乙", a_is, mark))
    return found


# -- messages --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lines.txt", "在吗\n\n你是谁\r\n在吗\n"),
        ("lines.txt", "\ufeff在吗\n  你是谁  "),
        ("objects.jsonl", '{"text": "在吗", "topic": "greeting"}\n{"text": "你是谁"}\n'),
        ("objects.txt", '\n{"text": "在吗"}\n{"text": " 你是谁\\n"}'),
    ],
)
def test_messages_are_lines_or_objects(tmp_path: Path, name: str, content: str) -> None:
    """Either form, each message once and in order, blank lines and a byte order mark aside."""
    path = tmp_path / name
    path.write_bytes(content.encode())

    assert ["在吗", "你是谁"] == read_messages(path)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", b"", "a.txt is empty; it takes one message a line"),
        ("a.txt", b" \n\n", "is empty"),
        ("a.txt", b"ok\n\xff\n", "a.txt line 2 is not UTF-8"),
        ("a.txt", b"ok\n" + b"x" * 4001, "line 2: a message of 4001 characters; it takes 1 to"),
        ("a.jsonl", b'{"text": "ok"}\noops\n', "a.jsonl line 2 is no JSON; a line is"),
        ("a.jsonl", b'\n["ok"]', "line 2 has no text; a line is"),
        ("a.txt", b'{"text": "ok"}\n{"text": 3}', "line 2 has no text"),
        ("a.jsonl", b'{"text": "\\n"}', "line 1: a message of 0 characters"),
        ("none.txt", None, "none.txt: No such file or directory; it takes"),
    ],
)
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, name: str, content: bytes | None, error: str
) -> None:
    """The error names the file, the line and what is allowed."""
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(MessagesRefused) as refused:
        read_messages(tmp_path / name)
    assert error in str(refused.value)


# -- the order -------------------------------------------------------------------------


def test_the_order_is_the_seeds_and_tells_nothing() -> None:
    """The same seed gives the same order whatever came before; about half of A is either way."""
    replies = {Way.OWN: "甲", Way.RECIPE: "乙"}
    shuffled = [Pair.shuffled(str(n), replies, 0) for n in range(400)]
    other = [Pair.shuffled(str(n), replies, 1) for n in range(400)]

    assert shuffled[7] == Pair.shuffled("7", replies, 0)
    assert all(pair.a == replies[pair.a_is] != pair.b for pair in shuffled)
    assert all(150 < sum(pair.a_is is Way.OWN for pair in each) < 250 for each in (shuffled, other))
    assert 150 < sum(one == two for one, two in zip(shuffled, other, strict=True)) < 250


# -- marking ---------------------------------------------------------------------------


def test_a_person_sees_both_answers_and_not_whose_they_are(sitting: Sitting) -> None:
    """Message, A and B of every pair; neither way is named until the tally."""
    seen = sitting.sit("a", "B", "=", "0")
    shown, _, told = seen.rpartition("this way was better")

    for text in TEXTS:
        assert sitting.own.reply(text) in shown
        assert sitting.recipe.reply(text) in shown
    assert not any(word in shown for word in ("own", "recipe", "this way"))
    assert "both were fine" in told


def test_marks_are_kept_as_they_are_given(sitting: Sitting) -> None:
    """Each line holds text, a, b, which way a is, and the mark; on disk before the next pair."""
    path = beside(sitting.file, "marks")
    sitting.sit("A", "b", "=", "0")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    assert ["A", "B", "=", "0"] == [line["mark"] for line in lines]
    assert [{"text", "a", "b", "a_is", "mark"}] * 4 == [set(line) for line in lines]
    for line in lines:
        way = sitting.own if line["a_is"] == "own" else sitting.recipe
        assert way.reply(line["text"]) == line["a"]


@pytest.mark.parametrize("end", ["q", "Ｑ", KeyboardInterrupt(), EOFError()])
def test_an_interrupted_session_goes_on_where_it_was(
    sitting: Sitting, end: str | BaseException
) -> None:
    """q, Ctrl-C and Ctrl-D keep what was marked; the next sitting asks for the rest alone."""
    first = sitting.sit("a", "b", end)
    second = sitting.sit("=", "0", seed=9)

    assert "2 of 4 are left" in first
    assert "1 of 2" in second
    assert "left" not in second
    assert TEXTS == [each.text for each in sitting.marks]
    assert "AB=0" == "".join(each.mark for each in sitting.marks)


def test_nothing_is_answered_twice(sitting: Sitting) -> None:
    """Answers are kept beside the file; a way whose settings changed answers anew, alone."""
    sitting.sit("q")
    sitting.sit("q")
    sitting.ways[Way.OWN] = Answerer("small, settings 2", sitting.own.answer)
    sitting.sit("q")

    assert TEXTS == sitting.recipe.asked
    assert TEXTS * 2 == sitting.own.asked
    assert (1, 2) == (sitting.recipe.num_closed, sitting.own.num_closed)


def test_a_way_that_fails_keeps_what_it_answered(sitting: Sitting) -> None:
    """The next start asks from where it failed on."""
    sitting.recipe.fails_at = "哈哈哈哈"
    with pytest.raises(ChildFailed):
        sitting.sit("q")
    sitting.recipe.fails_at = ""
    sitting.sit("q")

    assert TEXTS == sitting.recipe.asked
    assert TEXTS == sitting.own.asked


def test_other_answers_are_judged_anew(sitting: Sitting) -> None:
    """A mark is about two answers: where one has changed, the pair is asked for and counts once."""
    sitting.sit("a", "a", "a", "a")
    sitting.own.name = "三"
    sitting.ways[Way.OWN] = Answerer("small, settings 2", sitting.own.answer)
    seen = sitting.sit("=", "=", "=", "q")

    assert "1 of 4 are left" in seen
    assert "3  both were fine (100% of 3)" in seen
    assert 4 == len(latest(sitting.marks))


def test_what_is_no_mark_is_asked_for_again(sitting: Sitting) -> None:
    """Other words mean nothing; an input method's wide letters are letters."""
    sitting.sit("", "c", "AB", "Ａ", "＝", "０", "ｂ")

    assert "A=0B" == "".join(each.mark for each in sitting.marks)


def test_two_people_judge_the_same_answers(sitting: Sitting, tmp_path: Path) -> None:
    """--marks keeps the marks of each apart; the answers are shared."""
    mine, theirs = tmp_path / "mine.jsonl", tmp_path / "theirs.jsonl"
    sitting.sit(*"AAAA", marks=mine)
    sitting.sit(*"BBBB", marks=theirs, seed=3)
    either = [pairs.journal(path).read() for path in (mine, theirs)]

    assert [{Mark.A}, {Mark.B}] == [{each.mark for each in marks} for marks in either]
    assert TEXTS == sitting.own.asked
    assert not beside(sitting.file, "marks").exists()


@pytest.mark.parametrize("width", [40, 100])
def test_texts_are_neither_markup_nor_commands_to_the_terminal(width: int) -> None:
    """On a screen of any width and on a pipe: escapes are shown, line ends of answers stay."""
    screen = io.StringIO()
    console = Console(file=screen, width=width, highlight=False)
    pair = Pair(HOSTILE, f"第一行\n{HOSTILE}", "", Way.OWN)
    list(judged([pair], console, Typist("q")))
    seen = screen.getvalue()

    assert not set("\x1b\x07\r\x9b\u202e\u2028") & set(seen)
    assert "[red]a[/red]" in seen
    assert ":smile:" in seen
    assert SILENCE in seen


@pytest.mark.parametrize("width", [30, 60, 100])
def test_an_answer_is_shown_whole(width: int) -> None:
    """However long it is and without a space to break it at: a cut answer cannot be judged."""
    screen = io.StringIO()
    console = Console(file=screen, width=width, highlight=False)
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 200)))
    list(judged([Pair(long, long, long[::-1], Way.OWN)], console, Typist("q")))

    assert Counter(long * 3) == Counter(char for char in screen.getvalue() if char in long)


def test_on_a_pipe_nothing_is_asked(tmp_path: Path) -> None:
    """The pairs as lines, unlabelled, and how to mark them; hostile texts are spelled out."""
    sitting = Sitting(tmp_path, [*TEXTS, HOSTILE])
    seen = sitting.sit(seed=4)
    blocks = seen.split("\n\n")

    assert 6 == len(blocks)
    assert ["1 of 5", "   在吗"] == blocks[0].split("\n")[:2]
    assert {f"A: {sitting.own.reply('在吗')}", f"B: {sitting.own.reply('在吗')}"} & set(
        blocks[0].split("\n")
    )
    assert [True] * 5 == [block.count("\nA: ") == block.count("\nB: ") == 1 for block in blocks[:5]]
    assert "run this command in a terminal" in blocks[5]
    assert not set("\x1b\x07\r\x9b\u202e\u2028") & set(seen)
    assert not any(word in seen for word in ("own", "recipe", "this way"))
    assert [] == sitting.marks


# -- the file of marks -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("oops", "line 2: Invalid JSON"),
        ('{"text": "在吗", "a": "甲", "b": "乙", "a_is": "own"}', "line 2: mark: Field required"),
        (
            '{"text": "在吗", "a": "甲", "b": "乙", "a_is": "own", "mark": "C"}',
            "line 2: mark: Input should be 'A', 'B', '=' or '0'",
        ),
        (
            '{"text": "在吗", "a": "甲", "b": "乙", "a_is": "mine", "mark": "A"}',
            "line 2: a_is: Input should be 'own' or 'recipe'",
        ),
    ],
)
def test_a_line_that_is_no_mark_is_refused(sitting: Sitting, line: str, error: str) -> None:
    """Before anything is answered, with the file, the line, the field and an example."""
    beside(sitting.file, "marks").write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(JournalRefused) as refused:
        sitting.sit("q")

    assert f"messages.txt.marks.jsonl {error}" in str(refused.value)
    assert '; a line is {"text":"在吗",' in str(refused.value)
    assert [] == sitting.recipe.asked


def test_a_file_edited_by_hand_is_gone_on_with(sitting: Sitting) -> None:
    """Without a line end at its end, and with a field of the reader's own."""
    sitting.sit("a", "q")
    path = beside(sitting.file, "marks")
    path.write_text(path.read_text("utf-8").rstrip()[:-1] + ', "note": "好"}', "utf-8")
    sitting.sit("b", "q")

    assert [Mark.A, Mark.B] == [each.mark for each in sitting.marks]


# -- the tally -------------------------------------------------------------------------


def test_the_tally_counts_what_was_preferred() -> None:
    """Wherever A and B stood."""
    tally = Tally.of(marked(9, 1, 3, 2))

    assert Tally(own=9, recipe=1, both=3, neither=2) == tally
    assert math.isclose(tally.chance, 22 / 1024)
    assert [
        "   9  this way was better (60% of 15)",
        "   1  the article's recipe was better (7% of 15)",
        "   3  both were fine (20% of 15)",
        "   2  neither was (13% of 15)",
        "This way was preferred 9 times of 10. Were the two equally good, a difference this large "
        "would come by chance in 2.1 % of such comparisons: this is probably not chance "
        "(sign test, p = 0.021).",
    ] == list(tally.lines())


@pytest.mark.parametrize(
    ("own", "recipe", "words"),
    [
        (0, 0, "No message preferred one way"),
        (3, 3, "Each way was preferred 3 times: no difference."),
        (1, 0, "in 100 % of such comparisons: this may well be chance (sign test, p = 1)"),
        (2, 5, "The article's recipe was preferred 5 times of 7."),
        (2, 5, "this may well be chance (sign test, p = 0.45)"),
        (100, 10, "less than 0.1 % of such comparisons: this is hardly chance"),
    ],
)
def test_the_figures_are_put_into_words(own: int, recipe: int, words: str) -> None:
    """Who was preferred, and whether that says anything."""
    assert words in list(Tally(own, recipe, 1, 1).lines())[-1]


@given(st.integers(0, 300), st.integers(0, 300))
def test_chance_is_a_probability_and_the_same_for_both_sides(own: int, recipe: int) -> None:
    """Between 0 and 1, never an overflow, and smaller the further the two are apart."""
    chance = Tally(own, recipe, 0, 0).chance

    assert 0 <= chance <= 1
    assert chance == Tally(recipe, own, 0, 0).chance
    assert Tally(max(own, recipe) + 1, min(own, recipe), 0, 0).chance <= chance


# -- processes -------------------------------------------------------------------------


def test_a_child_answers_until_it_ends() -> None:
    """Texts of any kind come back whole; its end is told as an error, not a broken pipe."""
    command = (sys.executable, "-m", "tests.scripted_article", "--dies-at", "再见")
    with ChildProcess(command) as child:
        replies = [child.exchange({"text": text})["reply"] for text in ("在吗", HOSTILE)]
        with pytest.raises(ChildFailed, match="exit code 3"):
            child.exchange({"text": "再见"})

    assert [f"作为一个AI，{text}" for text in ("在吗", HOSTILE)] == replies
    assert not child.is_alive


# -- the program -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.furnish(tmp_path_factory.mktemp("home"))


async def test_marks_alone_are_tallied(home: Home, tmp_path: Path) -> None:
    """``--marks`` of a finished session: the tally on stdout, no model loaded."""
    journal = pairs.journal(tmp_path / "done.jsonl")
    for each in marked(2, 1, 0, 1):
        journal.add(each)
    ended = await run(
        home, "compare", "--marks", str(journal.path), overrides={"ENGINE__MODEL": "./none"}
    )

    assert ended.code == 0, ended.err
    assert "2  this way was better (50% of 4)" in ended.out
    assert "" == ended.err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), "compare takes a FILE of messages (one message a line"),
        (("none.txt",), "none.txt: No such file"),
        (("--marks", "none.jsonl"), "none.jsonl: no marks there"),
    ],
)
async def test_nothing_to_compare_exits_2(
    home: Home, arguments: tuple[str, ...], error: str
) -> None:
    """One line that says what is missing and what is taken."""
    ended = await run(home, "compare", *arguments)

    assert (2, "") == (ended.code, ended.out)
    assert error in ended.err
    assert "Traceback" not in ended.err


class Terminal:
    """The program in a pseudo-terminal, typed at by a person who reads first."""

    def __init__(self, home: Home, *arguments: str) -> None:
        self._end, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "bot.py"), *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=home.environment({}) | {"TERM": "xterm", "COLUMNS": "100"},
            cwd=home.folder,
            start_new_session=True,
        )
        os.close(theirs)
        self._seen = ""

    def answer(self, typed: str) -> str:
        """What was shown up to the next prompt; then this is typed."""
        shown = self._until(lambda: "Better? " in self._seen)
        os.write(self._end, typed.encode())
        return shown

    def interrupt(self) -> str:
        """Ctrl-C at the next prompt, and what is shown from there to the end."""
        self._until(lambda: "Better? " in self._seen)
        self._process.send_signal(signal.SIGINT)
        return self.rest()

    def rest(self) -> str:
        """What is shown from there to the end."""
        return self._until(lambda: False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        _, errors = self._process.communicate()
        os.close(self._end)
        assert "Traceback" not in errors.decode()

    def _until(self, is_there: Callable[[], bool]) -> str:
        deadline = time.monotonic() + 90
        while not is_there():
            assert time.monotonic() < deadline, self._seen
            try:
                chunk = os.read(self._end, 65_536)
            except OSError:  # how Linux tells that the other end is closed
                break
            if not chunk:
                break
            self._seen += chunk.decode(errors="replace")
        shown, self._seen = self._seen, ""
        return shown


@pytest.mark.soak
def test_the_program_asks_in_a_terminal(home: Home) -> None:
    """Answers of the real two ways on a tiny model, marks typed in a terminal, Ctrl-C, again."""
    (home.folder / "two.txt").write_text("在吗\n你是谁\n", "utf-8")
    with Terminal(home, "compare", "two.txt") as terminal:
        first, interrupted = terminal.answer("a\n"), terminal.interrupt()
    with Terminal(home, "compare", "two.txt") as terminal:
        second, finished = terminal.answer("0\n"), terminal.rest()

    assert "1 of 2" in first
    assert "在吗" in first
    assert "1 of 2 are left" in interrupted
    assert "1 of 1" in second
    assert "你是谁" in second
    assert "(50% of 2)" in finished
    marks = pairs.journal(home.folder / "two.txt.marks.jsonl").read()
    assert [("在吗", Mark.A), ("你是谁", Mark.NEITHER)] == [(m.text, m.mark) for m in marks]


@pytest.mark.model
@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_both_ways_answer_with_the_real_model(small_weights: Weights, tmp_path: Path) -> None:
    """Two messages through both, on a pipe: four answers, progress on stderr, nothing else."""
    file = tmp_path / "two.txt"
    file.write_text("在吗\n晚安\n", "utf-8")
    cache = {"ENGINE__CACHE_DIR": str(small_weights.folder.parent.parent)}
    real = {"ENGINE__MODEL": "bundled-small", "ENGINE__MAX_NEW_TOKENS": "96"}
    ended = await run(Home.furnish(tmp_path), "compare", str(file), overrides=real | cache)
    blocks: Iterator[str] = iter(ended.out.split("\n\n"))

    assert ended.code == 0, ended.err
    for number, text in enumerate(("在吗", "晚安"), 1):
        head, message, *answers = next(blocks).split("\n")
        assert (f"{number} of 2", f"   {text}") == (head, message)
        assert ["A: ", "B: "] == [line[:3] for line in answers if line[:1] in "AB"]
        assert all(len(line) > 3 for line in answers)
    for wait in ("Loading the model in fp32", "Answers of the article's recipe", "of this way"):
        assert wait in ended.err

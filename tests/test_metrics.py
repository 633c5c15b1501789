"""Figures of readings, against cases small enough to count by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.metrics import NUM_BINS, Confusion, calibration_error

LABELS = ("a", "b", "c")
#: True and said: of a 2 of 3 found, of b 1 of 2, c said once and never true.
TRUE = ("a", "a", "a", "b", "b")
SAID = ("a", "a", "b", "b", "c")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), max_size=30)
READINGS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def counted(pairs: list[tuple[str, str]]) -> Confusion:
    return Confusion.of(LABELS, [one for one, _ in pairs], [other for _, other in pairs])


def test_pairs_are_counted_true_by_row_and_said_by_column() -> None:
    """Rows and columns stand in the order of the labels."""
    confusion = Confusion.of(LABELS, TRUE, SAID)

    assert ((2, 1, 0), (0, 1, 1), (0, 0, 0)) == confusion.counts
    assert 5 == confusion.total


@pytest.mark.parametrize(
    ("label", "precision", "recall", "f1"),
    [("a", 1, 2 / 3, 4 / 5), ("b", 1 / 2, 1 / 2, 1 / 2), ("c", 0, 0, 0)],
)
def test_precision_recall_and_f1_of_a_label(
    label: str, precision: float, recall: float, f1: float
) -> None:
    """As counted by hand; a label that never occurs has zeros, not an error."""
    confusion = Confusion.of(LABELS, TRUE, SAID)
    found = confusion.precision(label), confusion.recall(label), confusion.f1(label)

    assert pytest.approx((precision, recall, f1)) == found


def test_macro_f1_is_the_mean_over_the_labels_that_occur() -> None:
    """Of a (0.8) and b (0.5); c is said once but never true, which has cost b already."""
    confusion = Confusion.of(LABELS, TRUE, SAID)

    assert pytest.approx(0.65) == confusion.macro_f1
    assert pytest.approx(3 / 5) == confusion.accuracy


def test_nothing_read_is_worth_nothing() -> None:
    """No pair at all gives zeros instead of a division by zero."""
    empty = Confusion.of(LABELS, (), ())

    assert (0, 0, 0, 0) == (empty.total, empty.accuracy, empty.macro_f1, empty.recall("a"))


def test_labels_that_are_none_are_refused() -> None:
    """A true or said label outside the list is an error that names it; so are unequal lengths."""
    for true, said in ((("d",), ("a",)), (("a",), ("d",))):
        with pytest.raises(ValueError, match=r"'d'.*a, b, c"):
            Confusion.of(LABELS, true, said)
    with pytest.raises(ValueError, match="shorter"):
        Confusion.of(LABELS, ("a", "b"), ("a",))


@given(PAIRS, st.randoms())
def test_the_order_of_messages_does_not_matter(
    pairs: list[tuple[str, str]], chance: object
) -> None:
    """The same pairs in any order give the same figures."""
    mixed = sorted(pairs, key=lambda _: chance.random())  # type: ignore[attr-defined]

    assert counted(pairs) == counted(mixed)


@given(PAIRS)
def test_repeating_every_message_changes_no_share(pairs: list[tuple[str, str]]) -> None:
    """Twice the same messages: twice the counts, the same accuracy and macro-F1."""
    once, twice = counted(pairs), counted(pairs * 2)

    assert 2 * once.total == twice.total
    assert (once.accuracy, once.macro_f1) == (twice.accuracy, twice.macro_f1)


@given(PAIRS)
def test_true_and_said_swapped_swaps_precision_and_recall(pairs: list[tuple[str, str]]) -> None:
    """Precision is recall seen from the other side, and F1 is the same from both."""
    one, other = counted(pairs), counted([(b, a) for a, b in pairs])
    for label in LABELS:
        assert one.precision(label) == other.recall(label)
        assert one.f1(label) == other.f1(label)


@given(PAIRS.filter(bool))
def test_every_share_is_between_0_and_1_and_all_right_is_1(pairs: list[tuple[str, str]]) -> None:
    """Whatever was said; and where all of it was true, accuracy and macro-F1 are 1."""
    some, right = counted(pairs), counted([(a, a) for a, _ in pairs])

    assert 0 <= some.macro_f1 <= 1
    assert 0 <= some.accuracy <= 1
    assert pytest.approx((1, 1)) == (right.accuracy, right.macro_f1)


@pytest.mark.parametrize(
    ("confidences", "right", "expected"),
    [
        ((1.0, 1.0), (True, True), 0.0),
        ((1.0, 1.0), (False, False), 1.0),
        ((0.5, 0.5), (True, False), 0.0),
        ((0.9,) * 10, (True,) * 6 + (False,) * 4, 0.3),
        # Two bins: 0.1 too little trust in half of the messages, 0.3 too much in the other half.
        ((0.9,) * 2 + (0.3,) * 2, (True, True, False, False), (0.1 + 0.3) / 2),
        ((0.0,), (True,), 1.0),
        ((), (), 0.0),
    ],
)
def test_calibration_error_of_small_cases(
    confidences: tuple[float, ...], right: tuple[bool, ...], expected: float
) -> None:
    """The gap of each bin, weighed by how many messages are in it."""
    assert pytest.approx(expected) == calibration_error(confidences, right)


@given(READINGS, st.randoms())
def test_calibration_error_is_a_share_and_knows_no_order(
    readings: list[tuple[float, bool]], chance: object
) -> None:
    """Between 0 and 1, and the same for the same messages in any order."""
    mixed = sorted(readings, key=lambda _: chance.random())  # type: ignore[attr-defined]
    found = calibration_error(*zip(*readings, strict=True))

    assert 0 <= found <= 1
    assert pytest.approx(found) == calibration_error(*zip(*mixed, strict=True))


@given(READINGS)
def test_calibration_error_is_at_least_the_gap_of_the_means(
    readings: list[tuple[float, bool]],
) -> None:
    """Bins can only hide an error within themselves; more bins than one never hide the whole."""
    overall = abs(sum(c - r for c, r in readings)) / len(readings)

    assert overall <= calibration_error(*zip(*readings, strict=True)) + 1e-9
    assert NUM_BINS > 1

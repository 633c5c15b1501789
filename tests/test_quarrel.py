from __future__ import annotations

from handlers.conduct import Evidence
from moderation.quarrel import WINDOW_S, Quarrel, quarrel
from tests.fakes import NOW


def said(
    who: str, to: str = "", after_s: float = 0.0, rule: str = "heat", points: float = 1.5
) -> Evidence:
    return Evidence(f"{who}-{after_s}", "room", who, to, NOW + after_s, rule, points)


def test_an_attack_alone_is_no_quarrel_of_both() -> None:
    """Who is attacked and says nothing is part of nothing."""
    found = quarrel(said("jia", "yi", 60), [said("jia", "yi")])

    assert Quarrel("jia", "yi", is_mutual=False, is_answer=False) == found


def test_two_who_go_for_each_other_quarrel() -> None:
    """The answer makes it mutual; it is known who began."""
    found = quarrel(said("yi", "jia", 60), [said("jia", "yi")])

    assert Quarrel("jia", "yi", is_mutual=True, is_answer=True) == found


def test_who_began_is_not_answering() -> None:
    """The attacker's next word is no answer, although the other spoke last."""
    found = quarrel(said("jia", "yi", 90), [said("jia", "yi"), said("yi", "jia", 60)])

    assert Quarrel("jia", "yi", is_mutual=True, is_answer=False) == found


def test_who_began_stays_so_in_a_long_quarrel() -> None:
    """Words less than ten minutes apart are one quarrel, also when its beginning is an hour ago."""
    past = [said(("jia", "yi")[n % 2], ("yi", "jia")[n % 2], n * 500.0) for n in range(9)]
    found = quarrel(said("yi", "jia", 4500), past)

    assert Quarrel("jia", "yi", is_mutual=True, is_answer=True) == found


def test_after_a_long_pause_it_begins_anew() -> None:
    """Who picks a fight again later began that one."""
    found = quarrel(said("yi", "jia", WINDOW_S + 1), [said("jia", "yi")])

    assert Quarrel("yi", "jia", is_mutual=False, is_answer=False) == found


def test_a_word_at_nobody_known_answers_the_attack_before() -> None:
    """「你才有病」 names nobody; it is to whoever attacked last."""
    found = quarrel(said("yi", "", 30), [said("jia", "yi")])

    assert Quarrel("jia", "yi", is_mutual=True, is_answer=True) == found


def test_two_who_take_turns_quarrel() -> None:
    """Three heated messages of two people in turn, at nobody known, are between the two."""
    found = quarrel(said("jia", "", 60), [said("jia"), said("yi", "", 30)])

    assert Quarrel("jia", "yi", is_mutual=True, is_answer=False) == found


def test_two_outbursts_are_no_turns() -> None:
    """One after the other, two people may be angry at something else."""
    assert quarrel(said("yi", "", 30), [said("jia")]) is None


def test_a_third_who_joins_in_is_another_matter() -> None:
    """Who goes for the attacker began that themselves; they are not answering."""
    found = quarrel(said("bing", "jia", 60), [said("jia", "yi")])

    assert Quarrel("bing", "jia", is_mutual=False, is_answer=False) == found


def test_a_mild_word_is_no_attack_to_answer() -> None:
    """Who attacks after 「哦」 began it."""
    found = quarrel(said("yi", "jia", 60), [said("jia", "yi", points=0.2)])

    assert Quarrel("yi", "jia", is_mutual=False, is_answer=False) == found


def test_only_heat_makes_a_quarrel() -> None:
    """Two who flood by turns are not at each other."""
    past = [said("jia", "", 0, "flood"), said("yi", "", 10, "flood")]

    assert quarrel(said("jia", "", 20, "flood"), past) is None


def test_nobody_quarrels_with_themselves() -> None:
    """A target that is the writer is none."""
    assert quarrel(said("jia", "jia", 30), [said("jia", "jia")]) is None

"""settings.yaml and the environment: every key there, every fault named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from settings import Settings, SettingsError, load

FILE = Path(__file__).resolve().parent.parent / "settings.yaml"


@pytest.fixture(autouse=True)
def _no_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own YIXIN_ variables must not decide what these tests see."""
    for name in list(os.environ):
        if name.startswith("YIXIN_"):
            monkeypatch.delenv(name)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_holds_every_key_with_its_default() -> None:
    """What settings.yaml says is exactly what the program takes when it says nothing."""
    in_file = yaml.safe_load(FILE.read_text(encoding="utf-8"))

    assert Settings().model_dump(mode="json") == in_file


def test_every_key_of_the_file_has_a_comment() -> None:
    """Each key of settings.yaml stands under a comment of its own or of the key before it."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    keys = [n for n, line in enumerate(lines) if line.startswith("  ") and line.strip()[0] != "#"]
    lonely = [lines[n].strip() for n in keys if not any("#" in lines[m] for m in range(n - 2, n))]

    assert lonely == []


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """YIXIN_ENGINE__PRECISION overrides engine.precision and leaves the other keys alone."""
    monkeypatch.setenv("YIXIN_ENGINE__PRECISION", "fp32")
    settings = load(written(tmp_path, "engine: {precision: bf16, threads: 2}"))

    assert ("fp32", 2) == (settings.engine.precision, settings.engine.threads)


def test_a_list_in_the_environment_is_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are overridden as JSON."""
    monkeypatch.setenv("YIXIN_ANSWER__GROUP", '["keyword"]')
    settings = load(written(tmp_path, ""))

    assert ("keyword",) == settings.answer.group


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("engine: {precison: fp32}", ["unknown key engine.precison", "did you mean precision?"]),
        ("engin: {}", ["unknown key engin", "did you mean engine?"]),
        ("engine: {precision: fp8}", ["engine.precision is 'fp8'", "'int8', 'int4' or 'mixed'"]),
        ("engine: {threads: many}", ["engine.threads is 'many'", "valid integer"]),
        ("engine: {threads: -1}", ["engine.threads is -1", "greater than or equal to 0"]),
        ("deliver: {delay_min_s: 9}", ["deliver", "delay_min_s (9) must not exceed"]),
        ("channel: {friend_requests: accept-with-word}", ["friend_word must not be empty"]),
        ("answer: {chats: {x: {persna: y}}}", ["answer.chats.x.persna", "did you mean persona?"]),
        ("answer: {group: [shout]}", ["answer.group.0 is 'shout'", "'mention', 'prefix'"]),
        ("- a list", ["must hold sections"]),
        ("engine: [", ["is not valid YAML", "line 1"]),
    ],
)
def test_a_fault_names_file_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    """Every wrong key or value is refused with a message one can act on."""
    path = written(tmp_path, text)

    with pytest.raises(SettingsError) as error:
        load(path)
    assert [part for part in [str(path), *expected] if part not in str(error.value)] == []


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    """Three faults in a file are three lines, not one line three times in a row."""
    text = "engine: {precision: fp8, threads: x}\nlog: {level: loud}"

    with pytest.raises(SettingsError) as error:
        load(written(tmp_path, text))
    assert len(str(error.value).splitlines()) == 3


def test_a_fault_in_the_environment_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong override is blamed on its variable, not on the file."""
    monkeypatch.setenv("YIXIN_ENGINE__THREADS", "x")

    with pytest.raises(SettingsError, match="environment variable YIXIN_ENGINE__THREADS"):
        load(written(tmp_path, ""))


@pytest.mark.parametrize("name", ["YIXIN_ENGIN__THREADS", "YIXIN_ENGINE__THREDS"])
def test_a_misspelt_variable_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An override that would silently do nothing is refused."""
    monkeypatch.setenv(name, "1")

    with pytest.raises(SettingsError, match=name):
        load(written(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reply: {learn: off}", "off"),
        ('reply: {learn: "off"}', "off"),
        ("reply: {learn: chat}", "chat"),
        ("reply: {learn: all}", "all"),
    ],
)
def test_off_needs_no_quotes(tmp_path: Path, text: str, expected: str) -> None:
    """A bare off, which YAML reads as false, is the word it looks like."""
    assert expected == load(written(tmp_path, text)).reply.learn


def test_learning_must_be_named_by_its_scope(tmp_path: Path) -> None:
    """A bare on says not from which chats to learn: it is refused with what is allowed."""
    with pytest.raises(SettingsError, match=r"reply\.learn is 'on'; .* 'off', 'chat'"):
        load(written(tmp_path, "reply: {learn: on}"))


def test_a_missing_file_names_the_way_out(tmp_path: Path) -> None:
    """No settings file: the message has its path and the option that names another."""
    with pytest.raises(SettingsError, match=r"nowhere\.yaml.*--settings FILE"):
        load(tmp_path / "nowhere.yaml")


def test_settings_are_frozen() -> None:
    """No section can be changed after it was read."""
    settings = Settings()
    sections = [getattr(settings, name) for name in Settings.model_fields]

    assert all(isinstance(s, BaseModel) and s.model_config["frozen"] for s in sections)
    with pytest.raises(ValueError, match="frozen"):
        settings.engine.threads = 3


def test_the_digest_tells_settings_apart(tmp_path: Path) -> None:
    """Same settings, same digest; one value changed, another digest."""
    same = load(written(tmp_path, "engine: {threads: 0}"))
    other = load(written(tmp_path, "engine: {threads: 1}"))

    assert Settings().digest == same.digest
    assert same.digest != other.digest


def test_the_digest_tells_nothing_of_a_password(tmp_path: Path) -> None:
    """It stands in log lines and reports: nobody can try passwords on it."""
    one, other = (
        load(written(tmp_path, f"audit: {{url: 'postgresql://u:{word}@h/d'}}")) for word in "ab"
    )

    assert one.digest == other.digest


@pytest.mark.parametrize(
    "path", sorted((FILE.parent / "examples").glob("*.yaml")), ids=lambda p: p.name
)
def test_the_examples_are_valid_settings(path: Path) -> None:
    """Every file in examples/ loads as it stands."""
    assert load(path) != Settings()

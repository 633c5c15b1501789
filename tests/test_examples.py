"""The settings of the three uses, as people start them: only the channel is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.exchange import Gate, Outcome
from tests.program import Home, run

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: Of the file's own hours: a test must not hang on when it is run.
ALWAYS = {"CHANNEL__KIND": "console", "ANSWER__AWAY": "[]", "LOG__LEVEL": "error"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.furnish(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("use", ["auto-reply", "group", "assistant"])
async def test_the_settings_of_each_use_start_and_take_messages(
    home: Home, tmp_path: Path, use: str
) -> None:
    """A private message and one of a group each end as that use has it; exit 0, no error."""
    own = home.with_audit(tmp_path / "audit")
    file = str(EXAMPLES / f"{use}.yaml")
    lines = "/as 小红\n在吗\n/room 同学群\n中午吃什么\n".encode()
    ended = await run(own, "--settings", file, stdin=lines, overrides=ALWAYS)

    assert 0 == ended.code, ended.err
    assert "error" not in ended.err.casefold()
    private, group = own.record_of("在吗"), own.record_of("中午吃什么")
    assert group.gate == Gate.NOT_ADDRESSED
    assert group.mood is not None
    if use == "group":
        assert private.gate == Gate.NOT_ALLOWED
    else:
        assert private.outcome in (Outcome.SENT, Outcome.SILENT)
        assert private.gate in (None, Gate.UNSURE)

"""文件传输助手 as the owner's desk."""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.exchange import Exchange, Gate, Kind, Message
from handlers.filehelper import FILE_HELPER, FileHelper
from tests.fakes import message


@dataclass
class Ear:
    """Knows what the bot said."""

    said: list[str] = field(default_factory=list)

    async def is_echo(self, message: Message) -> bool:
        return message.text in self.said


def note(text: str, **fields: object) -> Message:
    """Typed by the account itself in the chat with itself."""
    own = {"chat_id": FILE_HELPER, "talker_id": "me", "is_self": True, "is_official": True}
    return message(text, **(own | fields))


async def test_what_the_owner_types_there_is_a_message_of_the_owner() -> None:
    """It is no own message any more, and its writer is who ``account.owner`` names."""
    opened = await FileHelper(Ear(), FILE_HELPER).opened(note("今天怎么样"))

    assert (FILE_HELPER, False, False) == (opened.talker_id, opened.is_self, opened.is_official)


async def test_what_comes_back_of_the_bots_own_sends_stays_its_own() -> None:
    """An alert that a gateway reports as an own message is not answered by the bot."""
    echo = note("【#1】小王找你")

    assert echo == await FileHelper(Ear([echo.text]), FILE_HELPER).opened(echo)


async def test_other_chats_and_other_owners_are_left_alone() -> None:
    """Own messages elsewhere, pictures there, and those there of other owners are the account's."""
    elsewhere, there = note("好", chat_id="ming"), note("好")

    picture = note("", kind=Kind.IMAGE)

    assert picture == await FileHelper(Ear(), FILE_HELPER).opened(picture)
    assert elsewhere == await FileHelper(Ear(), FILE_HELPER).opened(elsewhere)
    assert there == await FileHelper(Ear(), "wxid_you").opened(there)


def test_nothing_is_chatted_about_there() -> None:
    """What no command answers ends there; in other chats it goes on."""
    end = FileHelper(Ear(), FILE_HELPER).stage()
    elsewhere = Exchange(message("你好"))

    assert Gate.OWN is end(Exchange(note("买牛奶"))).gate
    assert elsewhere is end(elsewhere)

"""The console channel: a person at a terminal, or a pipe, in front of the in-process account."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console as Terminal
from rich.text import Text

from engine.mood import Mood, Reading
from handlers.exchange import Exchange, Gate, Message, Reply, Source, new_id
from wechat.puppet import InProcessPuppet

YOU = "你"
#: A message that got lost on the way (its error is in the log) must not hang the terminal.
PATIENCE_S = 180.0
CHUNK_BYTES = 65_536

FACES = {
    Mood.HAPPY: "😊",
    Mood.ANGRY: "😠",
    Mood.SAD: "😢",
    Mood.FEAR: "😨",
    Mood.SURPRISE: "😲",
    Mood.NEUTRAL: "😐",
}
#: Why there is no answer, for the one who sits here; the audit log has the details.
REASONS = {
    Gate.NOT_ADDRESSED: "群里没有叫到我",
    Gate.NOT_ALLOWED: "设置里不回这个聊天",
    Gate.EMPTY: "没有读得懂的文字",
    Gate.UNSURE: "没有把握，留给主人",
    Gate.PAUSED: "主人让我暂停了",
    Gate.TAKEN_OVER: "主人自己在聊",
    Gate.PRESENT: "现在不是替主人回的时间",
    Gate.HANDED_OVER: "交给主人了",
    Gate.STOPPING: "正在退出",
    Gate.OVERLOADED: "等着的消息太多了",
    Gate.ERROR: "出错了，原因见日志",
}
HELP = (
    "直接打字就能聊。/as 名字 换个人说话，/room 群名 进群（群里要 @一心 才回），/room 回到私聊，"
    "/quit 退出；/帮助 /重置 /状态 是聊天里的命令。"
)


class Console:
    """Plays the people around the account: whoever sits here, under any name, in any group.

    In a terminal it prompts; on a pipe it reads one message a line. Either way a message is
    answered before the next is taken.
    """

    def __init__(self, puppet: InProcessPuppet, bot_name: str) -> None:
        self._puppet, self._bot_name = puppet, bot_name
        self._terminal = Terminal(highlight=False, soft_wrap=True)
        self._talker, self._room = YOU, ""
        self._waiting: dict[str, asyncio.Future[Exchange]] = {}
        self._rooms: dict[str, set[str]] = {}

    def ended(self, exchange: Exchange) -> None:
        """Told of each exchange when it has ended; the pipeline's ``done``."""
        waiting = self._waiting.pop(exchange.message.id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(exchange)
        elif exchange.reply is not None and exchange.reply.source is Source.NOTICE:
            self._overheard(exchange.message, exchange.reply)

    def _overheard(self, message: Message, reply: Reply) -> None:
        """Show what the bot says by itself, to whomever: whoever sits here plays them all."""
        whom = f"群「{message.room_name}」" if message.room_name else message.chat_id
        line = Text(f"{self._bot_name} → {whom}：", style="bold magenta")
        line.append("".join(f"@{name} " for _, name in reply.mentions or ()), style="cyan")
        line.append(reply.text + (" [图]" if reply.picture else ""), style="default")
        self._terminal.print(line)

    async def run(self) -> None:
        """Read and answer until end of file or /quit."""
        interactive = sys.stdin.isatty()
        if interactive:
            self._terminal.print(Text(HELP, style="dim"))
        lines = self._prompted() if interactive else piped(sys.stdin.fileno())
        async for line in lines:
            if line.strip() in ("/quit", "/exit", "/退出"):
                return
            if not self._switched(line):
                await self._say(line)

    async def _prompted(self) -> AsyncIterator[str]:
        session: PromptSession[str] = PromptSession()
        while True:
            place = f"{self._talker}@{self._room}" if self._room else self._talker
            try:
                with patch_stdout(raw=True):  # what the bot says meanwhile stands above the prompt
                    line = await session.prompt_async(ANSI(f"\x1b[36m{place}\x1b[0m › "))
                yield line
            except EOFError:
                return
            except KeyboardInterrupt:
                # prompt_toolkit takes Ctrl-C as a key, so no signal reaches the bot.
                return

    def _switched(self, line: str) -> bool:
        """Whether the line was /as or /room, which change who speaks and where."""
        word, _, name = line.strip().partition(" ")
        if word == "/as":
            self._talker = name.strip() or YOU
        elif word == "/room":
            self._room = name.strip()
        else:
            return False
        return True

    async def _say(self, text: str) -> None:
        self._puppet.add_contact(self._talker, self._talker)
        room_id = self._enter(self._room) if self._room else ""
        message_id = new_id()  # unlike a counter's, new in every session: replays are not answered
        waiting = self._waiting[message_id] = asyncio.get_running_loop().create_future()
        self._puppet.receive(self._talker, text, room_id=room_id, message_id=message_id)
        try:
            with self._terminal.status(Text(f"{self._bot_name}在想……", style="dim")):
                async with asyncio.timeout(PATIENCE_S):
                    exchange = await waiting
        except TimeoutError:
            self._terminal.print(Text("没有等到结果，原因见日志。", style="red"))
            return
        self._show(exchange)

    def _enter(self, room: str) -> str:
        members = self._rooms.setdefault(room, {self._puppet.self_id()})
        members.add(self._talker)
        room_id = f"{room}@chatroom"
        self._puppet.add_room(room_id, room, sorted(members))
        return room_id

    def _show(self, exchange: Exchange) -> None:
        took = sum(ms for _, ms in exchange.stage_ms) / 1000
        if exchange.reply is None:
            reason = REASONS.get(exchange.gate, exchange.detail) if exchange.gate else ""
            line = Text(f"（没有回复：{reason}）", style="dim")
        else:
            line = Text(f"{self._bot_name}：", style="bold green")
            line.append(exchange.reply.text, style="default")
        line.append(f"  {_mood(exchange.reading)}{took:.1f}s", style="dim")
        self._terminal.print(line)


def _mood(reading: Reading | None) -> str:
    if reading is None:
        return ""
    doubt = "?" if reading.unsure else ""
    return f"{FACES[reading.mood]} {reading.mood}{doubt} {reading.confidence:.2f} · "


async def piped(descriptor: int) -> AsyncIterator[str]:
    """Lines of a file descriptor without blocking the loop; what is no UTF-8 becomes U+FFFD.

    A daemon thread reads: the default executor's threads are waited for at exit, and one that
    waits for a silent pipe would never let the program end. It reads the descriptor itself, since
    a thread inside ``sys.stdin.buffer`` when Python ends makes it abort.
    """
    loop, chunks = asyncio.get_running_loop(), asyncio.Queue[bytes](maxsize=1)

    def read() -> None:
        while chunk := os.read(descriptor, CHUNK_BYTES):
            asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()
        asyncio.run_coroutine_threadsafe(chunks.put(b""), loop)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    rest = b""
    while chunk := await chunks.get():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield readable(line)
    if rest:
        yield readable(rest)


def readable(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r")

"""The engine as the rest of the program sees it: two questions, asked without blocking."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import settings
from engine.bank import Guess, Near, Pair
from engine.executor import InferenceExecutor, Priority
from engine.library import Library
from engine.model import Model
from engine.mood import Mood, Reading
from engine.persona import Persona
from engine.progress import Progress, Stoppable
from engine.prompts import PROMPT_VERSION
from engine.readers import apt_reader, mood_reader, projection
from engine.talk import Aptness, Asked, Draft, Likelihood
from engine.vectors import Vectors
from engine.weights import Weights, locate
from engine.work import T, Work
from engine.writer import Writer

#: Messages whose moods are read in one forward pass when many are asked for at once.
BATCH = 16
#: Seconds for work nobody waits for in a chat: warming up, files of messages.
PATIENT_S = 600.0
#: Seconds for reading a whole bank with a model that comes with none: what was read is kept.
STUDY_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What model is at work, for the audit log and for whoever asks."""

    name: str
    fingerprint: str
    precision: str
    mood_reader: str
    prompt_version: str = PROMPT_VERSION


class Engine:
    """One model, one inference thread, two calls: ``read_mood`` and ``reply``."""

    def __init__(
        self, model: Model, config: settings.Settings, executor: InferenceExecutor
    ) -> None:
        self._settings = config.engine
        vectors = Vectors(model)
        self._library = Library(vectors, model.memo, projection(model, vectors))
        self._apt = apt_reader(model, vectors)
        self._reader = mood_reader(model, config)
        self.facts = Facts(model.name, model.fingerprint, model.precision, self._reader.name)
        self._writer = Writer(model, config)
        self._executor = executor

    @classmethod
    def open(cls, config: settings.Settings, progress: Progress) -> Self:
        """Find, fetch, convert and load the model. Blocking: seconds, minutes the first time.

        Raises:
            ModelNotFound: No such model, or it cannot be reached.
            WeightsDamaged: Its bytes are not what they should be.
            HeadRefused: The mood head that is configured does not fit it.
        """
        executor = InferenceExecutor(max_waiting=config.engine.max_waiting)
        weights = locate_model(config.engine, progress)
        stoppable = Stoppable(progress)
        try:
            load = functools.partial(load_model, config.engine, weights, stoppable)
            return executor.do(lambda: cls(load(), config, executor))
        except BaseException:  # Ctrl-C too, which only this thread hears of
            stoppable.stop()
            executor.close()
            raise

    @property
    def num_waiting(self) -> int:
        return self._executor.num_waiting

    @property
    def step_s(self) -> float:
        """Seconds that the inference thread has been at one step; see the executor's."""
        return self._executor.step_s

    async def warm(self, personas: Sequence[Persona], moods: Iterable[Mood]) -> None:
        """Do now what the first message would wait for: prefixes, torch's own first pass.

        Gives way to messages, so that the rarer moods can be warmed while the bot answers.
        """
        await self.read_moods(["你好"])
        await self.study([one for one in personas if self._library.is_quick(one)])
        for persona, mood in itertools.product(personas, moods):
            prepare = functools.partial(self._writer.prepare, persona, mood)
            await self._executor.run(prepare, priority=Priority.BULK, timeout=PATIENT_S)

    async def study(
        self, personas: Sequence[Persona], advance: Callable[[int], None] = lambda _: None
    ) -> None:
        """Read the banks of personas: at once with a bundled model and the bank as it is shipped,
        else minutes the first time, giving way to messages. Until then nothing is near.

        Args:
            advance: Told of the pairs as they are read, from another thread.
        """
        for persona in personas:
            prepare = functools.partial(self._library.prepare, persona, advance)
            await self._executor.run(prepare, priority=Priority.BULK, timeout=STUDY_S)

    async def read_mood(self, text: str) -> Reading:
        """Mood of one message.

        Raises:
            EngineTimeout, EngineBusy, EngineClosed: No reading; the caller goes on without one.
        """
        start = time.perf_counter()
        [reading] = await self._look(functools.partial(self._reader.read, [text]))
        return replace(reading, ms=(time.perf_counter() - start) * 1000)

    async def read_moods(self, texts: Sequence[str]) -> list[Reading]:
        """Moods of many messages, in order, ``BATCH`` a forward pass; ``ms`` is each one's share.

        Gives way to single messages and to replies between passes.
        """
        readings: list[Reading] = []
        for first in range(0, len(texts), BATCH):
            batch = texts[first : first + BATCH]
            start = time.perf_counter()
            read = functools.partial(self._reader.read, batch)
            found = await self._executor.run(read, priority=Priority.BULK, timeout=PATIENT_S)
            share = (time.perf_counter() - start) * 1000 / len(batch)
            readings += [replace(reading, ms=share) for reading in found]
        return readings

    async def nearest(
        self, persona: Persona, text: str, mood: Mood, *, chat: str, num: int
    ) -> list[Near]:
        """The pairs of the persona's bank, and of the owner's in this chat, nearest to a message.

        Raises:
            EngineTimeout, EngineBusy, EngineClosed: The caller goes on without them.
        """
        return await self._look(
            functools.partial(self._library.nearest, persona, text, mood, chat=chat, num=num)
        )

    async def occasions(self, persona: Persona, text: str) -> list[Guess]:
        """What a message was probably written on, the likeliest first; nothing where no bank tells.

        Raises:
            EngineTimeout, EngineBusy, EngineClosed: The caller goes on without it.
        """
        return await self._look(functools.partial(self._library.occasions, persona, text))

    async def _look(self, start: Callable[[], Work[T]]) -> T:
        return await self._executor.run(
            start, priority=Priority.MOOD, timeout=self._settings.mood_timeout_s
        )

    async def learn(self, pairs: Sequence[Pair]) -> None:
        """Have these pairs of the owner's beside every bank, and none of those learnt before."""
        learn = functools.partial(self._library.learn, tuple(pairs))
        await self._executor.run(learn, priority=Priority.BULK, timeout=PATIENT_S)

    async def drafts(self, asked: Asked, num: int) -> list[Draft]:
        """Replies as the model wrote them, the first the likeliest; the caller guards what leaves.

        Raises:
            EngineTimeout, EngineBusy, EngineClosed: No reply.
            PromptRefused: The prompt would break a promise.
        """
        return await self._reply(functools.partial(self._writer.drafts, asked, num))

    async def weigh(self, asked: Asked, replies: Sequence[str]) -> list[Likelihood]:
        """How likely each reply is after the message, and by itself. Raises as ``drafts`` does."""
        return await self._reply(functools.partial(self._writer.weigh, asked, tuple(replies)))

    async def _reply(self, start: Callable[[], Work[T]]) -> T:
        return await self._executor.run(
            start, priority=Priority.REPLY, timeout=self._settings.reply_timeout_s
        )

    async def judge(self, text: str, replies: Sequence[str]) -> list[Aptness]:
        """How apt each reply is to a message; nothing where the model has no head for that.

        Raises:
            EngineTimeout, EngineBusy, EngineClosed: The caller goes on without it.
        """
        if self._apt is None:
            return []
        return await self._reply(functools.partial(self._apt.read, text, tuple(replies)))

    async def following(self, persona: Persona, text: str, reply: str, mood: Mood) -> list[int]:
        """The token it finds likeliest at each place of a reply: to compare precisions."""
        return await self._executor.run(
            functools.partial(self._writer.following, persona, text, reply, mood),
            priority=Priority.BULK,
            timeout=PATIENT_S,
        )

    def close(self) -> None:
        """Stop what runs within a token and end the thread. Blocking, for that token."""
        self._executor.close()


def locate_model(config: settings.Engine, progress: Progress) -> Weights:
    """Where the weights are that ``engine.model`` names; see ``locate``."""
    return locate(config.model, cache=config.cache_path, progress=progress)


def load_model(config: settings.Engine, weights: Weights, progress: Progress) -> Model:
    """The model, on the thread that is going to use it; see ``InferenceExecutor.do``."""
    return Model(
        weights,
        precision=config.precision,
        threads=config.threads,
        cache=config.cache_path,
        progress=progress,
    )


def open_model(config: settings.Engine, progress: Progress) -> Model:
    """The model for a program without an event loop; see ``Engine.open``."""
    return load_model(config, locate_model(config, progress), progress)

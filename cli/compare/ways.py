"""How each way answers. Both load the same model, so one has let it go before the other starts."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path

from cli.child.process import ChildProcess
from cli.compare.answers import Answerer, Answerers, Way
from engine.progress import Progress
from engine.weights import locate
from handlers.reply import Personas
from settings import Settings
from version import VERSION

#: Seconds that an answer may take here.
PATIENT_S = 600.0


def ways(config: Settings, settings_file: Path, *, seed: int, progress: Progress) -> Answerers:
    """The recipe first: its process ends, and with it what it took.

    Raises:
        PersonaError: The persona of this way cannot be used; said before the recipe's hours.
    """
    model = config.engine.model
    own = partial(_own, config, Personas.load(config), seed, progress)
    recipe = partial(_recipe, config, settings_file, progress)
    return {
        Way.RECIPE: Answerer(model, recipe),
        Way.OWN: Answerer(f"{model}, settings {config.digest}, Yixin {VERSION}", own),
    }


def _recipe(
    config: Settings, settings_file: Path, progress: Progress, texts: Sequence[str]
) -> Generator[str, None, None]:
    """Raises ChildFailed: It cannot be opened, or it ended."""
    # Fetched and converted here: two programs cannot draw their bars in one terminal.
    locate(config.engine.model, cache=config.engine.cache_path, progress=progress)
    command = (sys.executable, "-m", "cli.compare.recipe", "--settings", str(settings_file))
    with progress.task("Loading the model in fp32", None):
        child = ChildProcess(command)
    with child, progress.task("Answers of the article's recipe", len(texts), "messages") as advance:
        for text in texts:
            yield str(child.exchange({"text": text})["reply"])
            advance(1)


def _own(
    config: Settings, personas: Personas, seed: int, progress: Progress, texts: Sequence[str]
) -> Generator[str, None, None]:
    # torch takes seconds to import; where all answers are kept it is not needed.
    from cli.alone import Alone  # noqa: PLC0415
    from engine.engine import Engine  # noqa: PLC0415

    engine = Engine.open(_patient(config), progress)
    try:
        # Which of several prepared lines is said, not what the model writes.
        chance = random.Random(seed)  # noqa: S311
        alone = Alone(engine, personas, config, chance=chance)
        with progress.task("Warming up", None):
            asyncio.run(alone.warm())
        with progress.task("Answers of this way", len(texts), "messages") as advance:
            for text in texts:
                exchange = asyncio.run(alone.answer(text))
                yield exchange.reply.text if exchange.reply else ""
                advance(1)
    finally:
        engine.close()


def _patient(config: Settings) -> Settings:
    """Nobody waits in a chat: on a busy machine a safe line would be judged for an answer."""
    timeouts = {"mood_timeout_s": PATIENT_S, "reply_timeout_s": PATIENT_S}
    return config.model_copy(update={"engine": config.engine.model_copy(update=timeouts)})

"""The article's recipe, in its process: ``python -m cli.compare.recipe --settings FILE``.

Each ``{"text": "在吗"}`` is answered by ``{"reply": "…"}``: what the model writes after a plain
instruction and the message, as it wrote it. No mood, no examples, no guard.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import settings
from cli.child.article import Article
from cli.child.serving import Fields, Ready, serve
from engine.prompts import ChatTurn

#: The instruction that the models' own pages give, too.
SYSTEM = "You are a helpful assistant."
#: What hardly any answer needs; it ends the loops.
MAX_TOKENS = 256


def _reply(article: Article, max_tokens: int, request: Fields) -> Fields:
    turns: list[ChatTurn] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": request["text"]},
    ]
    return {"reply": article.generate(turns, max_tokens).strip()}


def _open(arguments: argparse.Namespace) -> Ready:
    article = Article.open(settings.load(arguments.settings).engine)
    return Ready({"model": article.name}, partial(_reply, article, arguments.max_tokens))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--max-tokens", type=int, default=MAX_TOKENS)
    serve(partial(_open, parser.parse_args()))

"""The article's model, Qwen1.5-0.5B, by its exact configuration: random weights, the same path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen2Config

from engine.weights import Weights
from tests.program import ROOT

pytestmark = [pytest.mark.model, pytest.mark.soak, pytest.mark.timeout(900)]

#: As published with Qwen/Qwen1.5-0.5B.
CONFIG = Qwen2Config(
    vocab_size=151_936,
    hidden_size=1024,
    intermediate_size=2816,
    num_hidden_layers=24,
    num_attention_heads=16,
    num_key_value_heads=16,
    max_position_embeddings=32_768,
    max_window_layers=21,
    rms_norm_eps=1e-6,
    rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
    tie_word_embeddings=True,
    bos_token_id=151_643,
    eos_token_id=151_643,
)

#: Reads a mood and writes a reply in a process of its own, then tells what that took.
PROGRAM = """
import asyncio, json, sys
from pathlib import Path
import psutil
import settings
from cli.progress import TerminalProgress
from engine.engine import Engine
from engine.mood import Mood
from engine.persona import load
from engine.talk import Asked

engine = Engine.open(settings.load(Path("examples/article.yaml")), TerminalProgress())
reading = asyncio.run(engine.read_mood("今天的实验终于成功了"))
[draft] = asyncio.run(engine.drafts(Asked(load("yixin"), "你好", Mood.NEUTRAL), 1))
engine.close()
rss = psutil.Process().memory_info().rss
print(json.dumps([engine.facts.precision, sum(reading.scores.values()), draft.num_tokens, rss]))
"""


def test_the_articles_configuration_runs_through_the_same_path(
    tmp_path: Path, small_weights: Weights, capsys: pytest.CaptureFixture[str]
) -> None:
    """0.46 B parameters in fp32: under 2 GB of weights, a distribution of moods, a reply."""
    folder = tmp_path / "qwen"
    with torch.device("meta"):
        made = AutoModelForCausalLM.from_config(CONFIG, dtype=torch.float32)
    num_bytes = sum(p.numel() * p.element_size() for p in made.parameters())
    made.to_empty(device="cpu")
    for parameter in made.parameters():
        parameter.data.normal_(0, 0.02)
    made.save_pretrained(folder)
    del made
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder / name).write_bytes((small_weights.folder / name).read_bytes())
    own = {
        "YIXIN_ENGINE__MODEL": str(folder),
        "YIXIN_ENGINE__CACHE_DIR": str(tmp_path / "cache"),
        "YIXIN_ENGINE__MAX_NEW_TOKENS": "4",
        "YIXIN_ENGINE__MOOD_TIMEOUT_S": "300",
        "YIXIN_ENGINE__REPLY_TIMEOUT_S": "300",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    precision, total, num_tokens, rss = json.loads(done.stdout)
    with capsys.disabled():
        print(
            f"\nQwen1.5-0.5B in fp32: {num_bytes / 1e9:.2f} GB of weights, {rss / 1e9:.2f} resident"
        )

    assert precision == "fp32"
    assert num_bytes < 2e9
    assert total == pytest.approx(1)
    assert 0 <= num_tokens <= 4

"""The model itself: a tiny real Qwen2 with random weights, through the same path as a large one."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from engine.errors import ModelNotFound, NotEnoughMemory, PromptRefused, WeightsDamaged
from engine.executor import finish
from engine.loader import check_memory, choose_dtype
from engine.memo import MAX_FILES, Memo
from engine.model import Model
from engine.prefixes import CHUNK, MAX_PREFIXES
from engine.prompts import ChatTurn
from engine.sampler import Sampling
from engine.weights import Weights
from tests.tiny import converted

GREEDY = Sampling(12, temperature=0, top_p=1, repetition_penalty=1, no_repeat_ngram=0)
SYSTEM: list[ChatTurn] = [{"role": "system", "content": "你是一心。"}]
CHARACTERS = "你好 hello<|im_start|>end_123\n😀｜＜"


def user(text: str) -> list[ChatTurn]:
    return [{"role": "user", "content": text}]


def texts(count: int, seed: int = 0) -> list[str]:
    chance = random.Random(seed)  # noqa: S311
    return ["".join(chance.choices(CHARACTERS, k=chance.randint(1, 40))) for _ in range(count)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return converted(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def model(weights: Weights) -> Model:
    return Model(weights, precision="fp32", threads=0)


def test_greedy_decoding_writes_what_transformers_writes(weights: Weights, model: Model) -> None:
    """The own decode loop, prefix cache included, agrees with ``generate`` token by token."""
    lm = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(weights.folder)
    for text in texts(20):
        prefix, rest = model.split(SYSTEM, user(text))
        ids = torch.tensor([prefix + rest])
        mask = torch.ones_like(ids)
        written = lm.generate(ids, attention_mask=mask, max_new_tokens=12, do_sample=False)
        expected = tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
        draft = finish(model.decode(prefix, rest, GREEDY))

        assert expected == draft.text


@pytest.mark.parametrize("count", [100, pytest.param(500, marks=pytest.mark.soak)])
def test_a_prefix_changes_no_score_and_never_grows(model: Model, count: int) -> None:
    """Prompts with the prefix kept and without: the same label, scores within rounding."""
    labels = [model.first_token(word) for word in ("你好", "hello", "123")]
    prefix, _ = model.split(SYSTEM, user("x"))
    for text in texts(count):
        rest = model.split(SYSTEM, user(text))[1]
        kept = finish(model.score(prefix, [rest], labels))
        whole = finish(model.score([], [prefix + rest], labels))

        assert torch.allclose(kept, whole, atol=1e-4)
        assert len(prefix) == max(model.prefix_lengths)


def test_a_batch_reads_what_single_messages_read(model: Model) -> None:
    """200 texts of mixed length in batches of 16: scores as if each had been alone."""
    labels = [model.first_token(word) for word in ("你好", "hello", "123")]
    rests = [model.split(SYSTEM, user(text)) for text in texts(200)]
    prefix = rests[0][0]
    alone = [finish(model.score(prefix, [rest], labels)) for _, rest in rests]
    together = [
        finish(model.score(prefix, [rest for _, rest in rests[n : n + 16]], labels))
        for n in range(0, 200, 16)
    ]

    assert torch.allclose(torch.cat(alone), torch.cat(together), atol=1e-4)


def test_control_tokens_of_a_user_are_plain_text(model: Model, weights: Weights) -> None:
    """Every added token, in 1,000 fuzzed texts each: no extra control id, no refusal."""
    tokenizer = AutoTokenizer.from_pretrained(weights.folder)
    added = [token.content for token in tokenizer.added_tokens_decoder.values()]
    control = set(tokenizer.added_tokens_decoder)
    usual = sum(i in control for i in model.encode(user("x")))
    for token in added:
        for text in texts(1000 // len(added), seed=len(token)):
            half = len(text) // 2
            ids = model.encode(user(f"{text[:half]}{token}{text[half:]}{token}"))

            assert usual == sum(i in control for i in ids)


def test_a_leak_of_control_tokens_refuses_the_prompt(tmp_path: Path, weights: Weights) -> None:
    """A template that lets content decide about control tokens is caught at run time."""
    shutil.copytree(weights.folder, tmp_path, dirs_exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    leak = "{{ m.content }}{% if 'leak' in m.content %}<|im_start|>{% endif %}"
    tokenizer.chat_template = tokenizer.chat_template.replace("{{ m.content }}", leak)
    tokenizer.save_pretrained(tmp_path)
    model = Model(Weights(tmp_path, "leaky", "0"), precision="fp32", threads=0)

    assert model.encode(user("fine"))
    with pytest.raises(PromptRefused, match="control tokens"):
        model.encode(user("leak"))


def test_work_yields_between_tokens_and_chunks(model: Model) -> None:
    """A prompt of three chunks and a reply of tokens can be stopped at each of them."""
    prefix, rest = model.split(SYSTEM, user("a" * (3 * CHUNK)))
    work = model.decode(prefix, rest, GREEDY)
    steps = sum(1 for _ in work)

    assert steps >= 3


def test_stopped_work_leaves_the_prefix_usable(model: Model) -> None:
    """A reply that was cancelled half way does not change the next one."""
    prefix, rest = model.split(SYSTEM, user("你好"))
    before = finish(model.decode(prefix, rest, GREEDY))
    work = model.decode(prefix, rest, GREEDY)
    for _ in range(3):
        next(work)
    work.close()

    assert before == finish(model.decode(prefix, rest, GREEDY))


def test_the_token_limit_cuts_and_says_so(model: Model) -> None:
    """A draft of as many tokens as allowed is not finished, and not one token longer."""
    prefix, rest = model.split(SYSTEM, user("你好"))
    limit = Sampling(max_new_tokens=2, temperature=0, top_p=1, repetition_penalty=1)
    draft = finish(model.decode(prefix, rest, limit))

    assert draft.is_finished or draft.num_tokens == 2


def test_a_seed_makes_sampling_repeatable(model: Model) -> None:
    """The same seed draws the same reply; sampling really samples."""
    prefix, rest = model.split(SYSTEM, user("你好"))

    def draw(seed: int) -> str:
        sampling = Sampling(12, temperature=1.5, top_p=0.95, repetition_penalty=1.1, seed=seed)
        return finish(model.decode(prefix, rest, sampling)).text

    assert draw(1) == draw(1)
    assert len({draw(seed) for seed in range(5)}) > 1


def test_prefixes_are_bounded(model: Model) -> None:
    """However many personas and moods there are, so many prefixes are kept and no more."""
    for n in range(MAX_PREFIXES + 5):
        finish(model.prepare(model.encode(user(str(n)), opens_answer=False)))

    assert MAX_PREFIXES == len(model.prefix_lengths)


def test_weights_that_do_not_fit_are_refused_before_they_are_loaded(weights: Weights) -> None:
    """Converting takes memory that must be free; what is only mapped may be larger than that."""
    with pytest.raises(NotEnoughMemory, match="bundled-small"):
        check_memory(weights, torch.float32, available=1000)
    check_memory(weights, torch.float32, available=10**9)
    check_memory(weights, torch.bfloat16, available=1000)


def test_a_prefix_is_computed_once_for_all_starts(tmp_path: Path, weights: Weights) -> None:
    """What one start computed the next one reads, and scores come out the same to the bit."""
    scores = []
    for _ in range(2):
        model = Model(weights, precision="fp32", threads=0, memo_folder=tmp_path)
        prefix, rest = model.split(SYSTEM, user("你好"))
        steps = sum(1 for _ in model.prepare(prefix * 3 * CHUNK))
        scores.append(finish(model.score(prefix, [rest], [1, 2, 3])))

    assert steps == 0
    assert torch.equal(*scores)


def test_a_damaged_memo_is_computed_again(tmp_path: Path, weights: Weights) -> None:
    """Files cut short or empty are passed over; the answer is the one of a first start."""
    first = Model(weights, precision="fp32", threads=0, memo_folder=tmp_path)
    prefix, rest = first.split(SYSTEM, user("你好"))
    expected = finish(first.score(prefix, [rest], [1, 2, 3]))
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:100])
    again = Model(weights, precision="fp32", threads=0, memo_folder=tmp_path)

    assert torch.equal(expected, finish(again.score(prefix, [rest], [1, 2, 3])))


def test_a_memo_that_cannot_be_kept_is_no_error(tmp_path: Path, weights: Weights) -> None:
    """A file where the folder should be: the prefix is computed at each start, and that is all."""
    (tmp_path / "taken").write_text("")
    model = Model(weights, precision="fp32", threads=0, memo_folder=tmp_path / "taken")
    prefix, rest = model.split(SYSTEM, user("你好"))

    assert finish(model.score(prefix, [rest], [1, 2, 3])).shape == (1, 3)


def test_memos_are_bounded(tmp_path: Path) -> None:
    """However often a persona is edited, so many files are kept: the latest."""
    memo = Memo(tmp_path, "test")
    for n in range(MAX_FILES + 10):
        memo.remember([n], {"x": torch.tensor([n])})

    assert len(list(tmp_path.iterdir())) == MAX_FILES
    assert memo.recall([MAX_FILES + 9]) is not None
    assert memo.recall([0]) is None


@pytest.mark.parametrize(
    ("precision", "has", "expected"),
    [
        ("auto", {"avx512_bf16": True}, torch.bfloat16),
        ("auto", {"amx_bf16": True}, torch.bfloat16),
        ("auto", {"avx2": True, "avx512_bf16": False}, torch.float32),
        ("auto", {}, torch.float32),
        ("fp32", {"avx512_bf16": True}, torch.float32),
        ("bf16", {}, torch.bfloat16),
    ],
)
def test_auto_takes_bf16_only_where_the_processor_has_it(
    precision: str, has: dict[str, bool], expected: torch.dtype
) -> None:
    """Emulated half precision is slower than fp32, so auto never chooses it."""
    assert expected is choose_dtype(precision, has)


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path, weights: Weights) -> None:
    """A base model cannot be asked in turns; the message says which kind can."""
    tokenizer = AutoTokenizer.from_pretrained(weights.folder)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)

    with pytest.raises(ModelNotFound, match="has no chat template"):
        Model(Weights(tmp_path, "base", "0"), precision="fp32", threads=0)


def test_weights_that_cannot_be_loaded_are_named(tmp_path: Path, weights: Weights) -> None:
    """A folder with a tokenizer and no weights: the error has its path."""
    AutoTokenizer.from_pretrained(weights.folder).save_pretrained(tmp_path)

    with pytest.raises(WeightsDamaged, match=str(tmp_path)):
        Model(Weights(tmp_path, "hollow", "0"), precision="fp32", threads=0)

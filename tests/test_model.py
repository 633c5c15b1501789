"""The model itself: a tiny real Qwen2 with random weights, through the same path as a large one."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import settings
from engine import prefixes
from engine.errors import PromptRefused
from engine.executor import InferenceExecutor, Priority
from engine.features import Features, default_taps
from engine.memo import MAX_FILES, Memo
from engine.model import Model
from engine.prefixes import CHUNK, MAX_PREFIXES
from engine.prompts import ChatTurn
from engine.sampler import Sampling
from engine.talk import Draft
from engine.weights import Weights
from engine.work import Work, finish
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


def test_control_tokens_in_an_answer_are_plain_text(model: Model, weights: Weights) -> None:
    """Every added token, special or not, in an answer that is weighed: no control id, and every
    character of it is still there.
    """
    added = AutoTokenizer.from_pretrained(weights.folder).added_tokens_decoder
    texts = [f"好{token}{token}<{token}x" for token in map(str, added.values())]
    answers = [model.encode_answer(text) for text in texts]

    assert texts == [model.text(ids) for ids in answers]
    assert not set(added) & set(itertools.chain.from_iterable(answers))


def test_a_leak_in_an_answer_refuses_it(tmp_path: Path, weights: Weights) -> None:
    """An added token that is only composed while it is tokenized is caught at run time."""
    shutil.copytree(weights.folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "tokenizer.json"
    described = file.read_text("utf-8").replace('"<tool_call>"', '"<é>"')
    known = json.loads(described)
    for token in known["added_tokens"]:
        token["normalized"] = token["content"] == "<é>"
    file.write_text(json.dumps(known), "utf-8")
    model = Model(Weights(tmp_path, "leaky", "0"), precision="fp32", threads=0)

    assert model.encode_answer("<é>")
    with pytest.raises(PromptRefused, match="1 control tokens"):
        model.encode_answer("<e\u0301>")


def served(work: Work[Draft], most: int) -> int:
    """Passes of a reply after which it could be stopped; it is, after so many."""
    num_passes, value = 0, None
    while num_passes < most:
        try:
            call = work.send(value)
        except StopIteration:
            break
        assert call is not None
        [value] = call.together([call.argument])
        num_passes += 1
    work.close()
    return num_passes


def test_work_yields_between_tokens_and_chunks(model: Model) -> None:
    """A prompt of four chunks can be stopped between them, a reply after every token."""
    prefix, rest = model.split(SYSTEM, user("a" * (3 * CHUNK)))
    num_tokens = finish(model.decode(prefix, rest, GREEDY)).num_tokens
    prefix, rest = model.split(SYSTEM, user("b" * (3 * CHUNK)))

    assert num_tokens == GREEDY.max_new_tokens
    assert 4 + num_tokens - 1 == served(model.decode(prefix, rest, GREEDY), 100)


def test_stopped_work_leaves_the_prefix_usable(model: Model) -> None:
    """A reply that was cancelled half way does not change the next one."""
    prefix, rest = model.split(SYSTEM, user("你好"))
    before = finish(model.decode(prefix, rest, GREEDY))
    served(model.decode(prefix, rest, GREEDY), 3)
    after = finish(model.decode(prefix, rest, GREEDY))

    assert (before.text, before.num_tokens) == (after.text, after.num_tokens)


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


def test_a_prefix_is_computed_once_for_all_starts(tmp_path: Path, weights: Weights) -> None:
    """What one start computed the next one reads, and scores come out the same to the bit."""
    scores = []
    for _ in range(2):
        model = Model(weights, precision="fp32", threads=0, cache=tmp_path)
        prefix, rest = model.split(SYSTEM, user("你好"))
        steps = sum(1 for _ in model.prepare(prefix * 3 * CHUNK))
        scores.append(finish(model.score(prefix, [rest], [1, 2, 3])))

    assert steps == 0
    assert torch.equal(*scores)


def test_a_damaged_memo_is_computed_again(tmp_path: Path, weights: Weights) -> None:
    """Files cut short or empty are passed over; the answer is the one of a first start."""
    first = Model(weights, precision="fp32", threads=0, cache=tmp_path)
    prefix, rest = first.split(SYSTEM, user("你好"))
    expected = finish(first.score(prefix, [rest], [1, 2, 3]))
    for file in (tmp_path / "prefixes").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    again = Model(weights, precision="fp32", threads=0, cache=tmp_path)

    assert torch.equal(expected, finish(again.score(prefix, [rest], [1, 2, 3])))


def test_a_memo_that_cannot_be_kept_is_no_error(tmp_path: Path, weights: Weights) -> None:
    """A file where the folder should be: the prefix is computed at each start, and that is all."""
    (tmp_path / "taken").write_text("")
    model = Model(weights, precision="fp32", threads=0, cache=tmp_path / "taken")
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


# -- many at once ----------------------------------------------------------------------


def drawn(model: Model, text: str, num_tokens: int = 12) -> Callable[[], Work[Draft]]:
    """A greedy reply of so many tokens at most, to be begun."""
    sampling = replace(GREEDY, max_new_tokens=num_tokens)
    return functools.partial(model.decode, *model.split(SYSTEM, user(text)), sampling)


async def test_replies_written_together_are_those_written_alone(weights: Weights) -> None:
    """24 replies of 1 to 30 tokens, 8 at once, joining and leaving: each as on a fresh model."""
    alone, shared = (Model(weights, precision="fp32", threads=0) for _ in range(2))
    asked = [(text, 1 + 7 * n % 30) for n, text in enumerate(texts(24, seed=5))]
    expected = [finish(drawn(alone, *each)()) for each in asked]
    executor = InferenceExecutor(max_waiting=64)

    async def one(n: int) -> Draft:
        await asyncio.sleep(0.002 * (n // 8))
        start = drawn(shared, *asked[n])
        return await executor.run(start, priority=Priority.REPLY, timeout=60)

    try:
        found = await asyncio.gather(*map(one, range(24)))
    finally:
        executor.close()

    assert [(d.text, d.num_tokens) for d in expected] == [(d.text, d.num_tokens) for d in found]
    assert len({draft.num_tokens for draft in found}) > 5


def going_on(work: Work[Draft], value: object) -> Work[Draft]:
    """The rest of work whose first call has been served."""
    while True:
        try:
            value = yield work.send(value)
        except StopIteration as done:
            draft: Draft = done.value
            return draft


def test_short_prompts_that_wait_are_read_together(weights: Weights) -> None:
    """Two share a pass, with a long one they do not, and each reply is as on a fresh model."""
    alone, shared = (Model(weights, precision="fp32", threads=0) for _ in range(2))
    asked = "abc", "de", "f" * CHUNK
    expected = [finish(drawn(alone, text)()).text for text in asked[:2]]
    finish(shared.prepare(shared.split(SYSTEM, user(""))[0]))
    works = [drawn(shared, text)() for text in asked]
    one, other, long = map(next, works)

    assert one is not None
    assert other is not None
    assert long is not None
    assert one.limit > 1
    assert one.is_like(other)
    assert not one.is_like(long)
    states = one.together([one.argument, other.argument])
    both = zip(works, states, strict=False)
    assert expected == [finish(going_on(work, state)).text for work, state in both]


async def test_moods_beside_replies_are_those_read_alone(weights: Weights) -> None:
    """Scores and features asked for while replies are written: within rounding as alone."""
    model = Model(weights, precision="fp32", threads=0)
    labels = [model.first_token(word) for word in ("你好", "hello", "123")]
    features = Features(model, default_taps(model.num_layers))
    asked = texts(20, seed=6)
    split = [model.split(SYSTEM, user(text)) for text in asked]
    scores = [finish(model.score(prefix, [rest], labels)) for prefix, rest in split]
    states = [finish(features.read([text])) for text in asked]
    executor = InferenceExecutor(max_waiting=64)
    run = functools.partial(executor.run, timeout=60)
    try:
        replies = [
            asyncio.create_task(run(drawn(model, t), priority=Priority.REPLY)) for t in asked[:6]
        ]
        found = await asyncio.gather(
            *(
                run(functools.partial(model.score, p, [r], labels), priority=Priority.MOOD)
                for p, r in split
            ),
            *(run(functools.partial(features.read, [t]), priority=Priority.MOOD) for t in asked),
        )
        await asyncio.gather(*replies)
    finally:
        executor.close()

    for expected, actual in zip([*scores, *states], found, strict=True):
        assert torch.allclose(expected, actual, rtol=0, atol=1e-4)


def test_answers_to_one_prompt_are_those_to_each_alone(model: Model) -> None:
    """Greedy and seeded ones, written together after one reading of the prompt."""
    samplings = [GREEDY, *(replace(GREEDY, temperature=1.0, seed=n) for n in range(3))]
    for text in texts(5, seed=4):
        prefix, rest = model.split(SYSTEM, user(text))
        together = finish(model.answers(prefix, rest, samplings))
        alone = [finish(model.decode(prefix, rest, sampling)) for sampling in samplings]

        assert [draft.text for draft in alone] == [draft.text for draft in together]
        assert [a.logprob for a in alone] == pytest.approx([t.logprob for t in together], abs=1e-4)


def test_the_likelihood_of_an_answer_is_transformers_own(weights: Weights, model: Model) -> None:
    """The mean log-probability of its tokens, for several answers to a prompt at once."""
    lm = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=torch.float32)
    prefix, rest = model.split(SYSTEM, user("hello"))
    answers = [model.encode_answer(text) for text in ("你好", "hello world", "1", "<|im_end|>")]
    found = finish(model.logprobs(prefix, rest, [*answers, []]))
    for answer, own in zip(answers, found, strict=False):
        ids = [*prefix, *rest, *answer]
        with torch.inference_mode():
            logits = lm(torch.tensor([ids])).logits[0].log_softmax(-1)
        places = range(len(ids) - len(answer) - 1, len(ids) - 1)
        expected = sum(float(logits[n, ids[n + 1]]) for n in places) / len(answer)

        assert expected == pytest.approx(own, abs=1e-3)
    assert 0.0 == found[-1]
    assert not set(answers[-1]) & set(model._control_ids)


def test_features_in_a_batch_are_those_read_alone(model: Model) -> None:
    """60 messages of mixed length, 20 a call: as if each had been alone."""
    features = Features(model, default_taps(model.num_layers))
    asked = texts(60, seed=8)
    together = torch.cat([finish(features.read(asked[n : n + 20])) for n in range(0, 60, 20)])
    alone = torch.cat([finish(features.read([text])) for text in asked])

    assert torch.allclose(together, alone, rtol=0, atol=1e-4)


def test_a_chat_that_goes_on_costs_its_own_tokens(model: Model) -> None:
    """The second message of a chat reads on from the first answer, and says the same."""
    first: list[ChatTurn] = user("a" * (2 * CHUNK))
    prefix, rest = model.split(SYSTEM, first)
    said = finish(model.decode(prefix, rest, GREEDY)).text
    later: list[ChatTurn] = [*first, {"role": "assistant", "content": said}, *user("hello")]
    prefix, rest = model.split(SYSTEM, later)
    kept = finish(model.decode(prefix, rest, GREEDY))
    num_passes = served(model.decode(prefix, rest, GREEDY), 1000)
    cold = model.prefix_lengths
    whole = finish(model.decode([], [*prefix, *rest], GREEDY))

    assert kept.num_tokens + kept.is_finished == num_passes
    assert cold
    assert whole.text == kept.text


def mixed_requests(model: Model, count: int, num_tokens: int, seed: int = 3) -> Iterator[int]:
    """Moods and replies in turn, of chats and personas that come and go; yields how many were."""
    labels = [model.first_token(word) for word in ("你好", "hello", "1")]
    chance = random.Random(seed)  # noqa: S311
    for done in range(1, count + 1):
        text = "".join(chance.choices(CHARACTERS, k=chance.randint(1, 40)))
        system: list[ChatTurn] = [{"role": "system", "content": f"你是{chance.randint(1, 30)}。"}]
        prefix, rest = model.split(system, user(text))
        if done % 3:
            finish(model.score(prefix, [rest], labels))
        else:
            finish(model.decode(prefix, rest, replace(GREEDY, max_new_tokens=num_tokens)))
        yield done


def test_many_requests_do_not_add_up(monkeypatch: pytest.MonkeyPatch, model: Model) -> None:
    """300 moods and replies of 30 personas: chats and prefixes stay within their bounds."""
    monkeypatch.setattr(prefixes, "CHAT_BYTES", 300_000)
    before = model.num_chat_bytes  # of the tests before this one
    for _ in mixed_requests(model, 300, 3):
        assert model.num_chat_bytes <= max(300_000, before)
        assert len(model.prefix_lengths) <= MAX_PREFIXES


@pytest.mark.hours
@pytest.mark.model
@pytest.mark.timeout(7200)
def test_memory_does_not_grow_over_5000_requests(small_weights: Weights) -> None:
    """The process's own after 500 and after 5,000 mixed requests of the real model: within 30 MB.

    Pages of the mapped weights are not its own: rows of the embedding come in with every word that
    is met for the first time, and the system drops them where it needs the room.
    """
    cache = settings.Settings().engine.cache_path
    model = Model(small_weights, precision="auto", threads=0, cache=cache)
    process, own = psutil.Process(), {}
    for done in mixed_requests(model, 5000, 16):
        if done in (500, 5000):
            taken = process.memory_info()
            own[done] = taken.rss - taken.shared

    assert own[5000] - own[500] < 30 << 20

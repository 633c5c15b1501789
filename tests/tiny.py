"""A Qwen model of a few hundred kilobytes: as a GGUF file, and what it should be as a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from gguf import GGMLQuantizationType, GGUFWriter, TokenType, quantize
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.convert_slow_tokenizer import bytes_to_unicode

from engine.weights import Weights, locate
from tests.steps import StepProgress

F32 = GGMLQuantizationType.F32
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>")
ADDED = ("<tool_call>", "</tool_call>")
WORDS = ("hello", "你好", " world", "123")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
#: Hugging Face name → GGUF name, written out so that nothing under test decides it.
NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "model.layers.": "blk.",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def vocabulary() -> tuple[list[str], list[str]]:
    """Tokens and merges of a byte-level BPE that knows ``WORDS``."""
    alphabet = bytes_to_unicode()
    tokens, merges = list(alphabet.values()), []
    for word in WORDS:
        left, *rest = (alphabet[byte] for byte in word.encode())
        for right in rest:
            if (merged := left + right) not in tokens:
                tokens.append(merged)
                merges.append(f"{left} {right}")
            left = merged
    return [*tokens, *SPECIAL, *ADDED], merges


def model(architecture: str = "qwen2", *, tied: bool = False) -> PreTrainedModel:
    """Random weights in float32, the same at every call."""
    torch.manual_seed(7)
    config = AutoConfig.for_model(
        architecture,
        vocab_size=len(vocabulary()[0]),
        **SIZES,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 50_000.0},
        rms_norm_eps=1e-3,
        tie_word_embeddings=tied,
    )
    made = AutoModelForCausalLM.from_config(config)
    for parameter in made.parameters():  # norms and biases too: all ones and zeros prove nothing
        torch.nn.init.normal_(parameter, mean=0.1, std=0.3)
    return made


def gguf_name(name: str) -> str:
    for ours, theirs in NAMES.items():
        name = name.replace(ours, theirs)
    return name


def write_gguf(
    path: Path,
    made: PreTrainedModel,
    *,
    matrices: GGMLQuantizationType = F32,
    architecture: str = "",
    change: Callable[[GGUFWriter], None] = lambda writer: None,
    leave_out: str = "none",
) -> Path:
    """``made`` as a GGUF file; ``change`` adds fields or tensors before it is written."""
    config = made.config
    writer = GGUFWriter(path, architecture or config.model_type)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    _write_vocabulary(writer)
    for name, weight in made.state_dict().items():
        if name == leave_out or (name == "lm_head.weight" and config.tie_word_embeddings):
            continue
        kind = matrices if weight.ndim == 2 else F32
        writer.add_tensor(gguf_name(name), quantize(weight.numpy(), kind), raw_dtype=kind)
    change(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_vocabulary(writer: GGUFWriter) -> None:
    tokens, merges = vocabulary()
    kinds = {
        **dict.fromkeys(SPECIAL, TokenType.CONTROL),
        **dict.fromkeys(ADDED, TokenType.USER_DEFINED),
    }
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([kinds.get(token, TokenType.NORMAL) for token in tokens])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_chat_template(TEMPLATE)


def converted(folder: Path) -> Weights:
    """The tiny model as the program finds it: a GGUF file, converted into a cache of its own."""
    path = write_gguf(folder / "tiny.gguf", model())
    return locate(str(path), cache=folder / "cache", progress=StepProgress())

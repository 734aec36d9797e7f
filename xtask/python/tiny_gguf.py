"""Writes a tiny llama model of random weights as GGUF: a real model file for real servers.

Usage: tiny_gguf.py FILE. Needs the packages gguf and numpy. The weights are seeded, so every
machine gets the same file; what it answers is noise, which is all that a test of wire forms needs.
"""
import sys

import gguf
import numpy as np

EMBED, LAYERS, HEADS, FEED, CONTEXT = 64, 2, 4, 128, 2048
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)


def vocabulary():
    """Special tokens, all bytes, and the printable ASCII characters as pieces of their own."""
    kinds = gguf.TokenType
    tokens = [("<unk>", 0.0, kinds.UNKNOWN), ("<s>", 0.0, kinds.CONTROL), ("</s>", 0.0, kinds.CONTROL)]
    tokens += [(f"<0x{byte:02X}>", 0.0, kinds.BYTE) for byte in range(256)]
    pieces = ["\u2581"] + [chr(c) for c in range(33, 127)]
    tokens += [(piece, -float(rank), kinds.NORMAL) for rank, piece in enumerate(pieces)]
    return tokens


def main(path):
    words = vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("acidtest tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBED)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBED // HEADS)
    writer.add_vocab_size(len(words))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text, _, _ in words])
    writer.add_token_scores([score for _, score, _ in words])
    writer.add_token_types([int(kind) for _, _, kind in words])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TEMPLATE)
    draw = np.random.default_rng(7)

    def tensor(name, *shape, scale=0.3):
        data = np.ones(shape) if len(shape) == 1 else draw.normal(0.0, scale, shape)
        writer.add_tensor(name, data.astype(np.float32))

    tensor("token_embd.weight", len(words), EMBED)
    tensor("output_norm.weight", EMBED)
    tensor("output.weight", len(words), EMBED)
    for i in range(LAYERS):
        tensor(f"blk.{i}.attn_norm.weight", EMBED)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"blk.{i}.{part}.weight", EMBED, EMBED)
        tensor(f"blk.{i}.ffn_norm.weight", EMBED)
        tensor(f"blk.{i}.ffn_gate.weight", FEED, EMBED)
        tensor(f"blk.{i}.ffn_up.weight", FEED, EMBED)
        tensor(f"blk.{i}.ffn_down.weight", EMBED, FEED)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1])

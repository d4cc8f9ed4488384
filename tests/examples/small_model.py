"""Saves a small XLM-R with random weights and a tokenizer of words, as transformers saves them; prints vectors of texts.

    python small_model.py FOLDER LAYER [--load] < lines of text

A line of JSON for each text: of one hidden layer the mean over its tokens, and its first token, computed for that text
alone, without padding.
"""

from __future__ import annotations

import json
import sys

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def save(folder: str, texts: list[str]) -> None:
    words = dict.fromkeys([*SPECIAL, *(word for text in texts for word in text.split())])
    tokens = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokens.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokens.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {
        "bos_token": "<s>",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    PreTrainedTokenizerFast(tokenizer_object=tokens, model_max_length=64, **names).save_pretrained(folder)
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=66,
        initializer_range=0.5,
    )
    XLMRobertaModel(config).save_pretrained(folder)


def vectors(folder: str, layer: int, texts: list[str]) -> list[tuple[list[float], list[float]]]:
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    found = []
    for text in texts:
        with torch.inference_mode():
            states = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states
        found.append((states[layer][0].mean(dim=0).tolist(), states[layer][0, 0].tolist()))
    return found


if __name__ == "__main__":
    lines = sys.stdin.read().splitlines()
    if "--load" not in sys.argv:  # the model is there already
        save(sys.argv[1], lines)
    for pair in vectors(sys.argv[1], int(sys.argv[2]), lines):
        sys.stdout.write(json.dumps(pair) + "\n")

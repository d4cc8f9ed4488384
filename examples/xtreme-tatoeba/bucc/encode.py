"""Texts to vectors: one hidden layer of a model that transformers has saved, pooled as the claim says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModel, AutoTokenizer
from xtreme_retrieval import mean_pool

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH = 100
TOKENS_MAX = 512


def asset(name: str) -> Path:
    """Return the folder of an asset that the claim names."""
    return Path(os.environ["ASSAY_ASSETS"], name)


class Encoder:
    """A model and its tokenizer, on the GPU where there is one."""

    def __init__(self, folder: Path, layer: int, *, first_token: bool = False) -> None:
        """Load from a folder, without the network. The embeddings are layer 0, the first transformer layer is 1.

        Raises:
            ValueError: the model has no such layer.

        """
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model: Any = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        layers = self.model.config.num_hidden_layers
        if not 0 <= layer <= layers:
            raise ValueError(f"there is no layer {layer} in a model of {layers}")
        self.layer, self.first_token = layer, first_token
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(self.device)

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Return one vector a text, in their order: (texts, width).

        Texts of like length share a batch, which saves padding and changes no vector beyond rounding.
        """
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        parts = [self._batch([texts[row] for row in order[at : at + BATCH]]) for at in range(0, len(order), BATCH)]
        vectors = torch.cat(parts)
        return torch.empty_like(vectors).index_copy_(0, torch.tensor(order, device=vectors.device), vectors)

    @torch.inference_mode()
    def _batch(self, texts: Sequence[str]) -> torch.Tensor:
        fed = self.tokenizer(list(texts), padding=True, truncation=True, max_length=TOKENS_MAX, return_tensors="pt")
        fed = {name: tensor.to(self.device) for name, tensor in fed.items()}
        hidden = self.model(**fed, output_hidden_states=True).hidden_states[self.layer]
        return hidden[:, 0] if self.first_token else mean_pool(hidden, fed["attention_mask"])

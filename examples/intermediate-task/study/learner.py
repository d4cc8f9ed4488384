"""A small XLM-R from its configuration, its tokenizer, and the two ways in which it learns.

The tokenizer is byte-pair encoding: the trainer of unigram pieces gives another vocabulary each time it is run on the same
text, and with it nothing here would repeat. Both trainings draw from a generator of their own that starts at the seed, so
that arms differ in what they are shown and in nothing else.
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from torch.nn import functional
from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM
from xtreme_retrieval import mean_pool, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
START, PADDING, END, UNKNOWN, MASK = range(5)
TOKENS_MAX = 64
MASKED_SHARE = 0.15
RATE_LANGUAGE, RATE_PAIRS = 1e-3, 5e-4  # learning rates, reached after a tenth of the steps and then falling to 0
TEMPERATURE = 0.05


@dataclass(frozen=True)
class Size:
    """How large a model is and how long it learns."""

    pieces: int
    width: int
    layers: int
    heads: int
    batch: int  # texts a step; of pairs half as many
    language_steps: int
    arm_steps: int
    tested: int


def size_for(effort: float) -> Size:
    """Return the size for an effort: 1 is two cores for some minutes, below 0.2 a trial, above 10 a GPU.

    Steps grow with the effort, the model in three sizes.
    """
    steps, arm = max(2, round(300 * effort)), max(2, round(150 * effort))
    if effort < 0.2:
        return Size(600, 32, 2, 2, 32, steps, arm, 40)
    if effort <= 10:
        return Size(4000, 96, 4, 4, 64, steps, arm, 400)
    return Size(8000, 384, 12, 12, 256, steps, arm, 400)


def tokenizer_for(texts: Sequence[str], pieces: int) -> Tokenizer:
    """Return byte-pair encoding with XLM-R's special tokens, trained on these texts alone."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))  # noqa: S106 - a token of text
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=pieces, special_tokens=list(SPECIAL), show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", START), ("</s>", END)]
    )
    tokenizer.enable_padding(pad_id=PADDING, pad_token="<pad>")  # noqa: S106 - a token of text
    tokenizer.enable_truncation(TOKENS_MAX)
    return tokenizer


class Learner:
    """A model with its tokenizer."""

    def __init__(self, tokenizer: Tokenizer, size: Size, seed: int) -> None:
        """Start from random weights, those of the seed."""
        torch.manual_seed(seed)
        config = XLMRobertaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            intermediate_size=4 * size.width,
            max_position_embeddings=TOKENS_MAX + PADDING + 1,
            bos_token_id=START,
            pad_token_id=PADDING,
            eos_token_id=END,
        )
        self.tokenizer, self.size, self.seed = tokenizer, size, seed
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model: Any = XLMRobertaForMaskedLM(config).to(self.device)

    def copied(self) -> Learner:
        """Return another learner with the same weights, which learns apart from this one."""
        return copy.deepcopy(self)

    def fed(self, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return token ids and mask, both (texts, tokens)."""
        encoded = self.tokenizer.encode_batch(list(texts))
        ids = torch.tensor([item.ids for item in encoded], device=self.device)
        return ids, (ids != PADDING).long()

    def learn_language(self, texts: Sequence[str], steps: int) -> None:
        """Learn to guess masked tokens: 15 % of them, of which 8 in 10 are hidden, 1 is another and 1 stays."""
        chance = self._begin()
        optimiser, schedule = self._optimiser(RATE_LANGUAGE, steps)
        for _ in range(steps):
            ids, mask = self.fed(chance.choices(texts, k=self.size.batch))
            drawn, way, other = (torch.rand(ids.shape, device=self.device) for _ in range(3))
            ordinary = ids >= len(SPECIAL)
            asked = ordinary & (drawn < MASKED_SHARE)
            # At least one token a batch is asked for, or the loss would be a mean of nothing.
            asked |= ordinary & (drawn == drawn.masked_fill(~ordinary, 2.0).min())
            shown = torch.where(asked & (way < 0.8), torch.full_like(ids, MASK), ids)
            anything = len(SPECIAL) + (other * (self.tokenizer.get_vocab_size() - len(SPECIAL))).long()
            shown = torch.where(asked & (way >= 0.9), anything, shown)
            guesses = self.model(input_ids=shown, attention_mask=mask).logits
            self._step(functional.cross_entropy(guesses[asked], ids[asked]), optimiser, schedule)

    def learn_pairs(self, pairs: Sequence[tuple[str, str]], steps: int) -> None:
        """Learn to find the other half of a pair among those of its batch, in both directions (contrastive)."""
        chance = self._begin()
        optimiser, schedule = self._optimiser(RATE_PAIRS, steps)
        for _ in range(steps):
            chosen = chance.choices(pairs, k=self.size.batch // 2)
            left, right = (unit(self._pooled(side)[-1]) for side in zip(*chosen, strict=True))
            likeness = left @ right.T / TEMPERATURE
            own = torch.arange(len(chosen), device=self.device)
            loss = functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)
            self._step(loss / 2, optimiser, schedule)

    @torch.inference_mode()
    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """Return the mean vectors of all layers, embeddings first: (layers + 1, texts, width)."""
        self.model.eval()
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        step = 4 * self.size.batch
        parts = [
            torch.stack(self._pooled([texts[row] for row in order[at : at + step]]))
            for at in range(0, len(order), step)
        ]
        found = torch.cat(parts, dim=1)
        return torch.empty_like(found).index_copy_(1, torch.tensor(order, device=self.device), found)

    def _begin(self) -> random.Random:
        self.model.train()
        torch.manual_seed(self.seed)
        return random.Random(self.seed)  # noqa: S311 - batches, no secret

    def _pooled(self, texts: Sequence[str]) -> list[torch.Tensor]:
        ids, mask = self.fed(texts)
        states = self.model.roberta(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        return [mean_pool(state, mask) for state in states]

    def _optimiser(self, rate: float, steps: int) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.LambdaLR]:
        optimiser = torch.optim.AdamW(self.model.parameters(), lr=rate)
        warm = max(1, steps // 10)
        shape = lambda done: min((done + 1) / warm, (steps - done) / max(1, steps - warm))  # noqa: E731 - two numbers
        return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, shape)

    def _step(self, loss: torch.Tensor, optimiser: torch.optim.AdamW, schedule: Any) -> None:
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()

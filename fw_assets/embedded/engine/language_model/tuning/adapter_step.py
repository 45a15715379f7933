"""One optimiser step of an adapter: rows of tokens through the frozen lower and the adapted upper layers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter
from fw_assets.embedded.engine.language_model.head import Head
from fw_assets.embedded.engine.language_model.language_model import LanguageModel, Prefix, last_of
from fw_assets.embedded.engine.language_model.lora import Adapter
from fw_assets.embedded.engine.language_model.memory import free_memory, halved, is_out_of_memory, passes
from fw_assets.embedded.engine.language_model.tuning.answer_loss import generation_losses, head_losses
from fw_assets.embedded.engine.language_model.tuning.answer_tokens import AnswerTokens, object_answer, whole_answer
from fw_assets.embedded.engine.language_model.tuning.length_buckets import micro_batches
from fw_assets.embedded.engine.language_model.tuning.lower_states import MAX_TOKENS_PER_PASS, LowerStates
from fw_assets.embedded.engine.training_run import ResourceUse
from fw_assets.embedded.engine.training_spec import TrainingRow


class AdapterStep:
    """The rows of a run as tokens, and the gradient of a batch.

    Attributes:
        parameters: what the optimiser changes.
        lengths: tokens of each row.
    """

    def __init__(
        self,
        model: LanguageModel,
        tuned: TunedAdapter,
        rows: Sequence[TrainingRow],
        cache: Path,
        *,
        spaced: bool = True,
        recomputes: bool = False,
    ) -> None:
        """`spaced`: whether objects of several fields have spaces after colons and commas.

        `recomputes`: as of `AdapterForm`.
        """
        self._model, self._tuned = model, tuned
        self._activations = model.recomputed if recomputes else nullcontext
        self._rows_per_pass: int | None = None
        self._tokens, self._seconds = 0, 0.0
        head = tuned.head
        self.parameters = tuned.adapter.parameters() + ([head.directions, head.bias] if head else [])
        self._answers = [self._answer(row, spaced) for row in rows]
        limit = tuned.spec.max_context_length
        prompts = [
            model.prompts.encode(row.text, limit, len(answer.tokens))
            for row, answer in zip(rows, self._answers, strict=True)
        ]
        # An adapter that reads the instructions as well reads them with each row.
        whole = tuned.adapted_prefix
        self._prefixes = [() if whole else prompt.prefix for prompt in prompts]
        self._rows = [(*prompt.prefix, *prompt.row) if whole else prompt.row for prompt in prompts]
        self.lengths = [len(row) + len(answer.tokens) for row, answer in zip(self._rows, self._answers, strict=True)]
        # The lower layers read the answer too where a head does not need it, so that both readouts share the states.
        self._read = [
            (*tokens, *(answer if answer.tokens or tuned.multi_label else self._written(row)).tokens[:-1])
            for tokens, answer, row in zip(self._rows, self._answers, rows, strict=True)
        ]
        weight = np.array([row.weight for row in rows], np.float32)
        self._weight = torch.from_numpy(weight / weight.mean()).to(model.device)
        self._target = torch.zeros((len(rows), len(tuned.labels)), device=model.device)
        place = {label: column for column, label in enumerate(tuned.labels)}
        for index, row in enumerate(rows if head else ()):
            self._target[index, [place[label] for label in row.labels]] = 1
        first = tuned.adapter.first_layer
        self._upper = model.pretrained.part(first, model.pretrained.layer_count) if first else None
        self._lower = LowerStates(model, first, cache) if first else None

    def prepare(self, rows: Sequence[int]) -> Iterator[int]:
        """Have the lower layers read these rows; yields from time to time how many more they have read."""
        if self._lower is None:
            return
        for tokens in dict.fromkeys(self._prefixes[row] for row in rows):
            own = [self._read[row] for row in rows if self._prefixes[row] == tokens]
            yield from self._lower.prepare(own, self._model.read_prefix(tokens))

    def last_states(self, rows: Sequence[Sequence[int]], prefix: Prefix) -> torch.Tensor:
        """As of `LanguageModel`, with the adapter as it is; what the lower layers have read is not read again."""
        below = self._lower.below(rows, prefix) if self._lower else None
        return last_of(self._model.states(rows, prefix, self._tuned.adapter, part=self._upper, below=below), rows)

    def accumulate(self, batch: Sequence[int]) -> float:
        """Add the gradient of the batch's weighted mean loss to none, and return that loss.

        Where memory runs out, the batch is done again in passes of half as many rows, and later ones are too.

        Raises:
            MemoryError: one row alone does not fit.
        """
        started = time.monotonic()
        while True:
            try:
                with self._activations():
                    total = self._sum(batch, lambda loss: (loss / len(batch)).backward())
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                self._rows_per_pass = halved(min(self._rows_per_pass or len(batch), len(batch)))
            # Outside of the handler, whose error holds the tensors of the pass. What part of the batch has added to the
            # gradient is added again.
            for parameter in self.parameters:
                parameter.grad = None
            free_memory()
        self._tokens += sum(self.lengths[row] for row in batch)
        self._seconds += time.monotonic() - started
        return total / len(batch)

    def use(self, peak_bytes: int) -> ResourceUse:
        """What the training has used in this process, and at most of its memory."""
        return ResourceUse(self._tokens, self._seconds, peak_bytes, self._rows_per_pass)

    def _sum(self, batch: Sequence[int], each: Callable[[torch.Tensor], None]) -> float:
        """The sum of the batch's weighted losses; `each` is called with that of each pass."""
        total = 0.0
        for prefix in dict.fromkeys(self._prefixes[row] for row in batch):
            same = [row for row in batch if self._prefixes[row] == prefix]
            for part in micro_batches(same, self.lengths, MAX_TOKENS_PER_PASS, self._rows_per_pass):
                loss = (self._losses(part, prefix) * self._weight[part]).sum()
                each(loss)
                total += float(loss.detach())
        return total

    def _answer(self, row: TrainingRow, spaced: bool) -> AnswerTokens:
        prompts, fields = self._model.prompts, self._tuned.fields
        if fields:
            return object_answer(prompts, fields, row.values, spaced=spaced)
        return self._written(row) if self._tuned.head is None else AnswerTokens()

    def _written(self, row: TrainingRow) -> AnswerTokens:
        return whole_answer(self._model.prompts, row.answer or next(iter(row.labels), ""))

    def mean_loss(self, batch_size: int) -> float:
        """The weighted mean loss of all rows."""
        rows = range(len(self.lengths))
        with torch.no_grad():
            total = sum(loss for _, loss in passes(rows, batch_size, lambda part: self._sum(part, lambda _: None)))
        return total / len(self.lengths)

    def current(self, tuned: TunedAdapter) -> TunedAdapter:
        """The model as it is now, apart from what further steps change."""
        adapter, head = self._tuned.adapter, self._tuned.head
        pairs = {name: (a.detach().clone(), b.detach().clone()) for name, (a, b) in adapter.pairs.items()}
        if head is not None:
            head = Head(head.labels, head.directions.detach().clone(), head.bias.detach().clone(), head.center)
        copied = Adapter(adapter.rank, adapter.scale, adapter.first_layer, pairs)
        return replace(tuned, adapter=copied, head=head)

    def close(self) -> None:
        if self._lower is not None:
            self._lower.close()

    def _losses(self, part: Sequence[int], prefix_tokens: tuple[int, ...]) -> torch.Tensor:
        model, tuned = self._model, self._tuned
        prompts, answers = [self._rows[row] for row in part], [self._answers[row] for row in part]
        rows = [(*prompt, *answer.tokens[:-1]) for prompt, answer in zip(prompts, answers, strict=True)]
        prefix = model.read_prefix(prefix_tokens)
        read = [self._read[row] for row in part]
        below = self._lower.below(read, prefix, [len(row) for row in rows]) if self._lower else None
        states = model.states(rows, prefix, tuned.adapter, part=self._upper, below=below)
        if tuned.head is None:
            return generation_losses(model.pretrained, states, prompts, answers)
        return head_losses(states, prompts, tuned.head, self._target[list(part)], multi_label=tuned.multi_label)

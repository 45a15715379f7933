"""Requests for several adapters over one base: scored in shared passes, and one adapter after the other, by turns.

    python -m benchmarks.mixed_adapters [MODEL] [ADAPTERS] [READOUT]

Random adapters of rank 16 on the upper third of a model's layers (`smollm2-135m`), with heads (READOUT `head`) or
without (`generate`), each with instructions of its own. Printed are rows per second of processor time for so many
requests of each adapter, the ratio, and by how much an answer's probability, and its natural logarithm, differ at most
from those of a request by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.arguments import positional

LABELS = ("billing", "sales", "account", "technical")
ROUNDS = 3


def main(model: str = "smollm2-135m", adapters: int = 4, readout: str = "head") -> None:
    """Run it, and print what happened."""
    from fw_assets.embedded.engine.language_model.mixed.scoring import ScoreQuestion, score_together
    from fw_assets.embedded.engine.registry import find_base_model
    from fw_assets.embedded.engine.turns import write_conversation

    folder = find_base_model(model).language_model
    if folder is None:
        raise SystemExit(f"{model} is no language model of this machine: fw-assets setup llm, or fw-assets models add")
    scorers = _scorers(folder, adapters, readout)
    for requests in (1, 4, 16):
        questions = []
        for index, scorer in enumerate(scorers):
            system = {"role": "system", "content": f"{'Be exact. ' * index}Answer with one of {', '.join(LABELS)}."}
            texts = [f"Order {number}: I was charged twice and cannot sign in any more." for number in range(requests)]
            turns = [[system, {"role": "user", "content": text}] for text in texts]
            questions.append(ScoreQuestion(scorer, [write_conversation(turn) for turn in turns], None))

        def apart(questions: list[Any] = questions) -> None:
            for question in questions:
                question.scorer.log_probabilities(question.texts, None)

        def mixed(questions: list[Any] = questions) -> None:
            score_together(questions)

        mixed()  # reads the instructions
        seconds = [(_seconds(apart), _seconds(mixed)) for _ in range(ROUNDS)]
        before, after = (min(turn[side] for turn in seconds) for side in (0, 1))
        rows = adapters * requests
        print(
            f"{requests:3} requests of each of {adapters} adapters: {rows / before:6.2f} rows/s one after the other, "
            f"{rows / after:6.2f} mixed, ratio {before / after:.2f}",
            flush=True,
        )
        together = np.concatenate(score_together(questions))
        alone = np.concatenate(
            [question.scorer.log_probabilities([text], None) for question in questions for text in question.texts]
        )
        print(
            f"    differ from those by themselves: probability {np.abs(np.exp(together) - np.exp(alone)).max():.1e}, "
            f"logarithm {np.abs(together - alone).max():.1e} down to {alone.min():.1f}",
            flush=True,
        )


def _scorers(folder: Any, adapters: int, readout: str) -> list[Any]:
    import torch

    from fw_assets.embedded.engine.language_model.adapter_files import TunedAdapter
    from fw_assets.embedded.engine.language_model.head import new_head
    from fw_assets.embedded.engine.language_model.language_model import load
    from fw_assets.embedded.engine.language_model.lora import Adapter, new_adapter
    from fw_assets.embedded.engine.language_model.scorers import scorer_of
    from fw_assets.embedded.engine.training_spec import TrainingSpec

    model = load(folder)
    layers = model.pretrained.layer_count
    scorers = []
    for seed in range(adapters):
        new = new_adapter(model.linear, 16, layers - layers // 3, seed)
        pairs = {name: (down.detach(), torch.randn_like(up) * 0.01) for name, (down, up) in new.pairs.items()}
        tuned = TunedAdapter(
            spec=TrainingSpec(folder.name, 16, 1e-3, 1, 16, 512),
            base_digest=model.digest,
            base_source="",
            layers=layers,
            labels=LABELS,
            multi_label=False,
            adapter=Adapter(16, new.scale, new.first_layer, pairs),
            head=new_head(model, LABELS, multi_label=False) if readout == "head" else None,
            answers={},
            adapted_prefix=readout != "head",
        )
        scorers.append(scorer_of(model, tuned))
    return scorers


def _seconds(work: Callable[[], None]) -> float:
    """Processor time; the clock would count what other programs take."""
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main(*positional(__doc__, model="smollm2-135m", adapters=4, readout="head"))

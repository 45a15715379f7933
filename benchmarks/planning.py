"""How long a plan takes after inspection: `python -m benchmarks.planning [rows] [models]`."""

from __future__ import annotations

import json
import random
import tempfile
import time
from pathlib import Path

from benchmarks.arguments import positional
from fw_assets.classification.catalogue.models import CatalogueModel
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.prices import shipped_prices
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.text_volumes import measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR
from fw_assets.classification.labels.resolution import resolve
from fw_assets.classification.plan.planner import make_plan
from fw_assets.classification.prompting.prompt import make_prompt
from fw_assets.classification.session import Session
from fw_assets.pipeline.planning.volumes import with_sweep_sample
from fw_assets.report.rendering.markdown import render_plan
from fw_assets_tests.classification.frames import inspect_in_memory

TEXT = "the card bank app error invoice login refund plan price phone order account help please when why late"
WORDS = TEXT.split()
LABELS = [f"label-{number}" for number in range(50)]


def write_rows(path: Path, rows: int) -> None:
    """Random chat rows of 8 to 30 words."""
    chance = random.Random(1)
    with path.open("w") as sink:
        for number in range(rows):
            text = " ".join(chance.choices(WORDS, k=chance.randint(8, 30))) + f" {number}"
            turns = [{"role": "user", "content": text}, {"role": "assistant", "content": chance.choice(LABELS)}]
            sink.write(json.dumps({"messages": turns}) + "\n")


def main(rows: int = 1_000_000, models: int = 10) -> None:
    """Inspect and resolve, then time what the `plan` asset does: prompt, token counts, estimate, rendering."""
    names = tuple(f"accounts/fireworks/models/model-{number}" for number in range(models))
    session = Session(models=names)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        write_rows(path, rows)
        started = time.perf_counter()
        frame, inspected = inspect_in_memory(path, None, session)
        split, labels = resolve(frame, inspected, session)
        print(f"inspection: {time.perf_counter() - started:.1f} s")
    catalogue = [
        CatalogueModel(name=name, parameter_count=8_000_000_000, tunable=True, serverless=True, supports_lora=True)
        for name in names
    ]
    pricing = Pricing(prices=shipped_prices(), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING)
    from fw_assets.embedded import count_tokens

    for what, count in (("characters", None), ("tokens counted", count_tokens)):
        started = time.perf_counter()
        prompt = make_prompt(split, labels)
        sampled = with_sweep_sample(split, session.sweep_rows, session.seed)
        volumes = measure_volumes(sampled, system=prompt.system or "", render=prompt.render, count=count)
        plan = make_plan(session, "rows", inspected, labels, prompt.digest, catalogue, volumes, pricing)
        text = render_plan(plan)
        seconds = time.perf_counter() - started
        print(f"plan of {rows:,} rows and {models} models, {what}: {seconds:.1f} s, {len(text):,} characters")


if __name__ == "__main__":
    main(*positional(__doc__, rows=1_000_000, models=10))

"""The pipeline against a platform that lies: states, figures, prices, quotes, failures, messages with the key.

The real steps on a virtual platform, so that a wait of hours takes a second. Whatever it says, the run ends with a
result or one sentence, nothing is created twice, the ceiling holds, and the key is nowhere.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from benchmarks.attacks.frame import Attacks, BrokenError, require
from fw_assets.pipeline.approvals import approved_account
from fw_assets.pipeline.budget.attempts import LOG, MAX_ATTEMPTS
from fw_assets.workspace.workspace import Workspace
from fw_assets_tests.fireworks.fake import KEY, reply, rpc
from fw_assets_tests.pipeline.fault_schedules.drivers import DATASET, drive
from fw_assets_tests.pipeline.fault_schedules.schedule import CENT, EXPECTED
from fw_assets_tests.pipeline.fault_schedules.template import answers, approve, make_plan, undisturbed_host, write_rows
from fw_assets_tests.pipeline.fault_schedules.virtual_platform import VirtualPlatform

SECONDS = 240.0
MAX_MESSAGE = 4_000
ATTEMPTS = 2
HOUR_USD = 2.0
CEILINGS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 3.0)
JOBS, DEPLOYMENTS, METRICS = "/supervisedFineTuningJobs/", "/deployments/", "/metrics/"
CHAT, MODELS, PRICES, DATASETS = "chat/completions", "fireworks/models", "/prices", "/datasets/"

Lie = Callable[[httpx.Request, httpx.Response, int], httpx.Response]
"""From a request, the honest response and how many like it came before, to the lie."""


class LyingPlatform(VirtualPlatform):
    """Lies about what a path contains."""

    def __init__(self, path: str, lie: Lie) -> None:
        super().__init__(answers(), HOUR_USD)
        self._path, self._lie, self._times = path, lie, 0
        self.endings = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        response = super().answer(request)
        path = request.url.path
        concerned = self._path in path if self._path == METRICS else self._path in path and METRICS not in path
        if not concerned or response.status_code != 200:
            return response
        self._times += 1
        lie = self._lie(request, response, self._times)
        self.endings += any(state in lie.text for state in ENDED)
        return lie


def fields(**changes: Any) -> Lie:
    """The honest response with some fields changed."""
    return lambda request, response, times: reply(200, {**response.json(), **changes})


def each_model(**changes: Any) -> Lie:
    def lie(request: httpx.Request, response: httpx.Response, times: int) -> httpx.Response:
        if "models" not in response.json():
            return reply(200, {**response.json(), **changes})
        return reply(200, {"models": [{**model, **changes} for model in response.json()["models"]]})

    return lie


def priced(text: str) -> Lie:
    """Prices of which each is `text`, as it stands in the JSON."""

    def lie(request: httpx.Request, response: httpx.Response, times: int) -> httpx.Response:
        prices = [{**price, "usd": "PRICE"} for price in response.json()["prices"]]
        return httpx.Response(200, text=json.dumps({"prices": prices}).replace('"PRICE"', text))

    return lie


def choice(**changes: Any) -> Lie:
    def lie(request: httpx.Request, response: httpx.Response, times: int) -> httpx.Response:
        honest = response.json()["choices"][0]
        return reply(200, {**response.json(), "choices": [{**honest, **changes}]})

    return lie


def says(text: Any) -> Lie:
    return choice(message={"role": "assistant", "content": text})


def instead(response: httpx.Response, after: int = 0) -> Lie:
    """Another response, from the one after `after` on."""

    def lie(request: httpx.Request, honest: httpx.Response, times: int) -> httpx.Response:
        given = response if times > after else honest
        return httpx.Response(given.status_code, content=given.content, headers=dict(given.headers))

    return lie


def text(body: str) -> Lie:
    return instead(httpx.Response(200, text=body))


def _cost(units: Any) -> Lie:
    return fields(estimatedCost={"currencyCode": "USD", "units": units, "nanos": 0})


def _usage(prompt: Any) -> Lie:
    return fields(usage={"prompt_tokens": prompt, "completion_tokens": 1})


def _error(status: int, message: str = "no") -> httpx.Response:
    return reply(status, {"error": {"message": message, "code": "X"}})


ENDED = ('"JOB_STATE_FAILED"', '"JOB_STATE_CANCELLED"', '"FAILED"', '"DELETED"')
FAILED = {"state": "JOB_STATE_FAILED", "status": {"code": "INTERNAL", "message": "out of memory"}}
QUOTED = {"code": "INTERNAL", "message": f"the key {KEY} is used up"}
NONSENSE = {"loraRank": -1, "learningRate": 1e9, "epochs": 1e9}
H200 = {"acceleratorType": "NVIDIA_H200_141GB"}
DRIVING = "\x1b]0;pwn\x07\x1b[2J\u202e"
LIES: tuple[tuple[str, str, Lie], ...] = (
    ("jobs in an unknown state", JOBS, fields(state="JOB_STATE_DREAMING")),
    ("jobs without a state", JOBS, fields(state=None)),
    ("jobs whose state is a number", JOBS, fields(state=7)),
    ("jobs that never end", JOBS, fields(state="JOB_STATE_RUNNING")),
    ("jobs that fail", JOBS, fields(**FAILED)),
    ("jobs that fail and quote the key", JOBS, fields(state="JOB_STATE_FAILED", status=QUOTED)),
    ("jobs that fail and drive the terminal", JOBS, fields(**FAILED | {"status": {"code": "X", "message": DRIVING}})),
    ("jobs that are cancelled", JOBS, fields(state="JOB_STATE_CANCELLED")),
    ("jobs that are paused", JOBS, fields(state="JOB_STATE_PAUSED")),
    ("jobs that were deleted", JOBS, instead(rpc(404, 5, "gone"), after=1)),
    ("jobs of another name", JOBS, fields(name="accounts/evil/supervisedFineTuningJobs/x")),
    ("jobs of another base model", JOBS, fields(baseModel="accounts/evil/models/x")),
    ("jobs with another output", JOBS, fields(outputModel="accounts/evil/models/x")),
    ("jobs without an output", JOBS, fields(outputModel=None)),
    ("jobs at -5 %", JOBS, fields(jobProgress={"percent": -5})),
    ("jobs at 1e9 %", JOBS, fields(jobProgress={"percent": 10**9, "epoch": "x"})),
    ("jobs for $100,000", "/supervisedFineTuningJobs", _cost("100000")),
    ("jobs for -$5", "/supervisedFineTuningJobs", _cost("-5")),
    ("jobs for 10^30 dollars", "/supervisedFineTuningJobs", _cost("1" + "0" * 30)),
    ("jobs for much", "/supervisedFineTuningJobs", _cost("much")),
    ("deployments on 10^9 accelerators", DEPLOYMENTS, fields(**H200 | {"acceleratorCount": 10**9})),
    ("deployments on -4 accelerators", DEPLOYMENTS, fields(**H200 | {"acceleratorCount": -4})),
    ("deployments on four accelerators", DEPLOYMENTS, fields(**H200 | {"acceleratorCount": 4})),
    ("deployments on a text", DEPLOYMENTS, fields(acceleratorType=DRIVING, acceleratorCount="many")),
    ("bills for much", "/billing", fields(lineItems="much")),
    ("bills of NaN", "/billing", text('{"lineItems": [{"quantity": NaN, "totalCost": {"units": "1e999"}}]}')),
    ("bills of 10^30 dollars", "/billing", fields(lineItems=[{"totalCost": {"units": "1" + "0" * 30}}])),
    ("bills of 100,000 items", "/billing", fields(lineItems=[{"groupingValue": KEY, "category": DRIVING}] * 100_000)),
    ("jobs in another currency", "/supervisedFineTuningJobs", fields(estimatedCost={"currencyCode": "X"})),
    ("metrics of NaN", METRICS, text('{"epoch": 1, "eval/loss": NaN, "train/total_tokens": NaN}\n')),
    ("metrics of Infinity", METRICS, text('{"epoch": 1, "eval/loss": -Infinity, "train/total_tokens": Infinity}\n')),
    ("metrics of -5 tokens", METRICS, text('{"epoch": 1, "eval/loss": 0.1, "train/total_tokens": -5}\n')),
    ("metrics of 1e30 tokens", METRICS, text('{"epoch": 1, "eval/loss": 0.1, "train/total_tokens": 1e30}\n')),
    ("metrics of 10^400", METRICS, text('{"epoch": 1, "train/total_tokens": 1' + "0" * 400 + "}\n")),
    ("metrics in HTML", METRICS, text("<html>sign in</html>")),
    ("metrics of 50,000 epochs", METRICS, text('{"epoch": 1, "eval/loss": 0.5}\n' * 50_000)),
    ("no metrics", METRICS, instead(_error(403))),
    ("metrics that cannot be had", METRICS, instead(_error(500))),
    ("deployments that fail", DEPLOYMENTS, fields(state="FAILED", status={"code": "X", "message": "no capacity"})),
    ("deployments that fail and quote the key", DEPLOYMENTS, fields(state="FAILED", status=QUOTED)),
    ("deployments that are never ready", DEPLOYMENTS, fields(state="CREATING")),
    ("deployments in an unknown state", DEPLOYMENTS, fields(state="DREAMING")),
    ("deployments of another model", DEPLOYMENTS, fields(baseModel="accounts/evil/models/x")),
    ("deployments that are deleted", DEPLOYMENTS, fields(state="DELETED")),
    ("empty answers", CHAT, says("")),
    ("no answers", CHAT, says(None)),
    ("answers that are no label", CHAT, says("I cannot say")),
    ("answers of 1 MB", CHAT, says("billing " * 125_000)),
    ("answers that drive the terminal", CHAT, says(f"{DRIVING}billing")),
    ("answers of NUL and half surrogates", CHAT, says("\0\ud800 billing")),
    ("answers with the key", CHAT, says(KEY)),
    ("answers that are cut off", CHAT, choice(finish_reason="length")),
    ("refusals", CHAT, choice(message={"role": "assistant", "content": None, "refusal": "no"})),
    ("no choices", CHAT, fields(choices=[])),
    ("no usage", CHAT, fields(usage=None)),
    ("a usage of -5", CHAT, _usage(-5)),
    ("a usage of 1e18", CHAT, _usage(10**18)),
    ("a usage of 10^40", CHAT, _usage(10**40)),
    ("a usage of 10 million", CHAT, _usage(10**7)),
    ("a usage that is text", CHAT, _usage("many")),
    ("a key that expires", CHAT, instead(_error(401, f"the key {KEY} has expired"), after=10)),
    ("an account without money", CHAT, instead(_error(402), after=10)),
    ("a key without the permission", CHAT, instead(_error(403), after=10)),
    ("a model that is gone", CHAT, instead(_error(404), after=10)),
    ("too many requests, for ever", CHAT, instead(_error(429), after=10)),
    ("trouble, for ever", CHAT, instead(_error(500), after=10)),
    ("models of no context", MODELS, each_model(contextLength=0)),
    ("models of a negative context", MODELS, each_model(contextLength=-5)),
    ("models of text", MODELS, each_model(contextLength="x", baseModelDetails=[])),
    ("models without a grid", MODELS, each_model(fineTuningDefaults={"grid": []})),
    ("models with a grid of nonsense", MODELS, each_model(fineTuningDefaults={"grid": [NONSENSE]})),
    ("models that are out of order", MODELS, each_model(status=QUOTED)),
    ("models with hostile names", MODELS, each_model(displayName=f"{DRIVING}<script>alert(1)</script>|`")),
    ("no models", MODELS, fields(models=[])),
    ("prices of -5", PRICES, priced("-5")),
    ("prices of NaN", PRICES, priced("NaN")),
    ("prices of 1e308", PRICES, priced("1e308")),
    ("prices of Infinity", PRICES, priced("1e999")),
    ("prices that are text", PRICES, priced('"cheap"')),
    ("prices of null", PRICES, priced("null")),
    ("prices of nothing", PRICES, fields(prices=[{}])),
    ("prices as an object", PRICES, fields(prices={"a": 1})),
    ("prices as text", PRICES, fields(prices="cheap")),
    ("datasets that fail", DATASETS, fields(state="FAILED", status=QUOTED)),
    ("datasets that are never ready", DATASETS, fields(state="UPLOADING")),
    ("datasets of another length", DATASETS, fields(exampleCount="7")),
    ("datasets in an unknown state", DATASETS, fields(state="DREAMING")),
)  # fmt: skip


def pipeline(attacks: Attacks) -> None:
    """Each lie from planning on, and a second attempt of a person after it."""
    for name, path, lie in LIES:
        with attacks.attack(name):
            _in_time(lambda path=path, lie=lie, name=name: _run(attacks.new_folder("lie"), LyingPlatform(path, lie)))  # type: ignore[misc]


def _require_one_each(store: Workspace, platform: VirtualPlatform) -> None:
    """One resource for each specification, and one more for each that had ended, under an id that was promised."""
    events = [msgspec.json.decode(line, type=tuple[str, str, str]) for line in store.lines(DATASET, LOG)]
    started = {id for event, id, _ in events if event == "started"}
    ended = isinstance(platform, LyingPlatform) and platform.endings
    for name, number in platform.specifications.items():
        require(number <= MAX_ATTEMPTS, f"created {number} times: {name[:200]}")
        if number > 1:
            kind = f"/{json.loads(name)[0]}/"
            unpromised = [path for path in platform.stored if kind in path and path.rsplit("/", 1)[-1] not in started]
            require(ended and not unpromised, f"created {number} times: {name[:200]}")


def ceilings(attacks: Attacks) -> None:
    """A ceiling below what the plan costs: never passed, by no dollar and under no repetition."""
    for ceiling in CEILINGS:
        for hour_usd in (0.0, HOUR_USD):
            with attacks.attack(f"${ceiling:g}, with deployments for ${hour_usd:g} per hour"):
                platform = VirtualPlatform(answers(), hour_usd)
                folder = attacks.new_folder("ceiling")
                _in_time(lambda: _run(folder, platform, max_spend_usd=ceiling))  # noqa: B023  ends before the next one
                require(platform.charged <= ceiling + CENT / 2, f"${platform.charged:.4f} was charged")


def _in_time(work: Callable[[], None]) -> None:
    """Do it in a thread that is left behind when it does not end."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  raised again below
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if thread.is_alive():
        raise BrokenError(f"no end within {SECONDS:.0f} s")
    if errors:
        raise errors[0]


def _run(folder: Path, platform: VirtualPlatform, **session: Any) -> None:
    store = Workspace(str(folder / "workspace"))
    host = undisturbed_host(folder, platform)
    for _ in range(ATTEMPTS):
        try:
            if store.header("plan", DATASET) is None:
                make_plan(store, host, write_rows(folder), **session)
            approve(store, host, "command-line")
            drive(store, host, "command-line")
        except EXPECTED as error:
            message = str(error)
            require(message.strip(), f"an empty message of {type(error).__name__}")
            require(len(message) < MAX_MESSAGE, f"a message of {len(message):,} characters")
            require(KEY not in message, "the key is in a message")
    _require_one_each(store, platform)
    for path in folder.rglob("*"):
        if path.is_file() and "answers with the key" not in str(folder):
            found = KEY.encode() in path.read_bytes()
            require(
                not found or path.parent.name == "answers" or path.suffix == ".parquet", f"the key is in {path.name}"
            )
    if store.header("approval", DATASET) is not None:
        account = approved_account(store, DATASET)
        # What a plan has no price for is approved without a figure, and may get one when it starts.
        lines = {line.key: line for line in account.estimate.lines}
        spent = sum(entry.usd or 0.0 for entry in account.entries() if lines[entry.key].usd is not None)
        require(
            0 <= spent <= account.ceiling + CENT / 2, f"${spent:.2f} paid under a ceiling of ${account.ceiling:.2f}"
        )

"""Decisions as values: distributions, read from either wire form, and never trusted further than they add up.

A server's own `choice`, `score` and `confidence` are not read: five definitions of the last are in use, so all three
are computed from the probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from ._completion import read_object, read_tokens
from ._decision_question import Noul, Question, Score
from ._errors import UnexpectedResponse

MAX_ROUNDING = 0.03
"""By which a sum of rounded probabilities may miss one (0.2 + 0.3 + 0.47 does by a little more)."""
_SAME = 1e-9
"""By which a sum of probabilities that are not rounded may."""


@dataclass(frozen=True)
class DecisionAnswer:
    """Attributes:
    probabilities: of the options in the question's order (of a noul `true` and `false`); they sum to one.
    ordered: whether the options are levels of a scale.
    label_mass: the share of all that the server could have said, where it tells; low values mean little.
    """

    probabilities: Mapping[str, float]
    ordered: bool = False
    label_mass: float | None = None

    @property
    def choice(self) -> str:
        """The most probable option; the first of equals."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def score(self) -> float:
        """The mean level, from 0."""
        return sum(level * p for level, p in enumerate(self.probabilities.values()))

    @property
    def confidence(self) -> float:
        """0 at chance, 1 at certainty.

        (max - 1/n) / (1 - 1/n); for levels 1 less the mean distance from the most probable one, by that of chance.
        """
        values = list(self.probabilities.values())
        count = len(values)
        if not self.ordered:
            return _share((max(values) - 1 / count) / (1 - 1 / count))
        mode = values.index(max(values))
        distance = sum(p * abs(level - mode) for level, p in enumerate(values))
        chance = sum(abs(level - (count - 1) / 2) for level in range(count)) / count
        return _share(1 - distance / chance)


@dataclass(frozen=True)
class Decision:
    """Answers of one model to the questions about one state.

    Attributes:
        answers: by question; those that were refused are missing.
        refused: questions that the model declined.
        model: the server's name of what answered, empty where it gives none.
        output_tokens: 0 where all questions were read in one pass, else one per question; never what was written.
        latency: seconds, of every attempt.
    """

    answers: Mapping[str, DecisionAnswer]
    refused: tuple[str, ...] = ()
    model: str = ""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    latency: float = 0.0
    requests: int = field(default=1, compare=False)


def parse_systemone(body: Mapping[str, Any], questions: Mapping[str, Question], latency: float) -> Decision:
    """The decision in the body of a reply of /systemone.

    Raises:
        UnexpectedResponse: an answer is missing, or is no distribution over the options.
    """
    answers = body.get("answers")
    if not isinstance(answers, dict):
        raise UnexpectedResponse("decision: the response has no answers")
    return _decision(body, {id: answers.get(id) for id in questions}, questions, latency, _systemone_values)


def parse_decisions(body: Mapping[str, Any], questions: Mapping[str, Question], latency: float) -> Decision:
    """The decision in the body of a reply of /decisions, whose answers are in the order of the questions.

    Raises:
        UnexpectedResponse: as for /systemone; also where the order cannot be trusted.
    """
    answers = body.get("answers")
    if not isinstance(answers, list) or len(answers) != len(questions):
        raise UnexpectedResponse(f"decision: expected {len(questions)} answers in a list")
    by_id = dict(zip(questions, answers, strict=True))
    for id, answer in by_id.items():
        name = read_object(answer).get("name")
        if name not in (None, id):
            raise UnexpectedResponse(f"decision: the answer in place of {id!r} has the name {str(name)[:40]!r}")
    return _decision(body, by_id, questions, latency, _openai_values)


def joined(decisions: list[Decision]) -> Decision:
    """The parts of a decision that was split, as one."""
    if len(decisions) == 1:
        return decisions[0]
    return Decision(
        {id: answer for part in decisions for id, answer in part.answers.items()},
        tuple(id for part in decisions for id in part.refused),
        decisions[0].model,
        sum(part.input_tokens for part in decisions),
        sum(part.cached_tokens for part in decisions),
        sum(part.output_tokens for part in decisions),
        sum(part.latency for part in decisions),
        len(decisions),
    )


_Values = Callable[[Mapping[str, Any], Question], Any]


def _decision(
    body: Mapping[str, Any],
    answers: Mapping[str, Any],
    questions: Mapping[str, Question],
    latency: float,
    values: _Values,
) -> Decision:
    usage = read_object(body.get("usage"))
    details = read_object(usage.get("input_tokens_details"))
    refused = tuple(id for id, answer in answers.items() if read_object(answer).get("type") == "refusal")
    return Decision(
        answers={id: _answer(id, answers[id], questions[id], values) for id in questions if id not in refused},
        refused=refused,
        model=str(body.get("model") or ""),
        input_tokens=read_tokens(usage, "input_tokens"),
        cached_tokens=read_tokens(usage, "cached_input_tokens") or read_tokens(details, "cached_tokens"),
        output_tokens=read_tokens(usage, "output_tokens"),
        latency=latency,
    )


def _answer(id: str, answer: Any, question: Question, values: _Values) -> DecisionAnswer:
    if not isinstance(answer, dict):
        raise UnexpectedResponse(f"decision: no answer to {id!r}")
    found = values(answer, question)
    if not isinstance(found, dict):
        raise UnexpectedResponse(f"decision: the answer to {id!r} has no probabilities")
    if tuple(found) != question.options:
        found = _in_order(id, found, question)
    numbers = list(found.values())
    # Most answers are read by the first line; one by one they take four times as long.
    kinds = set(map(type, numbers))
    plain = kinds <= {int, float} and min(numbers) >= 0 and max(numbers) <= 1
    for number in numbers if not plain else ():
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
            raise UnexpectedResponse(f"decision: the answer to {id!r} has {str(number)[:40]}, which is no probability")
    total = sum(numbers)
    if not abs(total - 1) <= MAX_ROUNDING + _SAME:  # also where one of them is no number
        raise UnexpectedResponse(f"decision: the probabilities of {id!r} sum to {total:.4g}, and not to 1")
    mass = answer.get("x_label_mass", read_object(answer.get("diagnostics")).get("label_mass"))
    if abs(total - 1) > _SAME or int in kinds:
        found = {option: number / total for option, number in found.items()}
    return DecisionAnswer(
        found,
        ordered=isinstance(question, Score),
        label_mass=float(mass) if _is_share(mass) else None,
    )


def _in_order(id: str, found: Mapping[Any, Any], question: Question) -> dict[str, Any]:
    """What was told of each option, in the question's order.

    Raises:
        UnexpectedResponse: an option is missing or unknown.
    """
    if found.keys() != question.option_set:
        missing = [option for option in question.options if option not in found]
        unknown = [option for option in found if option not in question.options]
        which, option = ("lacks", missing[0]) if missing else ("has an unknown", unknown[0])
        raise UnexpectedResponse(f"decision: the answer to {id!r} {which} option {str(option)[:80]!r}")
    return {option: found[option] for option in question.options}


def _systemone_values(answer: Mapping[str, Any], question: Question) -> Any:
    if isinstance(question, Noul):
        return _sides(answer.get("noul", answer.get("probability")))
    probabilities = answer.get("probabilities")
    if isinstance(question, Score) and isinstance(probabilities, dict):
        # Keyed by the levels' numbers; by their texts on some servers.
        levels = {str(level): text for level, text in enumerate(question.options)}
        return {levels.get(key, key): value for key, value in probabilities.items()}
    return probabilities


def _openai_values(answer: Mapping[str, Any], question: Question) -> Any:
    if isinstance(question, Noul):
        return _sides(answer.get("probability"))
    items = answer.get("probabilities")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    keys = [item.get("value") for item in items]
    if isinstance(question, Score):
        keys = [
            question.options[key] if isinstance(key, int) and 0 <= key < len(question.options) else key for key in keys
        ]
    if len({(type(key), key) for key in keys if isinstance(key, str | int)}) != len(items):
        raise UnexpectedResponse("decision: an option is answered twice")
    return {key: item.get("probability") for key, item in zip(keys, items, strict=True)}


def _sides(true: Any) -> dict[str, Any]:
    number = isinstance(true, int | float) and not isinstance(true, bool)
    return {"true": true, "false": 1 - true if number and 0 <= true <= 1 else 0.0}


def _is_share(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1 + _SAME


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))

from __future__ import annotations

import pytest

from fw_assets.classification.cost.ledger import CeilingReached
from fw_assets.classification.errors import input_error
from fw_assets.exit_codes import BAD_INPUT, FAILED, INCOMPLETE, WAITING
from fw_assets.fireworks import ConnectionFailed, FireworksError, UnexpectedResponse, ValidateOnlyIgnored
from fw_assets.pipeline.errors.answers import Unanswered
from fw_assets.pipeline.errors.budget import HoursUsedUp
from fw_assets.pipeline.errors.phase import NotApproved, PhaseError, StepFailed
from fw_assets.pipeline.failures import POLICIES, exit_code_of, is_transient

CASES: list[tuple[Exception, bool, int]] = [
    (input_error("no such file"), False, BAD_INPUT),
    (NotApproved("not yet"), False, WAITING),
    (CeilingReached("sweep/one", 2.0, 3.0, 1.0, 1.0), False, INCOMPLETE),
    (HoursUsedUp("base-evaluation/one", 1.0, 2.0), False, INCOMPLETE),
    (Unanswered("one", 3), True, INCOMPLETE),
    (ConnectionFailed("lost", delivered=False), True, INCOMPLETE),
    (UnexpectedResponse("cut off"), True, FAILED),
    (PhaseError("nothing is deployed"), False, FAILED),
    (FireworksError("refused"), False, FAILED),
    (ValidateOnlyIgnored("accounts/acme/deployments/fwa-quote-0123456789ab"), False, FAILED),
    (ZeroDivisionError(), False, FAILED),
]


@pytest.mark.parametrize(("error", "transient", "code"), CASES, ids=lambda case: type(case).__name__)
def test_an_error_is_retried_and_ends_the_command_as_the_table_says(
    error: Exception, transient: bool, code: int
) -> None:
    assert is_transient(error) is transient
    assert exit_code_of(error) == code


def test_a_failed_step_ends_the_command_as_its_own_process_said() -> None:
    assert exit_code_of(StepFailed("it said so", INCOMPLETE)) == INCOMPLETE


def test_what_an_error_was_raised_from_decides() -> None:
    error = RuntimeError("wrapped")
    error.__cause__ = NotApproved("not yet")
    assert exit_code_of(error) == WAITING


def test_no_policy_is_hidden_behind_a_wider_one() -> None:
    hidden = [
        policy.error
        for index, policy in enumerate(POLICIES)
        if any(issubclass(policy.error, earlier.error) for earlier in POLICIES[:index])
    ]
    assert hidden == []

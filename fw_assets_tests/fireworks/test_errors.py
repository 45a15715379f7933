"""Errors are read from both envelopes, say what to do, and give nothing away."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fw_assets.fireworks as public
from fw_assets.fireworks import ApiError, Fireworks, FireworksError, _errors
from fw_assets.fireworks._error_responses import api_error

from .fake import KEY, answers, client_of, reply

IN_USE = "training-h200-count for account acme, in use: 8, quota: 8"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, {"code": 3, "message": "m", "details": []}, "BadRequest", "INVALID_ARGUMENT"),
        (400, {"code": 9, "message": "m"}, "FailedPrecondition", "FAILED_PRECONDITION"),
        (400, {"code": 6, "message": "m"}, "AlreadyExists", "ALREADY_EXISTS"),
        (401, {"error": {"message": "m", "code": "UNAUTHORIZED"}}, "AuthenticationError", "UNAUTHORIZED"),
        (402, {"error": "m"}, "BillingError", ""),
        (403, {"code": 7, "message": "m"}, "PermissionDenied", "PERMISSION_DENIED"),
        (404, {"error": {"message": "m", "code": "NOT_FOUND"}}, "NotFound", "NOT_FOUND"),
        (408, {"message": "m"}, "ServerError", ""),
        (409, {"code": 6, "message": "m"}, "AlreadyExists", "ALREADY_EXISTS"),
        (412, {"error": {"message": "m"}}, "PreconditionUnmet", ""),
        (412, {"error": {"message": "add a payment method"}}, "BillingError", ""),
        (412, {"error": {"message": "account m is suspended"}}, "BillingError", ""),
        (412, {"error": {"message": "LoRA addon m failed to load"}}, "AdapterNotLoaded", ""),
        (412, {"error": {"message": "payment method required before loading LoRA m"}}, "BillingError", ""),
        (412, {"error": {"message": "account suspended: LoRA addon m was not loaded"}}, "BillingError", ""),
        (412, {"error": {"message": "insufficient credits to load adapter m"}}, "BillingError", ""),
        (412, {"error": {"message": "add a payment method to enable shape m"}}, "BillingError", ""),
        (412, {"error": {"message": "spend more to reach the next tier"}}, "BillingError", ""),
        (412, {"error": {"message": "the LoRA m could not be loaded: unsupported rank"}}, "AdapterNotLoaded", ""),
        (412, {"error": {"message": "loading addon m failed"}}, "AdapterNotLoaded", ""),
        (412, {"error": {"message": "wait for the adapter m"}}, "PreconditionUnmet", ""),
        (412, {"error": {"message": "load a LoRA onto the deployment first"}}, "PreconditionUnmet", ""),
        (412, {"error": {"message": "accelerator m is not enabled: its spend tier is 1"}}, "ShapeNotEnabled", ""),
        (412, {"error": {"message": "no m accelerators are available"}}, "HardwareShortage", ""),
        (412, {"error": {"message": "insufficient capacity for GPU m"}}, "HardwareShortage", ""),
        (412, {"error": {"message": "insufficient capacity for NVIDIA_H200 in region m"}}, "HardwareShortage", ""),
        (412, {"error": {"message": "monthly budget of m exceeded"}}, "BillingError", ""),
        (403, {"error": {"message": "model policy forbids m"}}, "ModelAccessDenied", ""),
        (412, {"message": "m", "details": [{"reason": "PAYMENT_METHOD_REQUIRED"}]}, "BillingError", ""),
        (412, {"message": "LoRA m failed to load", "details": [{"reason": "ACCOUNT_SUSPENDED"}]}, "BillingError", ""),
        (412, {"message": "m", "details": [{"reason": "LORA_LOAD_FAILED"}]}, "AdapterNotLoaded", ""),
        (412, {"message": "m", "details": [{"reason": "SHAPE_NOT_ENABLED"}]}, "ShapeNotEnabled", ""),
        (412, {"code": 9, "message": "could not load adapter m"}, "AdapterNotLoaded", "FAILED_PRECONDITION"),
        (412, {"code": 9, "message": "training shape m is not enabled"}, "ShapeNotEnabled", "FAILED_PRECONDITION"),
        (
            403,
            {"code": 7, "message": "account's model-access policy denies m"},
            "ModelAccessDenied",
            "PERMISSION_DENIED",
        ),
        (400, {"code": 8, "message": "m"}, "PlatformFault", "RESOURCE_EXHAUSTED"),
        (400, {"code": 13, "message": "m"}, "PlatformFault", "INTERNAL"),
        (429, {"code": 8, "message": f"m {IN_USE}"}, "QuotaExceeded", "RESOURCE_EXHAUSTED"),
        (429, {"message": f"m {IN_USE}"}, "QuotaExceeded", ""),
        (400, {"code": 8, "message": f"job-submission-count, {IN_USE}"}, "QuotaExceeded", "RESOURCE_EXHAUSTED"),
        (400, {"error": {"message": f"m {IN_USE}"}}, "QuotaExceeded", ""),
        (413, {"message": "m"}, "TooLarge", ""),
        (422, {"message": "m"}, "BadRequest", ""),
        (429, {"error": {"message": "m"}}, "RateLimited", ""),
        (429, {"code": 8, "message": "quota_exceeded m"}, "QuotaExceeded", "RESOURCE_EXHAUSTED"),
        (500, {"message": "m"}, "ServerError", ""),
        (
            503,
            {"error": {"message": "m", "code": "DEPLOYMENT_SCALING_UP"}},
            "ScalingUp",
            "DEPLOYMENT_SCALING_UP",
        ),
        (503, {"error": {"message": "m", "code": "overloaded"}}, "ServerError", "OVERLOADED"),
        (520, {"message": "m"}, "ServerError", ""),
    ],
)
def test_both_envelopes(status: int, body: Any, kind: str, code: str) -> None:
    error = api_error(status, body)
    assert type(error).__name__ == kind
    assert (error.status, error.code) == (status, code)
    assert "m" in error.detail
    assert error.advice


def test_the_structured_reason_is_preferred_to_the_code() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "DATASET_INVALID", "domain": "x"}]
    error = api_error(400, {"code": 3, "message": "no rows", "details": [7, *details]})
    assert error.reason == "DATASET_INVALID"


@given(
    status=st.integers(400, 599),
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "code", "message", "details", "reason"]), inner, max_size=4)
        ),
        max_leaves=8,
    ),
)
def test_any_body_gives_an_error(status: int, body: Any) -> None:
    error = api_error(status, body)
    assert isinstance(error, ApiError)
    assert str(status) in str(error)


def test_a_gateway_page_is_quoted_briefly() -> None:
    client, _, _ = client_of(answers(httpx.Response(400, text="<html>" + "x" * 5000)))
    with pytest.raises(ApiError) as caught:
        asyncio.run(client.batch_inference_job("j"))
    assert len(str(caught.value)) < 600


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    drawn = re.findall(r"^[│├└─ ]*(\w+)(?:  |$)", _errors.__doc__ or "", flags=re.MULTILINE)
    classes = {
        name for name, value in vars(_errors).items() if isinstance(value, type) and issubclass(value, FireworksError)
    }
    assert set(drawn) & classes == classes
    assert classes <= set(public.__all__)


def chain(error: BaseException | None) -> str:
    """Everything an exception drags along, attributes included."""
    text = ""
    while error is not None:
        text += "".join(traceback.format_exception(error)) + repr(vars(error))
        request = getattr(error, "_request", None)
        if request is not None:
            text += str(dict(request.headers))
        error = error.__cause__ or error.__context__
    return text


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ReadError("lost"),
        httpx.ConnectError("refused"),
        reply(401, {"error": {"message": f"the key {KEY} is not known"}}),
        reply(400, {"code": 3, "message": f"Bearer {KEY}"}),
        httpx.Response(500, text=f"Authorization: {KEY}"),
        httpx.Response(200, text=f"{{{KEY}"),
    ],
)
def test_the_key_is_in_no_error_and_no_log(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, recorder, _ = client_of(answers(answer))
    with pytest.raises(FireworksError) as caught:
        asyncio.run(client.batch_inference_job("j"))
    assert recorder.requests[0].headers["authorization"].endswith(KEY)
    assert KEY not in chain(caught.value)
    assert KEY not in caplog.text


def test_the_key_is_in_no_representation() -> None:
    for client in (client_of(answers(reply()))[0], Fireworks(api_key=KEY)):
        sender = client._http._sender
        representations = repr(client) + repr(vars(client)) + repr(vars(client._http)) + repr(vars(sender))
        assert KEY not in representations + repr(vars(sender.transport))


@pytest.mark.parametrize("key", ["", "  ", "fw key", "fw_key\nX-Evil: 1", "fw_ключ"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="FIREWORKS_API_KEY") as caught:
        Fireworks(api_key=key)
    assert not key.strip() or key.strip() not in str(caught.value)


@pytest.mark.parametrize("url", ["api.fireworks.ai", "ftp://x", "", "http://"])
def test_a_base_url_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not a base URL"):
        Fireworks(api_key="k", base_url=url)


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/inference/v1", "/inference"])
def test_a_base_url_may_carry_the_prefix_of_either_plane(suffix: str) -> None:
    assert Fireworks(api_key="k", base_url=f"http://127.0.0.1:8432{suffix}").base_url == "http://127.0.0.1:8432"


@pytest.mark.parametrize(
    ("status", "message", "said", "unsaid"),
    [
        (400, IN_USE, "quota is used up", "request is wrong"),
        (429, IN_USE, "quota is used up", "lower the concurrency"),
        (429, "in use: 1,000, quota: 1,000", "quota is used up", "lower the concurrency"),
        (429, "training-h200-count in use: 8 quota: 8", "quota is used up", "lower the concurrency"),
        (429, "Quota exceeded for resource H100", "quota is used up", "lower the concurrency"),
        (412, "LoRA addon m failed to load", "could not load the fine-tuned model", "payment method"),
        (412, "shape m is not enabled for this account", "hardware is not enabled", "payment method"),
        (412, "please add a payment method", "payment method", "hardware"),
        (403, "the account's model-access policy does not allow training", "administrator", "This key lacks"),
    ],
)
def test_each_meaning_of_a_status_has_its_own_advice(status: int, message: str, said: str, unsaid: str) -> None:
    text = str(api_error(status, {"message": message}))
    assert said in text
    assert unsaid not in text


@pytest.mark.parametrize("code", [8, 13])
def test_a_machine_that_lacks_room_is_no_wrong_request(code: int) -> None:
    text = str(api_error(400, {"code": code, "message": "no space is left"}))
    assert "no space is left" in text
    assert "wrong" not in text


@pytest.mark.parametrize("code", [3, 9, "invalid_request_error"])
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_effort_is_told_from_other_refusals_of_inference(status: int, code: int | str) -> None:
    body = {"error": {"code": code, "message": "this thinking-only model does not take reasoning_effort"}}
    assert type(api_error(status, body, request="POST /inference/v1/chat/completions")).__name__ == "ReasoningRefused"
    assert type(api_error(status, body, request="POST /v1/accounts/a/deployments")).__name__ != "ReasoningRefused"

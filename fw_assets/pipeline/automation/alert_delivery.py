"""Delivery of an event: to a command on its standard input, and to a webhook by POST.

Both may hold a secret (the address of a webhook does), so no error names more of them than the program and the host.
"""

from __future__ import annotations

import shlex
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fw_assets.pipeline.automation.alert_events import Event

COMMAND_SECONDS = 20.0
WEBHOOK_SECONDS = 10.0


class NotDelivered(Exception):
    """The event did not arrive; it is told again later."""


def run_command(command: str, event: Event) -> None:
    """Give an event to a command, as one line of JSON. No shell reads the command.

    Raises:
        NotDelivered: the command could not be started, took too long, or ended with an error.
    """
    try:
        words = shlex.split(command)
        name = Path(words[0]).name
    except (ValueError, IndexError):
        raise NotDelivered("FW_NOTIFY_COMMAND is no command line: its quotation marks do not match") from None
    try:
        done = subprocess.run(
            words,
            input=f"{event.model_dump_json()}\n".encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotDelivered(f"FW_NOTIFY_COMMAND ({name}) took longer than {COMMAND_SECONDS:.0f} s") from None
    except OSError as error:
        raise NotDelivered(f"FW_NOTIFY_COMMAND ({name}) could not be started: {error.strerror}") from None
    if done.returncode:
        raise NotDelivered(f"FW_NOTIFY_COMMAND ({name}) ended with code {done.returncode}")


def post(url: str, event: Event) -> None:
    """Send an event to a webhook as JSON. Redirects are not followed: they would lead the event to another host.

    Raises:
        NotDelivered: the webhook could not be asked, or answered anything but success.
    """
    try:
        parts = urlsplit(url)
        host, allowed = parts.hostname, parts.scheme in ("http", "https")
    except ValueError:
        host, allowed = None, False
    if not (host and allowed):
        raise NotDelivered("FW_NOTIFY_URL is no address that begins with http:// or https://")
    headers = {"Content-Type": "application/json", "User-Agent": "fw-assets"}
    body = event.model_dump_json().encode()
    try:
        # Not by httpx, which logs the address of every request. No other scheme comes here.
        request = urllib.request.Request(url, body, headers)  # noqa: S310
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=WEBHOOK_SECONDS):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise NotDelivered(f"the webhook of FW_NOTIFY_URL at {host} answered {error.code}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NotDelivered(
            f"the webhook of FW_NOTIFY_URL at {host} could not be asked ({type(reason).__name__})"
        ) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None

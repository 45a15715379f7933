"""Tells all services of APPRISE_URLS, by spaces, what the sensor `alerts` tells it; needs `pip install apprise`.

FW_NOTIFY_COMMAND="python3 examples/notify_apprise.py" APPRISE_URLS="mailto://... tgram://..."
"""

import json
import os
import sys

import apprise

event = json.load(sys.stdin)
services = apprise.Apprise()
if not services.add(os.environ["APPRISE_URLS"].split()):
    sys.exit("APPRISE_URLS names a service that apprise does not know")
if not services.notify(title=f"fw-assets: {event['dataset']}", body=event["text"]):
    sys.exit("a service did not take it")

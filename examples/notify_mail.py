"""Mails what the sensor `alerts` tells it: FW_NOTIFY_COMMAND="python3 examples/notify_mail.py".

MAIL_TO, MAIL_FROM, MAIL_HOST and MAIL_PORT say where to; with MAIL_USER and MAIL_PASSWORD it logs in, over TLS.
"""

import json
import os
import smtplib
import sys
from email.message import EmailMessage

event = json.load(sys.stdin)
mail = EmailMessage()
mail["To"], mail["From"] = os.environ["MAIL_TO"], os.environ["MAIL_FROM"]
mail["Subject"] = f"fw-assets: {event['dataset']}: {event['kind']}"
mail["Message-ID"] = f"<{event['id'].replace('/', '.')}@fw-assets>"
mail.set_content(event["text"] + (f"\n\n{event['file']}" if event["file"] else ""))
with smtplib.SMTP(
    os.environ.get("MAIL_HOST", "localhost"), int(os.environ.get("MAIL_PORT", "25")), timeout=15
) as server:
    if "MAIL_USER" in os.environ:
        server.starttls()
        server.login(os.environ["MAIL_USER"], os.environ["MAIL_PASSWORD"])
    server.send_message(mail)

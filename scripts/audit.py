"""Known vulnerabilities of the locked versions, less those that were looked at and accepted.

    python -m scripts.audit [--osv-url URL] [LOCK ...]

pip-audit asks the OSV database for every version of the lock files (by default those of users and of developers). Exits
with 1 where a version has a vulnerability that `.github/accepted-findings.yaml` does not accept, or no longer: each
entry there has an `id`, a `reason`, and the date `until` which it holds.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

ROOT = Path(__file__).parents[1]
ACCEPTED = ROOT / ".github" / "accepted-findings.yaml"
LOCKS = ("requirements.lock", "requirements-dev.lock")
OSV_URL = "https://api.osv.dev/v1/query"


class AcceptedFinding(BaseModel):
    """Vulnerability that does not concern this project.

    Attributes:
        id: as the database names it, or one of its aliases (PYSEC-, GHSA-, CVE-).
        reason: why it does no harm here.
        until: the last day on which it is accepted without another look.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"^(PYSEC|GHSA|CVE)-[A-Za-z0-9-]+$")]
    reason: Annotated[str, StringConstraints(min_length=20)]
    until: dt.date


def accepted_findings(path: Path = ACCEPTED) -> list[AcceptedFinding]:
    """Raises:
    ValidationError: an entry lacks a field, or has one of another form.
    """
    return TypeAdapter(list[AcceptedFinding]).validate_python(yaml.safe_load(path.read_text("utf-8")) or [])


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask the OSV database for vulnerabilities of the locked versions.")
    parser.add_argument("locks", nargs="*", metavar="LOCK", default=[str(ROOT / lock) for lock in LOCKS])
    parser.add_argument("--osv-url", default=OSV_URL)
    parser.add_argument("--accepted", type=Path, default=ACCEPTED)
    arguments = parser.parse_args()
    today = dt.datetime.now(dt.UTC).date()
    ignored: list[str] = []
    for finding in accepted_findings(arguments.accepted):
        if finding.until < today:
            print(f"{finding.id} was accepted until {finding.until}: look at it again", file=sys.stderr)
        else:
            ignored += ["--ignore-vuln", finding.id]
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--osv-url", arguments.osv_url]
    command += ["--disable-pip", "--require-hashes", "--strict", "--progress-spinner", "off", *ignored]
    for lock in arguments.locks:
        command += ["--requirement", lock]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

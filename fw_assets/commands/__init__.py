"""What the commands do, behind the parsing of their arguments."""

from fw_assets.commands.catalog import models, parse
from fw_assets.commands.inspect import compare, predict, report, status
from fw_assets.commands.register import rehearse
from fw_assets.commands.workflow import approve, plan, run

__all__ = ["approve", "compare", "models", "parse", "plan", "predict", "rehearse", "report", "run", "status"]

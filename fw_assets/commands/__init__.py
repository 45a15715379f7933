"""What the commands do, behind the parsing of their arguments."""

from fw_assets.commands.choosing import models, parse
from fw_assets.commands.looking import compare, predict, report, status
from fw_assets.commands.registering import rehearse
from fw_assets.commands.running import approve, plan, run

__all__ = ["approve", "compare", "models", "parse", "plan", "predict", "rehearse", "report", "run", "status"]

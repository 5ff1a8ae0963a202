"""Is what an answer says supported by its sources? Claims, evidence, flags, and a page that shows them."""

from crossjudge.apps.checking.checker import ClaimChecker
from crossjudge.apps.checking.rendering import Checked, page
from crossjudge.apps.checking.results import CheckReport, ClaimVerdict, Evidence, Flag

__all__ = ["CheckReport", "Checked", "ClaimChecker", "ClaimVerdict", "Evidence", "Flag", "page"]

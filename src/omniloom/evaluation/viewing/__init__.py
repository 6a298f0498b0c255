"""Turn logs into the values of a report: tables, curves, and the failure atlas."""

from omniloom.evaluation.viewing.report import report

__all__ = ["report"]

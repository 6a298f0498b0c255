"""A report of evaluations as one HTML file: plain values in, a page without scripts out."""

from omniloom.rendering.report.page import Plots, page
from omniloom.rendering.report.values import (
    Bin,
    Cell,
    Cluster,
    Cost,
    Curve,
    Difference,
    Failure,
    Kind,
    Piece,
    Reliability,
    Report,
    Row,
    Run,
    Shown,
    TaskTable,
)

__all__ = [
    "Bin",
    "Cell",
    "Cluster",
    "Cost",
    "Curve",
    "Difference",
    "Failure",
    "Kind",
    "Piece",
    "Plots",
    "Reliability",
    "Report",
    "Row",
    "Run",
    "Shown",
    "TaskTable",
    "page",
]

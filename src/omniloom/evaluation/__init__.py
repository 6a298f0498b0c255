"""Measure what a model's answers are worth: tasks, samples, scorers, scores, metrics; and fit calibrators on them."""

from omniloom.evaluation.values import Metric, Place, Sample, Score, Scorer, Task, Value, Variant

__all__ = ["Metric", "Place", "Sample", "Score", "Scorer", "Task", "Value", "Variant"]

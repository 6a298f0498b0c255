"""Confidence that means what it says: how it is measured, made, and turned into a promise."""

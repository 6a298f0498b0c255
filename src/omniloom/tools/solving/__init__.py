"""Constraint problems: the language of their expressions, and the model that CP-SAT solves in a child."""

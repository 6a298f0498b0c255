"""Causal graphs, what is identified in them, and the estimates, which are made in a child."""

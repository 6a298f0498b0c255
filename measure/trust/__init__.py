"""The acceptance table of trust: ours, a plain pipeline and a retrieval pipeline, on the same weights and questions."""

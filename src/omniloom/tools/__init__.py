"""Functions a model may call, each with its effects."""

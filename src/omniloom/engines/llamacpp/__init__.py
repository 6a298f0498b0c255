"""The embedded engine: GGUF models through llama.cpp's server, in a child process of ours."""

from omniloom.engines.llamacpp.engine import LlamaCpp

__all__ = ["LlamaCpp"]

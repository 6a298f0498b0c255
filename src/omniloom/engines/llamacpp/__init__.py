"""The embedded engine: GGUF models through llama.cpp's server, in a child process of ours."""

from omniloom.engines.llamacpp.engine import LlamaCpp
from omniloom.engines.llamacpp.machine import devices, physical_cores

__all__ = ["LlamaCpp", "devices", "physical_cores"]

"""llama.cpp's C interface inside the pinned wheel: the only place where a pointer is touched."""

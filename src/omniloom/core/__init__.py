"""Values, protocols and errors. No I/O; nothing is imported but the standard library and pydantic."""

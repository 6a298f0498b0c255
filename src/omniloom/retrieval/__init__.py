"""Choose the Segments that matter when the sources do not fit into the context."""

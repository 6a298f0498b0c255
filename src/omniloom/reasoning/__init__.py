"""Think: spend a budget on one answer, and ground every claim of it in the sources."""

"""The engine loop: many requests through one model, no token computed twice, each answer as if it were alone."""

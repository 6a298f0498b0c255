"""What thinking buys, measured."""

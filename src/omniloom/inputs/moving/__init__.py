"""From moving pictures to lines of text over time: sample frames, find what changed, read, follow lines."""

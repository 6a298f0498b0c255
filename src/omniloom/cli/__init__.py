"""The door with a handle: `omniloom VERB`, one file per verb."""

__all__ = ["main"]


def main() -> None:
    """Runs the command line and exits. Ctrl-C while it is still being imported ends it quietly too."""
    try:
        from omniloom.cli.app import main as run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()

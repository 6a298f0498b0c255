"""`python -m omniloom`: the command line."""

from omniloom.cli import main

if __name__ == "__main__":
    main()

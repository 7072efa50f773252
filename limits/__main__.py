"""`python -m limits` is the command `limits`."""

from limits.cli import main

if __name__ == "__main__":
    main()

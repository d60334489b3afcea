"""``python -m kdtheory`` is the command line."""

from kdtheory.cli import main

if __name__ == "__main__":
    main()

"""`python -m jaga` is the `jaga` command."""

from jaga.cli import main

if __name__ == "__main__":
    main()

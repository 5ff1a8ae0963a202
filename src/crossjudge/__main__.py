"""`python -m crossjudge` is the command line."""

from __future__ import annotations

from crossjudge.cli.main import main

if __name__ == "__main__":
    main()

"""`python -m crossjudge.serving.healthcheck`: exit code 0 if the server on this machine is ready; for containers."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 5.0


def is_ready(url: str, key: str | None) -> bool:
    """Whether `/readyz` answers 200."""
    request = urllib.request.Request(f"{url}/readyz", headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def first_key(environment: dict[str, str]) -> str | None:
    """A key of `CROSSJUDGE_API_KEYS`, or of the file that `CROSSJUDGE_API_KEY_FILE` names."""
    stated = environment.get("CROSSJUDGE_API_KEYS", "")
    if not stated and (path := environment.get("CROSSJUDGE_API_KEY_FILE")):
        with open(path, encoding="utf-8") as file:
            stated = next((line for line in file if line.strip() and not line.startswith("#")), "")
    return stated.split(",")[0].partition("#")[0].strip() or None


if __name__ == "__main__":
    base = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    sys.exit(0 if is_ready(base, first_key(dict(os.environ))) else 1)

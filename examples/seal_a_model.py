"""How is a model handed on so that whoever gets it can prove that it is the same, with the network cut?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from crossjudge import Judge
from crossjudge.models.bundle import digest_of, write_bundle
from crossjudge.models.bundle_verification import verify_bundle


def main() -> None:
    """Seal the embedded model, prove the folder, use it, and see what one changed byte does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "sealed"
        write_bundle(None, folder)
        digest = digest_of(folder)  # to be kept elsewhere
        print(f"as sealed: {verify_bundle(folder, digest=digest, backends=['onnx']).passed}")
        print(Judge(folder)("The pool opens at six.", "The pool is open at seven.").label)

        content = bytearray((folder / "weights.bin").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "weights.bin").write_bytes(content)
        for problem in verify_bundle(folder, digest=digest).problems:
            print(f"{problem.what}: {problem.why}")


if __name__ == "__main__":
    main()

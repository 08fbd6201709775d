"""Array-in, array-out hot loops. No topokit class crosses this line."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path


def forget_stale_code(folder: Path) -> None:
    """Remove the compiled kernels of a folder when any of its sources has changed since they were compiled.

    numba looks only at a kernel's own file, so one that calls a kernel of another file would go on with the old code
    of that one.
    """
    cache = folder / "__pycache__"
    sources = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    digest, stamp = sha256(sources).hexdigest(), cache / "kernels.sha256"
    if not cache.is_dir() or (stamp.is_file() and stamp.read_text() == digest):
        return
    try:
        for compiled in cache.glob("*.nb[ic]"):
            compiled.unlink(missing_ok=True)
        stamp.write_text(digest)
    except PermissionError:
        # Where the package cannot be written, numba has no cache here either.
        return


forget_stale_code(Path(__file__).parent)

"""Whatever goes wrong inside a reader leaves it as a `CheckpointError` that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    InvalidNetworkError,
    LimitExceededError,
    TopokitError,
)

_LONGEST = 200


@contextmanager
def guarded(path: Path, format: str | None = None, place: str | None = None) -> Iterator[None]:
    """Turn every error of the block into one that says which file, which reader and where.

    A hostile file can raise nearly anything in the libraries that parse it, so this is the one place that catches
    everything; the original error stays attached as the cause.

    Raises
    ------
    LimitExceededError
        Memory or the call stack ran out.
    CorruptCheckpointError
        Anything else that is not topokit's own error already.
    CheckpointError
        The operating system refused to read.
    """
    try:
        yield
    except InvalidNetworkError as error:
        raise CorruptCheckpointError(path, _one_line(error), format=format, place=place) from error
    except TopokitError:
        raise
    except (MemoryError, RecursionError) as error:
        raise LimitExceededError(
            path,
            "needs more memory or nesting than there is",
            format=format,
            place=place,
            remedy="it is too large for this machine, or made to be",
        ) from error
    except OSError as error:
        problem = f"cannot be read: {error.strerror or _one_line(error)}"
        raise CheckpointError(path, problem, format=format, place=place, remedy="check the path and rights") from error
    except Exception as error:
        # The readers' own sentences come as a plain ValueError; of others the class says more than the words.
        kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
        raise CorruptCheckpointError(
            path,
            f"contents make no sense ({kind}{_one_line(error)})",
            format=format,
            place=place,
            remedy="copy or download it again",
        ) from error


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."

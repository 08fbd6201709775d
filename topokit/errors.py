"""Every error topokit raises on purpose; a message names the place, the values and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_PLACE, _LONGEST_PART = 250, 2000


class TopokitError(Exception):
    """Base of all topokit errors.

    Attributes
    ----------
    exit_code : int
        What the command line exits with: 2 when the user can mend it, 1 otherwise.
    """

    exit_code = 2


class InvalidNetworkError(TopokitError):
    """Layers or blocks that do not form a layered DAG."""


class NotAChainError(TopokitError):
    """An operation that needs blocks between neighbouring layers only."""


class IncompatibleNetworksError(TopokitError):
    """Two networks that cannot be compared."""


class InsufficientDataError(TopokitError):
    """Too little data for the statistic asked for."""


class ParameterError(TopokitError, ValueError):
    """An argument outside its allowed values."""


class UnknownNameError(TopokitError, LookupError):
    """A name that no registry, layer table or configuration knows."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        same = [other for other in names if other.lower() == str(name).lower()]
        near = same or get_close_matches(str(name), names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(names)}"
        super().__init__(f"unknown {kind} {name!r}: {hint}")


class MissingExtraError(TopokitError, ImportError):
    """An optional package that is not installed."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package!r}: run `pip install {package}`")
        self.package = package


class ConfigError(TopokitError):
    """A configuration with an unknown key or a value out of range."""


class DataError(TopokitError):
    """A data set that is absent or not what its checksum says."""


class RecordingError(TopokitError):
    """A folder that is not a readable recording."""


class OutputError(TopokitError):
    """An output that cannot be written."""


class OutputExistsError(OutputError):
    """An output that is there already."""


class WriteFailedError(OutputError):
    """The machine refused a write (disk full, permission)."""

    exit_code = 1


class DivergenceError(TopokitError):
    """Training that left the finite numbers."""

    exit_code = 1


class CheckpointError(TopokitError):
    """A file that cannot become a network.

    Parameters
    ----------
    path : str or Path
        The file or folder.
    problem : str
        What is wrong.
    format : str, optional
        Name of the reader that found it.
    place : str, optional
        Member, tensor or byte offset.
    remedy : str, optional
        What the user can do; some classes have a usual one.
    """

    usual_remedy: str | None = None

    def __init__(
        self,
        path: object,
        problem: str,
        *,
        format: str | None = None,
        place: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.path, self.problem, self.format, self.place, self.remedy = (
            str(path),
            problem,
            format,
            place,
            remedy or self.usual_remedy,
        )
        where = "".join([f" [{format}]" if format else "", f" at {_shown(place, _LONGEST_PLACE)}" if place else ""])
        message = f"{_shown(str(path), _LONGEST_PART)}{where}: {_shown(problem, _LONGEST_PART)}"
        super().__init__(message + (f"; {self.remedy}" if self.remedy else ""))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_checkpoint_error, (
            type(self),
            self.path,
            self.problem,
            {"format": self.format, "place": self.place, "remedy": self.remedy},
        )


def _shown(text: str, longest: int) -> str:
    """Text of a file on one line: nothing that a terminal would obey, and no more than a person reads."""
    cut = text if len(text) <= longest else f"{text[:longest]}..."
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in cut)


def _rebuild_checkpoint_error(
    kind: type[CheckpointError], path: str, problem: str, where: dict[str, str | None]
) -> CheckpointError:
    return kind(path, problem, **where)


class UnknownFormatError(CheckpointError):
    """No reader recognises the file."""


class CorruptCheckpointError(CheckpointError):
    """The file contradicts itself or ends early."""

    usual_remedy = "copy or download it again"


class UnsafeCheckpointError(CheckpointError):
    """The file tries to reach beyond itself."""

    usual_remedy = "do not open it elsewhere, and ask for the weights as safetensors"


class UnsafePickleError(UnsafeCheckpointError):
    """A pickle that calls something other than a tensor constructor."""


class UnsafePathError(UnsafeCheckpointError):
    """A file name inside a checkpoint that leaves its folder."""


class UnsafeLinkError(UnsafeCheckpointError):
    """A file of a checkpoint that is a link to somewhere else."""


class LimitExceededError(CheckpointError):
    """A declared size beyond the limits, refused before any allocation."""

    usual_remedy = "raise the limits if you trust the file"


class TooLargeError(LimitExceededError):
    """A block beyond the edge limit."""


class UnsupportedFeatureError(CheckpointError):
    """A format that is recognised and not supported."""


class NoWeightsFoundError(CheckpointError):
    """No tensor of the file is a weight matrix."""


class AmbiguousTopologyError(CheckpointError):
    """Weight matrices whose order the file does not tell."""


class NonFiniteWeightsError(CheckpointError):
    """NaN or infinite weights, which are neither edges nor absent edges."""

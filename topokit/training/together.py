"""Several runs that differ in their seed alone, whose training steps are computed all at once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from topokit.errors import ConfigError, TopokitError
from topokit.recording.layout import RUN_FILE
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.experiment import data_of, is_left, method_of, one_thread, opened

if TYPE_CHECKING:
    from topokit.training.engines.seed_stack import SeedStack
    from topokit.training.engines.turn import Turn
    from topokit.training.samples import Samples

_MODELS = ("mlp", "lenet-300-100")


def check_together(config: TrainConfig) -> None:
    """Refuse what seeds cannot train together.

    Raises
    ------
    ConfigError
        Another model than an MLP, a method that keeps weights off the edges, or edges alone.
    """
    alone = "train one seed after the other"
    if config.model not in _MODELS:
        raise ConfigError(f"model {config.model!r} does not train several seeds together: use model 'mlp', or {alone}")
    if method_of(config).latent:
        raise ConfigError(
            f"method {config.method!r} keeps weights off the edges, which several seeds do not do together: {alone}"
        )
    if config.engine == "sparse" or (config.engine == "auto" and config.device == "cpu"):
        raise ConfigError(
            f"engine {config.engine!r} may train edges alone, which several seeds do not do together: "
            f"set engine = 'masked', or {alone}"
        )


def train_together(configs: Sequence[TrainConfig], folders: Sequence[Path]) -> list[TopokitError | None]:
    """Train, or resume, runs of the same configuration but for the seed.

    Each run has the initial wiring and weights, the batches, the random draws and the folder that it would have alone,
    to the last bit, and can be resumed alone. Products of matrices are rounded in another order, so later weights
    differ by rounding, and so may the choice between edges whose scores differ by no more. Times in the metrics are
    those of all runs together.

    Parameters
    ----------
    configs : sequence of TrainConfig
        What `check_together` lets pass.
    folders : sequence of path
        The run folders.

    Returns
    -------
    list of TopokitError or None
        Why each run failed, if it did; the others go on.

    Raises
    ------
    KeyboardInterrupt
        Stopped by the user; each folder can be resumed.
    """
    runs = SeedRuns()
    with one_thread():
        try:
            for number, (config, folder) in enumerate(zip(configs, folders, strict=True)):
                runs.begin(number, config, folder)
            while runs.waiting:
                runs.go_on()
        finally:
            runs.close()
    return [runs.errors.get(number) for number in range(len(configs))]


class SeedRuns:
    """Runs before their next steps."""

    def __init__(self) -> None:
        self.errors: dict[int, TopokitError] = {}
        self.waiting: dict[int, Turn] = {}
        self._turns: dict[int, Generator[Turn]] = {}
        self._held = ExitStack()
        self._data: Data | None = None
        self._samples: Samples | None = None
        self._stack: SeedStack | None = None

    def begin(self, number: int, config: TrainConfig, folder: Path) -> None:
        """Go to the first step of that run, if any is left; the data set lies in memory once."""
        try:
            begun = (folder / RUN_FILE).exists()
            if not is_left(config, folder, begun=begun):
                return
            self._data = data_of(config) if self._data is None else self._data
            loop, writer = opened(config, folder, self._data, begun=begun, held=self._held)
        except TopokitError as error:
            self.errors[number] = error
            return
        self._samples = loop.samples if self._samples is None else self._samples
        loop.samples = loop.samples.of(self._samples)
        self._turns[number] = loop.turns(writer)
        self._advance(number)

    def go_on(self) -> None:
        """Take the next steps of those that have come least far, together where there are several."""
        from topokit.training.engines.masked import MaskedEngine
        from topokit.training.engines.seed_stack import SeedStack

        least = min(turn.number for turn in self.waiting.values())
        due = {number: turn for number, turn in self.waiting.items() if turn.number == least}
        turns = list(due.values())
        engines = [turn.engine for turn in turns if isinstance(turn.engine, MaskedEngine)]
        if len(turns) == 1:
            turns[0].take()
        else:
            if self._stack is None or self._stack.engines != engines:
                self._stack = SeedStack(engines)
            self._stack.take(turns)
        for number in due:
            self._advance(number)

    def close(self) -> None:
        """Leave all runs where they are."""
        for turns in self._turns.values():
            turns.close()
        self._held.close()

    def _advance(self, number: int) -> None:
        """Let that run do what it does between steps; it leaves at its end, and when it fails."""
        self.waiting.pop(number, None)
        try:
            turn = next(self._turns[number], None)
        except TopokitError as error:
            self.errors[number] = error
            return
        if turn is not None:
            self.waiting[number] = turn

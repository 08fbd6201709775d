"""One way to run a function over many items, with progress, on any executor."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, as_completed, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing import active_children, parent_process, resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Thread
from time import sleep
from typing import TypeVar

from tqdm import TqdmWarning

from topokit.errors import ParameterError

with warnings.catch_warnings():
    # In a notebook without ipywidgets the bar is one of text; that is no reason for a warning.
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)

# Tasks that wait or run at a time: many workers stay busy, and the items of the others need no memory yet.
AHEAD = 256


def map(
    function: Callable[[Item], Answer],
    items: Iterable[Item],
    executor: Executor | None = None,
    *,
    label: str = "",
) -> list[Answer]:
    """Apply `function` to every item and return the answers in order.

    Parameters
    ----------
    function : callable
        Picklable when the executor's workers are processes.
    items : iterable
        Its arguments.
    executor : concurrent.futures.Executor, optional
        Where to run: a process pool, a thread pool, Dask's ``client.get_executor()``; this process unless given,
        so that scripts need no ``__main__`` guard.
    label : str
        What the progress bar says; it shows after a second.

    Returns
    -------
    list
        ``function(item)`` for each item. The first failure raises its error and cancels what has not begun.
    """
    _check(executor)
    work = list(items)
    if executor is None:
        return [function(item) for item in progress(work, label)]
    futures = [executor.submit(function, item) for item in work]
    try:
        for future in progress(as_completed(futures), label, total=len(futures)):
            future.result()
    except BaseException:
        _cancel(futures)
        raise
    return [future.result() for future in futures]


def as_finished(
    function: Callable[[Item], Answer], items: Iterable[Item], executor: Executor | None = None
) -> Generator[tuple[int, Answer]]:
    """Apply `function` to every item; yield the position and answer of each as soon as it is known.

    Parameters
    ----------
    function : callable
        Picklable when the executor's workers are processes.
    items : iterable
        Its arguments; read as they are needed, `AHEAD` of the work at most.
    executor : concurrent.futures.Executor, optional
        Where to run; this process unless given.

    Yields
    ------
    tuple of int and object
        Close the iterator, as `contextlib.closing` does, to cancel what has not begun; a failure cancels it too.
    """
    _check(executor)
    if executor is None:
        for position, item in enumerate(items):
            yield position, function(item)
        return
    waiting = enumerate(items)
    running: dict[Future[Answer], int] = {}
    try:
        while True:
            for position, item in islice(waiting, AHEAD - len(running)):
                running[executor.submit(function, item)] = position
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        _cancel(running)


def progress(
    items: Iterable[Item], label: str = "", *, total: int | None = None, told: Callable[[], str] | None = None
) -> Iterator[Item]:
    """The items, with a progress bar on standard error once a second has passed; none in a pool's worker.

    Parameters
    ----------
    items : iterable
        What to go through.
    label : str
        What the bar says.
    total : int, optional
        How many there are, where `items` has no length.
    told : callable, optional
        What the bar says at its end, after each item.
    """
    if parent_process() is not None:
        # Not even a silent bar: it holds a semaphore, of which Python warns when the worker is ended.
        yield from items
        return
    with tqdm(items, desc=label or None, total=total, delay=1.0, leave=False) as bar:
        for item in bar:
            yield item
            if told is not None:
                bar.set_postfix_str(told(), refresh=False)


def process_pool(workers: int | None = None, *, short_tasks: bool = False) -> ProcessPoolExecutor:
    """A pool of fresh processes, one per usable core unless told, each with one thread per numerical library.

    Scripts that use it need the ``if __name__ == "__main__":`` guard of `multiprocessing`. Ctrl-C reaches the workers
    too, which end with a traceback each; with `short_tasks` they end quietly with the tasks that they are at.
    """
    context = _DeafContext() if short_tasks else _OneThreadContext()
    return ProcessPoolExecutor(workers or usable_cores(), mp_context=context, initializer=_end_with_parent)


@contextmanager
def long_tasks(workers: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Such a pool for tasks that take long and can be left: interrupted, their processes are ended quietly.

    What they write has to be whole at any time, as that of `topokit.training.train` is.
    """
    pool = process_pool(workers, short_tasks=True)
    try:
        yield pool
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        # The pool has to forget what has not begun before it sees its workers gone, or it complains of that.
        sleep(0.2)
        for child in active_children():
            if isinstance(child, _DeafProcess):
                child.terminate()
        raise
    finally:
        pool.shutdown()


def _end_with_parent() -> None:
    """Workers of a process that was killed would go on with their tasks and then wait for others for ever."""
    Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _check(executor: Executor | None) -> None:
    if executor is not None and not isinstance(executor, Executor):
        raise ParameterError(
            f"executor={executor!r} runs nothing: give a concurrent.futures.Executor, such as "
            "topokit.execute.process_pool(), or leave it out"
        )


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cancel(futures: Iterable[Future[Answer]]) -> None:
    for future in futures:
        future.cancel()


class _OneThreadProcess(SpawnProcess):
    # A worker imports the caller's main module, and NumPy with it, before any initializer runs, and the libraries
    # read these variables once, when they load: so they must be in the environment the worker is born with.
    def start(self) -> None:
        with _environment(_ONE_THREAD):
            super().start()


class _OneThreadContext(SpawnContext):
    Process = _OneThreadProcess


class _DeafProcess(_OneThreadProcess):
    # A worker is born with the signals blocked that its parent blocks, so that not even its imports are interrupted.
    def start(self) -> None:
        with _interrupts_blocked():
            super().start()


class _DeafContext(_OneThreadContext):
    Process = _DeafProcess


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Where it does not run yet, a process starts it first, which unblocks interrupts.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

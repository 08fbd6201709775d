"""One way to run a function over many items, with progress, on any executor."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import TypeVar

from tqdm.auto import tqdm

Item = TypeVar("Item")
Answer = TypeVar("Answer")


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
        ``function(item)`` for each item. The first failing item raises its error and cancels the rest.
    """
    work = list(items)
    if executor is None:
        return [function(item) for item in progress(work, label)]
    futures = [executor.submit(function, item) for item in work]
    try:
        return [future.result() for future in progress(futures, label)]
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def progress(items: Sequence[Item], label: str = "") -> Iterator[Item]:
    """The items, with a progress bar on standard error once a second has passed."""
    yield from tqdm(items, desc=label or None, delay=1.0, leave=False)


def process_pool(workers: int | None = None) -> ProcessPoolExecutor:
    """A pool of fresh processes, one per core unless told, each with one thread per kernel."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers or os.cpu_count(), mp_context=context, initializer=_one_thread)


def _one_thread() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"

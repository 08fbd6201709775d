from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from topokit import execute


def square(number: int) -> int:
    return number * number


def late_first(number: int) -> int:
    time.sleep(0.05 * (3 - number))
    return number


def fail_on_two(number: int) -> int:
    if number == 2:
        raise ArithmeticError(f"no {number}")
    return number


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(textwrap.dedent(code))
    return subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)


def test_in_this_process_without_an_executor() -> None:
    assert execute.map(square, (k for k in range(5))) == [0, 1, 4, 9, 16]
    assert execute.map(lambda _: os.getpid(), [1]) == [os.getpid()]
    assert execute.map(square, []) == []


def test_thread_pool_keeps_the_order_of_the_items() -> None:
    with ThreadPoolExecutor(3) as pool:
        assert execute.map(late_first, range(3), pool) == [0, 1, 2]
        assert execute.map(square, [], pool) == []


@pytest.mark.parametrize("threads", [0, 2])
def test_the_error_of_an_item_is_raised(threads: int) -> None:
    if not threads:
        with pytest.raises(ArithmeticError, match="no 2"):
            execute.map(fail_on_two, range(4))
        return
    with ThreadPoolExecutor(threads) as pool, pytest.raises(ArithmeticError, match="no 2"):
        execute.map(fail_on_two, range(4), pool)


def test_a_failure_is_seen_at_once_and_cancels_the_rest() -> None:
    release, begun = threading.Event(), []

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ArithmeticError("second")
        release.wait(30)

    with ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        with pytest.raises(ArithmeticError, match="second"):
            execute.map(work, range(50), pool)
        waited = time.monotonic() - started
        release.set()
    assert waited < 20
    assert len(begun) < 10


def test_process_pool(tmp_path: Path) -> None:
    done = run(
        """
        import os
        from topokit import execute

        def work(number):
            return number * number, os.getpid()

        if __name__ == "__main__":
            with execute.process_pool(2) as pool:
                answers = execute.map(work, range(6), pool)
            assert [square for square, _ in answers] == [0, 1, 4, 9, 16, 25]
            assert os.getpid() not in {worker for _, worker in answers}
            with execute.process_pool(1) as pool:
                try:
                    execute.map(int, ["1", "x"], pool)
                except ValueError as error:
                    print(error)
        """,
        tmp_path,
    )
    assert done.stdout == "invalid literal for int() with base 10: 'x'\n", done.stderr


def test_workers_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    code = """
        import os, signal, time
        from topokit import execute

        def write(folder):
            open(f"{folder}/worker", "w").write(str(os.getpid()))
            time.sleep(60)

        if __name__ == "__main__":
            pool = execute.process_pool(1)
            pool.submit(write, os.path.dirname(__file__))
            told = os.path.dirname(__file__) + "/worker"
            while not os.path.exists(told) or not os.path.getsize(told):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run(code, tmp_path).returncode == -9
    worker = (tmp_path / "worker").read_text()
    assert any(has_ended(worker) or time.sleep(0.05) for _ in range(200))


def has_ended(process: str) -> bool:
    """Whether it is gone, or waits for somebody to ask how it ended."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", process], capture_output=True, text=True, check=False).stdout
    return not state.strip() or state.startswith("Z")


def test_workers_have_one_thread_per_library_even_when_the_script_imports_numpy_first(tmp_path: Path) -> None:
    done = run(
        """
        import numpy as np
        import os
        import threading
        from topokit import execute

        VARIABLES = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"]

        def threads(_):
            matrix = np.ones((600, 600))
            matrix @ matrix
            import numba
            running = [line for line in open("/proc/self/status") if line.startswith("Threads:")]
            of_libraries = int(running[0].split()[1]) - threading.active_count()
            return of_libraries, numba.config.NUMBA_NUM_THREADS, [os.environ[v] for v in VARIABLES]

        if __name__ == "__main__":
            for variable in VARIABLES:
                os.environ.pop(variable, None)
            os.environ["OMP_NUM_THREADS"] = "2"
            with execute.process_pool(1) as pool:
                print(execute.map(threads, [0], pool))
            print(os.environ["OMP_NUM_THREADS"], "OPENBLAS_NUM_THREADS" in os.environ)
        """,
        tmp_path,
    )
    assert done.stdout == "[(0, 1, ['1', '1', '1', '1'])]\n2 False\n", done.stderr


def test_progress_shows_on_standard_error_after_a_second_only(tmp_path: Path) -> None:
    slow = run(
        """
        import time
        from topokit import execute

        print(list(execute.progress([1, 2, 3], "counting")))
        for _ in execute.progress(range(4), "sleeping", told=lambda: "loss 0.25"):
            time.sleep(0.4)
        """,
        tmp_path,
    )
    assert slow.stdout == "[1, 2, 3]\n"
    assert "counting" not in slow.stderr
    assert "sleeping" in slow.stderr
    assert "loss 0.25" in slow.stderr


def test_usable_cores() -> None:
    assert 1 <= execute.usable_cores() <= (os.cpu_count() or 1)


def test_answers_come_as_they_are_known() -> None:
    assert list(execute.as_finished(square, (k for k in range(4)))) == [(0, 0), (1, 1), (2, 4), (3, 9)]
    with ThreadPoolExecutor(3) as pool:
        assert [answer for _, answer in execute.as_finished(late_first, range(3), pool)] == [2, 1, 0]
        assert list(execute.as_finished(square, [], pool)) == []
        with pytest.raises(ArithmeticError, match="no 2"):
            list(execute.as_finished(fail_on_two, range(4), pool))


def test_items_are_read_as_they_are_needed() -> None:
    read: list[int] = []
    items = (read.append(k) or k for k in range(1000))
    with ThreadPoolExecutor(1) as pool, closing(execute.as_finished(square, items, pool)) as answers:
        assert read == []
        next(answers)
        assert len(read) <= execute.AHEAD
    assert len(list(execute.as_finished(square, range(1000)))) == 1000


def test_closing_cancels_what_has_not_begun() -> None:
    release, begun = threading.Event(), []

    def work(number: int) -> int:
        begun.append(number)
        if number:
            release.wait(30)
        return number

    with ThreadPoolExecutor(1) as pool:
        with closing(execute.as_finished(work, range(50), pool)) as answers:
            assert next(answers) == (0, 0)
        release.set()
    assert len(begun) <= 2

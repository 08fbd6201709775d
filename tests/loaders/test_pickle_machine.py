"""The inert machine agrees with pickle on plain data, and never does what a pickle says."""

from __future__ import annotations

import collections
import contextlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.errors import CheckpointError, CorruptCheckpointError, LimitExceededError, UnsafePickleError
from topokit.loaders.formats.pickle_vm import CONSTRUCTORS, Global, Machine, Placeholder
from topokit.loaders.limits import Limits

PATH = Path("x.pkl")

whole_numbers = st.integers(-(2**63) + 1, 2**63 - 1)
keys = st.none() | st.booleans() | whole_numbers | st.floats(allow_nan=False) | st.text() | st.binary()
plain = st.recursive(
    keys | st.integers() | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys, inner)
        | st.sets(keys)
        | st.frozensets(keys)
        | st.dictionaries(keys, inner).map(collections.OrderedDict)
    ),
    max_leaves=30,
)


def followed(data: bytes, limits: Limits | None = None) -> Any:
    return Machine(data, PATH, "test", constructors=CONSTRUCTORS, limits=limits or Limits()).run()


@given(value=plain, protocol=st.integers(0, 5))
def test_plain_data_come_out_as_pickle_gives_them(value: Any, protocol: int) -> None:
    assert followed(pickle.dumps(value, protocol)) == value


@given(value=plain)
def test_shared_parts_stay_shared(value: Any) -> None:
    first, second = followed(pickle.dumps([[value], [value]][:1] * 2))
    assert first is second


@given(data=st.binary(max_size=200))
def test_any_bytes_end_in_a_value_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(CheckpointError):
        followed(b"\x80\x04" + data)


def test_python_2_pickles_are_read() -> None:
    ordered = b"ccollections\nOrderedDict\np0\n((lp1\n(lp2\nS'a'\np3\naI1\naatp4\nRp5\n."
    assert followed(ordered) == {"a": 1}
    assert followed(b"\x80\x02U\x03abcq\x00.") == "abc"
    assert followed(b"c__builtin__\nset\n((lI1\naI2\natR.") == {1, 2}


class Thing:
    def __init__(self) -> None:
        self.state = 3


@pytest.mark.parametrize("protocol", range(6))
def test_unknown_objects_become_placeholders(protocol: int) -> None:
    machine = Machine(pickle.dumps([Thing()], protocol), PATH, "test", constructors=CONSTRUCTORS, limits=Limits())
    (made,) = machine.run()
    assert isinstance(made, Placeholder)
    assert made.state == {"state": 3}
    assert machine.unknown
    assert machine.finished


def test_tables_and_lists_of_unknown_kinds_keep_their_contents() -> None:
    class Table(dict[str, int]):
        pass

    globals()["Table"] = Table
    Table.__qualname__ = "Table"
    made = followed(pickle.dumps(Table(a=1)))
    assert isinstance(made, Placeholder)
    assert made.items == {"a": 1}


DANGEROUS = [
    *("os.system", "posix.system", "nt.system", "subprocess.Popen", "sys.exit", "builtins.eval", "builtins.exec"),
    *("builtins.compile", "builtins.open", "builtins.__import__", "__builtin__.eval", "importlib.import_module"),
    *(
        "runpy.run_path",
        "socket.socket",
        "shutil.rmtree",
        "ctypes.CDLL",
        "pickle.loads",
        "_pickle.loads",
        "code.interact",
    ),
    *("pty.spawn", "webbrowser.open", "pip.main", "torch.load", "torch.hub.load", "timeit.timeit", "os.path.join"),
    *("operator.attrgetter", "builtins.breakpoint", "asyncio.subprocess.create_subprocess_exec", "pdb.run"),
]


def split(name: str) -> tuple[bytes, bytes]:
    module, _, attribute = name.rpartition(".")
    return module.encode(), attribute.encode()


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_call_that_could_run_code_is_reported(name: str) -> None:
    module, attribute = split(name)
    calls = {
        "reduce": b"c" + module + b"\n" + attribute + b"\n(S'x'\ntR.",
        "stack global": b"\x80\x04\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(attribute)]) + attribute
        + b"\x93)R.",
        "instance": b"(S'x'\ni" + module + b"\n" + attribute + b"\n.",
        "object": b"(c" + module + b"\n" + attribute + b"\nS'x'\no.",
        "new object": b"\x80\x02c" + module + b"\n" + attribute + b"\n)\x81.",
        "new object with keywords": b"\x80\x04c" + module + b"\n" + attribute + b"\n)}\x92.",
        "as an argument": b"cfunctools\npartial\n(c" + module + b"\n" + attribute + b"\ntR.",
        "in a list": b"c__builtin__\nmap\n((lc" + module + b"\n" + attribute + b"\natR.",
        "as a default": b"ccollections\ndefaultdict\n(c" + module + b"\n" + attribute + b"\ntR.",
    }  # fmt: skip
    for call in calls.values():
        with pytest.raises(UnsafePickleError, match=f"{split(name)[1].decode()}.*nothing was run"):
            followed(call)


@pytest.mark.parametrize("name", [b"os.system", b"serialization.os.system", b"subprocess.Popen.__init__"])
def test_a_module_reached_through_another_is_reported(name: bytes) -> None:
    """Protocol 4 follows dots in names: ``torch`` and ``os.system`` is the real ``os.system``."""
    with pytest.raises(UnsafePickleError, match="nothing was run"):
        followed(b"\x80\x04\x8c\x05torch\x8c" + bytes([len(name)]) + name + b"\x93)R.")


def test_naming_without_calling_is_no_attack() -> None:
    assert followed(b"cos\nsystem\n.") == Global("os", "system")


def test_changing_a_name_is_an_attack() -> None:
    with pytest.raises(UnsafePickleError, match="changes"):
        followed(b"ccollections\nOrderedDict\n}S'a'\nI1\nsb.")


def test_names_of_users_that_look_like_modules_are_no_attack() -> None:
    for name in (b"code.models\nNet", b"test.models\nNet", b"mymodel.os\nsystem", b"profile_net\nNet"):
        assert isinstance(followed(b"c" + name + b"\n)R."), Placeholder)


REFUSED = {
    "nothing": b"",
    "no end": b"\x80\x02]",
    "two values": b"I1\nI2\n.",
    "no value": b".",
    "open mark": b"(I1\n.",
    "no mark": b"t.",
    "memo": b"h\x05.",
    "append to a number": b"I1\nI2\na.",
    "append to a tuple": b")I2\na.",
    "item of a list": b"]I1\nI2\ns.",
    "item of a tuple": b")I1\nI2\ns.",
    "add to a list": b"\x80\x04](I1\n\x90.",
    "odd table": b"(I1\nd.",
    "key is a list": b"}]I1\ns.",
    "call of a number": b"I1\n)R.",
    "call of a tuple": b"))R.",
    "arguments are a list": b"ccollections\nOrderedDict\n]R.",
    "wrong arguments": b"c_codecs\nencode\n)R.",
    "wrong encoding": b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.",
    "extension": b"\x80\x02\x82\x01.",
    "next buffer": b"\x80\x05\x97.",
    "persistent name": b"Pabc\n.",
    "persistent id": b"I1\nQ.",
    "space in a name": b"cos path\nsystem\n.",
    "name of a number": b"\x80\x04K\x01K\x02\x93.",
    "string too short": b"X\xff\0\0\0abc.",
    "huge string": b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "bad text": b"\x80\x02X\x01\0\0\0\xff.",
    "bad number": b"Iabc\n.",
    "unknown opcode": b"\xfe.",
    "negative length": b"\x80\x02\x8b\xff\xff\xff\xff.",
    "line without end": b"I" + b"1" * 1000,
    "text without quotes": b"Sabc\n.",
    "huge number in digits": b"L" + b"9" * 10_000 + b"L\n.",
    "tuple from nothing": b"I1\n\x87.",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptCheckpointError, match=r"x\.pkl \[test\] at byte"):
        followed(data)


def number_of_hash_0(k: int) -> bytes:
    return (k * (2**61 - 1)).to_bytes(10, "little")


LONG_TUPLE = b"Nq\x000" + b"".join(b"(" + b"h%c" % k * 1000 + b"tq%c0" % (k + 1) for k in range(4)) + b"h\x04"
HUGE_NUMBER = b"\x8b" + (10**6).to_bytes(4, "little") + b"\x01" * 10**6 + b"q\x000"
COSTLY_KEYS = {
    "deep tuple": b"}" + (b")" + b"\x85" * 500_000) + b"Ns.",
    "deep tuple in a set": b"\x8f(" + (b")" + b"\x85" * 500_000) + b"\x90.",
    "long tuple": LONG_TUPLE + b"q\x050}h\x05Ns.",
    "huge number": HUGE_NUMBER + b"}" + b"h\x00Ns" * 100_000 + b".",
    "numbers of one hash": b"}"
    + b"".join(pickle.dumps(k * (2**61 - 1), 2)[2:-1] + b"Ns" for k in range(40_000))
    + b".",
    "pairs in a frozen set": b"(" + b"".join(b"K%cK\0\x86" % k for k in range(255)) + b"\x91.",
}


@pytest.mark.parametrize("data", COSTLY_KEYS.values(), ids=COSTLY_KEYS)
def test_keys_that_are_costly_to_hash_are_never_hashed(data: bytes) -> None:
    """Hashing them would overflow the stack, or take minutes to hours."""
    made = followed(b"\x80\x04" + data)
    assert all(isinstance(key, Placeholder) or abs(key) < 2**63 for key in made)


LIMITED = {
    "steps": (b"\x80\x02" + b"N0" * 100 + b"N.", Limits(opcodes=50)),
    "memo": (b"\x80\x04N" + b"\x94" * 100 + b".", Limits(memo=50)),
    "strings": (pickle.dumps("a" * 1000), Limits(string_bytes=500)),
    "copies": (
        b"\x80\x02](" + b"N" * 100 + b"eq\x00" + b"0cbuiltins\nlist\nh\x00\x85R" * 100 + b".",
        Limits(opcodes=5000),
    ),
}


@pytest.mark.parametrize(("data", "limits"), LIMITED.values(), ids=LIMITED)
def test_limits_hold(data: bytes, limits: Limits) -> None:
    with pytest.raises(LimitExceededError):
        followed(data, limits)
    assert Machine(data, PATH, "test", constructors=CONSTRUCTORS, limits=Limits()).run() is not Global


def test_several_pickles_follow_each_other() -> None:
    machine = Machine(pickle.dumps(1) + pickle.dumps([2]), PATH, "test", constructors=CONSTRUCTORS, limits=Limits())
    assert machine.run() == 1
    assert not machine.finished
    assert machine.run() == [2]
    assert machine.finished


@pytest.mark.parametrize("call", ["reduce", "instance", "object", "new object", "new object with keywords"])
def test_strict_limits_refuse_calls_of_unknown_names(call: str) -> None:
    calls = {
        "reduce": b"cmodels\nNet\n)R.",
        "instance": b"(imodels\nNet\n.",
        "object": b"(cmodels\nNet\no.",
        "new object": b"\x80\x02cmodels\nNet\n)\x81.",
        "new object with keywords": b"\x80\x04cmodels\nNet\n)}\x92.",
    }
    with pytest.raises(UnsafePickleError, match=r"calls 'models\.Net', which is unknown.*nothing was run"):
        followed(calls[call], Limits(pickle="strict"))


def test_strict_limits_allow_what_has_a_constructor() -> None:
    assert followed(pickle.dumps(collections.OrderedDict(a={1})), Limits(pickle="strict")) == {"a": {1}}


def test_forbidden_pickles_are_not_begun() -> None:
    with pytest.raises(UnsafePickleError, match="pickles are forbidden here"):
        followed(pickle.dumps(1), Limits(pickle="forbid"))


def test_old_objects_are_called_by_their_class() -> None:
    made = followed(b"ccopyreg\n_reconstructor\n(cmodels\nNet\nc__builtin__\nobject\nNtR}S'a'\nI1\nsb.")
    assert isinstance(made, Placeholder)
    assert (made.kind, made.state) == (Global("models", "Net"), {"a": 1})


def test_long_bytes_are_views_that_cannot_be_written() -> None:
    whole = bytes(range(256)) * 100
    made = followed(pickle.dumps(whole))
    assert isinstance(made, memoryview)
    assert made.readonly
    assert bytes(made) == whole
    assert followed(pickle.dumps(whole[:100])) == whole[:100]


def embedded(data: bytes, skipped: int) -> Any:
    """The value of a pickle in which bytes follow an object."""
    machine = Machine(
        data,
        PATH,
        "test",
        constructors=CONSTRUCTORS,
        embedded=lambda made, position: (data[position : position + 3], position + skipped),
        limits=Limits(),
    )
    return machine.run()


def test_bytes_in_the_middle_of_a_pickle_are_taken() -> None:
    assert embedded(b"]cmodels\nArray\n)R}babcI1\n\x86a.", 3) == [(b"abc", 1)]
    for skipped in (-3, 100):
        with pytest.raises(CorruptCheckpointError):
            embedded(b"]cmodels\nArray\n)R}babcI1\n\x86a.", skipped)


COUNT = 30_000_000
BOMBS = {
    "nothing": "b'N' * n",
    "lists": "b']' * n",
    "sets": "b'\\x8f' * n",
    "frozen sets": "b'(\\x91' * (n // 2)",
    "marks": "b'(' * n",
    "memo": "b'N' + b'\\x94' * n",
    "calls": "b'cA\\nb\\nq\\x00' + b'h\\x00)R' * (n // 4)",
    "texts": "b'\\x8c\\x04\\xf0\\x9f\\x98\\x80' * (n // 6)",
    "items": "b'}NNs' * (n // 4)",
    "tuples": "b')' + b'\\x85' * n",
    "one text": "b'X' + (n).to_bytes(4, 'little') + b'a' * (n - 4) + b'\\xf0\\x9f\\x98\\x80' + b'.'",
}
MEASURE = """
import gc, re, sys, time
from pathlib import Path
from topokit.errors import CheckpointError
from topokit.loaders import Limits
from topokit.loaders.formats.pickle_vm import CONSTRUCTORS, Machine
n = int(sys.argv[1])
data = eval(sys.argv[2])
gc.disable()  # as open_checkpoint does
start = time.process_time()
try:
    Machine(data, Path("x"), "x", constructors=CONSTRUCTORS, limits=Limits()).run()
except CheckpointError:
    pass
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(time.process_time() - start, int(peak) / 1000)
"""


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_thirty_million_opcodes_cost_seconds_and_megabytes(bomb: str) -> None:
    arguments = [sys.executable, "-c", MEASURE, str(COUNT), bomb]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 5
    assert megabytes < 500

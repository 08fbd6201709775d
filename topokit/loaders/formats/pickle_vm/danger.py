"""Names whose call means that a pickle was made to run code."""

from __future__ import annotations

from functools import lru_cache

from topokit.loaders.formats.pickle_vm.values import Global

_PACKAGES = frozenset(
    [
        *("os", "posix", "nt", "subprocess", "sys", "importlib", "runpy", "pty", "socket", "shutil", "ctypes"),
        *("_ctypes", "cffi", "pickle", "_pickle", "cPickle", "dill", "webbrowser", "pip", "multiprocessing"),
        *("asyncio", "http", "urllib", "urllib2", "httplib", "ftplib", "smtplib", "telnetlib", "requests"),
        *("ensurepip", "venv", "xmlrpc", "idlelib", "lib2to3", "distutils", "setuptools", "pkgutil"),
        *("zipimport",),
    ]
)
_MODULES = frozenset(
    [
        *("ntpath", "posixpath", "imp", "socketserver", "code", "codeop", "pdb", "bdb", "cProfile", "profile"),
        *("timeit", "trace", "threading", "_thread", "poplib", "imaplib", "pydoc", "marshal", "commands"),
        *("popen2", "platform", "tempfile", "signal", "ssl", "site", "zipapp", "py_compile", "compileall"),
        *("linecache", "doctest", "unittest", "cmd", "shelve"),
    ]
)
_BUILTINS = frozenset(
    [
        *("eval", "exec", "execfile", "compile", "open", "file", "__import__", "input", "breakpoint"),
        *("globals", "vars", "locals", "reload", "delattr", "exit", "quit"),
    ]
)
_NAMES = {
    "torch": ("load",),
    "torch.hub": ("load",),
    "torch.serialization": ("load",),
    "torch.jit": ("load",),
    "torch.package.package_importer": ("PackageImporter",),
    "torch.storage": ("_load_from_bytes",),
    "torch.utils.collect_env": ("run",),
    "torch.utils.bottleneck.__main__": ("run_cprofile",),
    "torch.distributed.rpc": ("rpc_sync",),
    "torch.utils._config_module": ("load_config",),
    "numpy": ("load",),
    "numpy.testing._private.utils": ("runstring",),
    "numpy.f2py.crackfortran": ("getlincoef",),
    "joblib": ("load",),
    "pandas": ("read_pickle",),
    "operator": ("attrgetter", "methodcaller"),
    "types": ("CodeType", "FunctionType"),
    "functools": ("reduce",),
    "io": ("open", "open_code", "FileIO"),
    "_io": ("open", "FileIO"),
    "logging.config": ("listen",),
}
_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}


def modern(module: str) -> str:
    """The Python 3 name of a standard module."""
    return _OLD_MODULES.get(module, module)


@lru_cache(maxsize=1024)
def is_dangerous(reference: Global) -> bool:
    """Whether calling that name, or anything inside it, could run code, reach the network or touch files."""
    module, name = reference.module, reference.name
    *owners, _ = name.split(".")
    if not _PACKAGES.isdisjoint(owners):
        return True
    if module.split(".")[0] in _PACKAGES or module in _MODULES or name in _NAMES.get(module, ()):
        return True
    return module == "builtins" and name.split(".")[0] in _BUILTINS

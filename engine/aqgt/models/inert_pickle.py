# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads pickles without running them.

A pickle is a program: it names classes and functions, calls them and fills the results. Here a name stays a
name (`Global`), an object of an unknown class becomes a `Shell` that only holds what the pickle put into it,
and a call happens only where the caller of `read_pickle` supplied a function for that very name. Decoding is
left to `pickletools`, which runs nothing; no class or function is ever looked up by a name from the file.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class RefusedError(Exception):
    """The pickle wants something that nothing it should hold needs."""


@dataclass(frozen=True)
class Global:
    """The name of a class or function; nothing stands behind it."""

    module: str
    name: str

    def __str__(self) -> str:
        # Both come from the file and may be of any length, or steer a terminal.
        return printable(f"{self.module}.{self.name}")


@dataclass(eq=False)
class Shell:
    """What a pickle stored of an object, without the object.

    Attributes:
        origin: name of its class.
        arguments: what its class would have been created with.
        state: its attributes, or whatever else its class would have been restored from.
        entries: its items, where its class is a kind of dictionary.
        elements: its elements, where its class is a kind of list or set.
    """

    origin: Global
    arguments: tuple[Any, ...] = ()
    state: Any = None
    entries: dict[Any, Any] = field(default_factory=dict)
    elements: list[Any] = field(default_factory=list)

    def attributes(self) -> dict[Any, Any]:
        """Its attributes by name; empty where it has none."""
        return self.state if isinstance(self.state, dict) else {}

    def __repr__(self) -> str:
        return f"<Shell of {self.origin}>"


def printable(text: str, longest: int = 100) -> str:
    """A text from a file as it may be shown: of bounded length, without control characters."""
    shown = text if len(text) <= longest else f"{text[:longest]}…"
    return "".join(char if char.isprintable() else "�" for char in shown)


class Stream(Protocol):
    """What a pickle is read from."""

    def read(self, n: int = ..., /) -> bytes: ...
    def readline(self) -> bytes: ...
    def tell(self) -> int: ...


Call = Callable[..., Any]
Calls = Mapping[tuple[str, str], Call]
"""Functions that stand in for those a pickle may call, by module and name."""
Restore = Callable[[Any, Any], bool]
"""Fills an object that one of the calls made with its state; False where it makes no such objects."""


def read_pickle(
    stream: Stream,
    calls: Calls,
    *,
    restore: Restore = lambda target, state: False,
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """The object of one pickle; the stream stands behind it afterwards.

    Args:
        stream: positioned at the pickle's begin.
        calls: what may be called, and by what.
        restore: fills what those calls made.
        persistent: what stands for a reference to something outside the pickle.

    Raises:
        RefusedError: it wants a call that is not among ``calls``, or something else no data needs.
        Exception: any other, where it is damaged or no pickle.
    """
    machine = _Machine(calls, restore, persistent)
    # Of genops only the decoding of instructions is used; it never acts on them.
    for opcode, argument, _ in pickletools.genops(stream):  # type: ignore[arg-type]
        machine.step(opcode.name, argument)
    return machine.result()


_IGNORED = frozenset({"PROTO", "FRAME", "STOP"})
_CONSTANTS: Mapping[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING",
    "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "BINBYTES",
    "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
})  # fmt: skip
_FRESH: Mapping[str, Callable[[], Any]] = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": set,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_STORE = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_FETCH = frozenset({"GET", "BINGET", "LONG_BINGET"})
_KEYS = (str, bytes, int, float, bool, type(None), Global, Shell)
_NEW = frozenset({("copyreg", "__newobj__"), ("copy_reg", "__newobj__")})
_OLD_NEW = frozenset({("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor")})


class _Machine:
    """Stack, marks and memo of one pickle."""

    def __init__(self, calls: Calls, restore: Restore, persistent: Callable[[Any], Any] | None) -> None:
        self._calls, self._restore, self._persistent = calls, restore, persistent
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._steps: Mapping[str, Callable[[], None]] = {
            "MARK": self._mark, "POP": self._pop, "POP_MARK": self._pop_mark, "DUP": self._duplicate,
            "LIST": lambda: self._push(self._marked()), "TUPLE": lambda: self._push(tuple(self._marked())),
            "DICT": self._dict, "FROZENSET": lambda: self._push(frozenset(map(_key, self._marked()))),
            "APPEND": lambda: self._extend([self._stack.pop()]),
            "APPENDS": lambda: self._extend(self._marked()), "ADDITEMS": lambda: self._extend(self._marked()),
            "SETITEM": self._set_item,
            "SETITEMS": lambda: self._update(self._marked()), "MEMOIZE": self._memoize,
            "STACK_GLOBAL": self._stack_global, "OBJ": self._object, "NEWOBJ": self._new_object,
            "NEWOBJ_EX": self._new_object_with_keywords, "REDUCE": self._reduce, "BUILD": self._build,
            "BINPERSID": self._outside,
        }  # fmt: skip

    def step(self, name: str, argument: Any) -> None:
        """Carries out one instruction."""
        if name in _VALUES:
            self._push(argument)
        elif name in _STORE:
            self._memo[argument] = self._stack[-1]
        elif name in _FETCH:
            self._push(self._memo[argument])
        elif name in self._steps:
            self._steps[name]()
        elif name in _CONSTANTS:
            self._push(_CONSTANTS[name])
        elif name in _FRESH:
            self._push(_FRESH[name]())
        elif name in _TUPLES:
            count = _TUPLES[name]
            if len(self._stack) < count:
                raise IndexError("too few objects for a tuple")
            self._stack[-count:] = [tuple(self._stack[-count:])]
        elif name == "GLOBAL":
            self._push(_global(*argument.split(" ", 1)))
        elif name == "INST":
            self._push(self._instance(_global(*argument.split(" ", 1)), self._marked()))
        elif name not in _IGNORED:
            raise RefusedError(f"uses the instruction {name}, which no data needs")

    def result(self) -> Any:
        """What the pickle stands for."""
        if self._below or len(self._stack) != 1:
            raise ValueError("the pickle leaves more or less than one object")
        return self._stack[0]

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _marked(self) -> list[Any]:
        top, self._stack = self._stack, self._below.pop()
        return top

    def _pop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._marked()

    def _pop_mark(self) -> None:
        self._marked()

    def _duplicate(self) -> None:
        self._push(self._stack[-1])

    def _memoize(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _dict(self) -> None:
        pairs = self._marked()
        self._push({})
        self._update(pairs)

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._update([key, value])

    def _update(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        entries = target.entries if isinstance(target, Shell) else target
        if not isinstance(entries, dict) or len(pairs) % 2:
            raise ValueError("items for something that is no dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            entries[_key(key)] = value

    def _extend(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, set):
            target.update(map(_key, values))
        elif isinstance(target, (list, Shell)):
            (target.elements if isinstance(target, Shell) else target).extend(values)
        else:
            raise ValueError("elements for something that is no list")

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._push(_global(module, name))

    def _object(self) -> None:
        parts = self._marked()
        self._push(self._instance(_named(parts[0]), parts[1:]))

    def _instance(self, origin: Global, arguments: list[Any]) -> Shell:
        # Old-style instances: with arguments the class would be called, without them only created.
        if arguments:
            raise _refused_call(origin)
        return Shell(origin)

    def _new_object(self) -> None:
        arguments, origin = self._stack.pop(), self._stack.pop()
        self._push(Shell(_named(origin), tuple(arguments)))

    def _new_object_with_keywords(self) -> None:
        keywords, arguments, origin = self._stack.pop(), self._stack.pop(), self._stack.pop()
        self._push(Shell(_named(origin), (*arguments, keywords) if keywords else tuple(arguments)))

    def _reduce(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        origin = _named(function)
        key = (origin.module, origin.name)
        if not isinstance(arguments, tuple):
            raise ValueError("a call without arguments")
        if key in _NEW:
            self._push(Shell(_named(arguments[0]), arguments[1:]))
        elif key in _OLD_NEW:
            self._push(_reconstructed(*arguments))
        elif key in self._calls:
            self._push(self._calls[key](*arguments))
        else:
            raise _refused_call(origin)

    def _build(self) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        if isinstance(target, Shell):
            target.state = _merged(state)
        elif isinstance(target, (dict, set)):
            return  # attributes of a dictionary, such as the version of a state dict, are of no use here
        elif not self._restore(target, state):
            raise RefusedError(f"restores {_described(target)}, which no data needs")

    def _outside(self) -> None:
        if self._persistent is None:
            raise RefusedError("refers to something outside itself, which it should not")
        self._push(self._persistent(self._stack.pop()))


def _global(module: Any, name: Any) -> Global:
    if not (isinstance(module, str) and isinstance(name, str)):
        raise ValueError("a name that is no text")
    return Global(module, name)


def _named(function: Any) -> Global:
    if not isinstance(function, Global):
        raise RefusedError(f"calls {_described(function)}, which is no function")
    return function


def _described(thing: Any) -> str:
    return f"“{thing}”" if isinstance(thing, Global) else f"a {type(thing).__name__}"


def _refused_call(origin: Global) -> RefusedError:
    return RefusedError(f"asks for a call of “{origin}”, which nothing it should hold needs")


def _key(key: Any) -> Any:
    # Tuples nested in each other take exponential time to hash, and no checkpoint has them as keys.
    if not isinstance(key, _KEYS):
        raise RefusedError(f"has {_described(key)} as a key, which no data needs")
    return key


def _merged(state: Any) -> Any:
    """Attributes and slots together, where an object has both."""
    if isinstance(state, tuple) and len(state) == 2 and all(isinstance(s, dict) or s is None for s in state):
        return {**(state[0] or {}), **(state[1] or {})}
    return state


def _reconstructed(origin: Any, base: Any, value: Any) -> Shell:
    """An object of protocols 0 and 1: a plain one, or a kind of dictionary or list."""
    shell = Shell(_named(origin))
    if isinstance(value, dict):
        shell.entries.update(value)
    elif isinstance(value, list):
        shell.elements.extend(value)
    elif value is not None:
        shell.arguments = (base, value)
    return shell

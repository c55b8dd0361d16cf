"""NumPy arrays out of pickle files, without unpickling.

Unpickling a stranger's file runs what the stranger wrote. This module reads the few instructions that a pickled array
consists of, builds the array from its bytes, and refuses every other instruction and every other name. Nothing is
imported, nothing is called, and nothing is allocated beyond a small multiple of the file's size.
"""

from __future__ import annotations

import os
import pickletools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.png import read_file

_MAX_FILE_BYTES = 1 << 28
# An array takes about 40 instructions; a list of a thousand arrays 20,000.
_MAX_INSTRUCTIONS = 200_000

# The names that NumPy 1 and 2 write, module and attribute parted by a space as pickletools gives them.
_RECONSTRUCT = {f"{module} _reconstruct" for module in ("numpy.core.multiarray", "numpy._core.multiarray")}
_FROM_BUFFER = {f"{module} _frombuffer" for module in ("numpy.core.numeric", "numpy._core.numeric")}
_NDARRAY, _DTYPE, _ENCODE = "numpy ndarray", "numpy dtype", "_codecs encode"
_BYTES = {"__builtin__ bytes", "builtins bytes"}  # how old protocols write no bytes at all
_ALLOWED_NAMES = {*_RECONSTRUCT, *_FROM_BUFFER, *_BYTES, _NDARRAY, _DTYPE, _ENCODE}
_ALLOWED_TYPES = {"b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"}

_CONSTANTS = {
    *("INT", "LONG", "LONG1", "LONG4", "BININT", "BININT1", "BININT2", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    "BYTEARRAY8",
}


class _RefusedError(Exception):
    """Why a file is not taken; `read_arrays` adds the path."""


class _Mark:
    """Where a tuple or list begins on the stack."""


@dataclass(frozen=True)
class _Name:
    """A global that the file refers to; only compared, never looked up."""

    name: str


@dataclass
class _Type:
    """A NumPy type under construction."""

    code: str
    byte_order: str = "|"

    def dtype(self) -> np.dtype[Any]:
        return np.dtype(("<" if self.byte_order in "|=" else self.byte_order) + self.code)


@dataclass
class _Array:
    """An array under construction."""

    value: NDArray[Any] | None = None


def read_arrays(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Return the array of a pickle file; a list of arrays of one shape is stacked.

    Raises:
        UnreadableFileError: missing, damaged, or holding anything but plain NumPy arrays.
    """
    data = read_file(path, _MAX_FILE_BYTES)
    try:
        return _stacked(_interpret(data), len(data))
    except _RefusedError as error:
        raise UnreadableFileError(f"{path}: {error}") from None


def _stacked(value: Any, file_bytes: int) -> NDArray[Any]:
    if isinstance(value, _Array) and value.value is not None:
        return value.value
    arrays = [item.value for item in value if isinstance(item, _Array)] if isinstance(value, (list, tuple)) else []
    if not arrays or len(arrays) != len(value):
        raise _RefusedError("holds no NumPy array")
    known = [array for array in arrays if array is not None]
    if len(known) != len(arrays) or len({(array.shape, array.dtype) for array in known}) != 1:
        raise _RefusedError("holds arrays of different shapes")
    # One small array may be named a million times; honest files hold each of theirs.
    if sum(array.nbytes for array in known) > file_bytes:
        raise _RefusedError("holds less data than it claims")
    return np.stack(known)


def _interpret(data: bytes) -> Any:
    """Run the instructions of `data` on a stack of plain values."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    allocated = 0
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if count >= _MAX_INSTRUCTIONS:
                raise _RefusedError(f"more than {_MAX_INSTRUCTIONS} pickle instructions; holds more than arrays")
            if opcode.name == "STOP":
                return stack.pop()
            _step(opcode.name, argument, stack, memo)
            if opcode.name in ("REDUCE", "BUILD"):
                allocated += _num_bytes(stack[-1])
                # Honest files: once as text, once as an array.
                if allocated > 4 * len(data):
                    raise _RefusedError("holds less data than it claims")
    except (ValueError, IndexError, KeyError, TypeError, UnicodeError, OverflowError, AttributeError) as error:
        raise _RefusedError(f"damaged pickle ({' '.join(str(error).split())[:80]})") from None
    raise _RefusedError("truncated pickle")


def _num_bytes(made: Any) -> int:
    """How much one instruction may have allocated."""
    if isinstance(made, _Array):
        return 0 if made.value is None else made.value.nbytes
    return len(made) if isinstance(made, bytes) else 0


def _step(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    """Carry out one instruction."""
    if name in _CONSTANTS:
        stack.append(argument)
    elif name in ("NONE", "NEWTRUE", "NEWFALSE"):
        stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
    elif name in ("GLOBAL", "STACK_GLOBAL"):
        if name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            # Of tuples within tuples, each twice in the next, the text would have no end.
            if not isinstance(module, str) or not isinstance(attribute, str):
                raise _RefusedError("damaged pickle")
            argument = f"{module} {attribute}"
        if argument not in _ALLOWED_NAMES:
            raise _RefusedError(f"asks for {argument.replace(' ', '.')[:80]!r}; only NumPy arrays are read")
        stack.append(_Name(argument))
    elif name == "MARK":
        stack.append(_Mark())
    elif name in ("EMPTY_TUPLE", "EMPTY_LIST"):
        stack.append(() if name == "EMPTY_TUPLE" else [])
    elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
        length = int(name[-1])
        if len(stack) < length:
            raise _RefusedError("damaged pickle")
        stack[-length:] = [tuple(stack[-length:])]
    elif name in ("TUPLE", "LIST"):
        items = _since_mark(stack)
        stack.append(tuple(items) if name == "TUPLE" else items)
    elif name == "APPEND":
        item = stack.pop()
        stack[-1].append(item)
    elif name == "APPENDS":
        items = _since_mark(stack)
        stack[-1].extend(items)
    elif name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
        memo[len(memo) if name == "MEMOIZE" else argument] = stack[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name == "REDUCE":
        arguments, function = stack.pop(), stack.pop()
        stack.append(_construct(function, arguments))
    elif name == "BUILD":
        state = stack.pop()
        _set_state(stack[-1], state)
    elif name not in ("PROTO", "FRAME"):
        raise _RefusedError(f"holds the pickle instruction {name}; only NumPy arrays are read")


def _since_mark(stack: list[Any]) -> list[Any]:
    """Take everything above the last mark off the stack."""
    position = len(stack) - 1
    while not isinstance(stack[position], _Mark):
        position -= 1
        if position < 0:
            raise _RefusedError("damaged pickle")
    items = stack[position + 1 :]
    del stack[position:]
    return items


def _construct(function: Any, arguments: Any) -> Any:
    """What calling one of the allowed names would have given."""
    if not isinstance(function, _Name) or not isinstance(arguments, tuple):
        raise _RefusedError("damaged pickle")
    if function.name in _RECONSTRUCT:
        return _Array()
    if function.name in _FROM_BUFFER:
        buffer, kind, shape, order = arguments
        return _Array(_build(buffer, kind, shape, order == "F"))
    if function.name == _DTYPE:
        code = arguments[0]
        if not isinstance(code, str) or code not in _ALLOWED_TYPES:
            shown = repr(code[:20]) if isinstance(code, str) else "no name"
            raise _RefusedError(f"holds an array of type {shown}; only numbers are read")
        return _Type(code)
    if function.name == _ENCODE and isinstance(arguments[0], str) and arguments[1:] in (("latin1",), ("latin-1",)):
        return arguments[0].encode("latin-1")
    if function.name in _BYTES and arguments == ():
        return b""
    raise _RefusedError(f"calls {function.name.replace(' ', '.')!r}; only NumPy arrays are read")


def _set_state(target: Any, state: Any) -> None:
    """What setting the state of an array or a type would have done."""
    if isinstance(target, _Type) and state[1] in ("|", "<", ">", "="):
        target.byte_order = state[1]
    elif isinstance(target, _Array) and len(state) == 5:
        _, shape, kind, fortran_order, buffer = state
        target.value = _build(buffer, kind, shape, bool(fortran_order))
    else:
        raise _RefusedError("damaged pickle")


def _build(buffer: Any, kind: Any, shape: Any, fortran_order: bool) -> NDArray[Any]:
    """Make the array that `buffer` holds, after checking that it holds exactly that."""
    if isinstance(buffer, str):  # written by Python 2
        buffer = buffer.encode("latin-1")
    if not isinstance(buffer, (bytes, bytearray)) or not isinstance(kind, _Type) or not isinstance(shape, tuple):
        raise _RefusedError("damaged pickle")
    if len(shape) > 8 or not all(isinstance(length, int) and 0 <= length < 1 << 31 for length in shape):
        raise _RefusedError("damaged pickle")
    needed = kind.dtype().itemsize
    for length in shape:
        needed *= length
    if needed != len(buffer):
        raise _RefusedError(f"an array of shape {shape} needs {needed} bytes, the file has {len(buffer)}")
    array: NDArray[Any] = np.frombuffer(buffer, kind.dtype()).reshape(shape, order="F" if fortran_order else "C")
    return array

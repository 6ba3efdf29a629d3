"""XLA's typed foreign functions in ctypes: lets compiled JAX programs call a function of Python's on the CPU.

The structs are those of xla/ffi/api/c_api.h, whose fields are only appended within the major version 0. Unlike
jax.pure_callback, which hands out arrays of JAX's, nothing here waits for JAX in the middle of a computation, and what
the function raises becomes the error of the computation.
"""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p
from typing import Any, Callable

import jax
import numpy as np
import numpy.typing as npt

from .errors import Error, OutOfMemory

_MAJOR = 0  # of the interface
_METADATA = 1  # the extension with which XLA asks for the version
_STRING = 4  # the type of an attribute
_INVALID_ARGUMENT, _RESOURCE_EXHAUSTED, _INTERNAL = 3, 8, 13
_TYPES = {1: np.dtype(np.bool_), 4: np.dtype(np.int32), 8: np.dtype(np.uint32), 11: np.dtype(np.float32)}

# What a foreign function is here: of its attribute `options`, its arguments, and its results, into which it writes.
Function = Callable[[str, "list[npt.NDArray[Any]]", "list[npt.NDArray[Any]]"], None]


class _Extension(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("type", c_int), ("next", c_void_p)]


class _Version(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("extensions", c_void_p), ("major", c_int), ("minor", c_int)]


class _Metadata(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("version", _Version), ("traits", c_uint32)]


class _MetadataExtension(ctypes.Structure):
    _fields_ = [("base", _Extension), ("metadata", ctypes.POINTER(_Metadata))]


class _ErrorDescription(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("extensions", c_void_p), ("message", c_char_p), ("code", c_int)]


class _Interface(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("extensions", c_void_p), ("version", _Version), ("internal", c_void_p),
        ("create_error", ctypes.CFUNCTYPE(c_void_p, ctypes.POINTER(_ErrorDescription))),
    ]  # fmt: skip


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("extensions", c_void_p), ("type", c_int), ("data", c_void_p), ("rank", c_int64),
        ("shape", ctypes.POINTER(c_int64)),
    ]  # fmt: skip


class _Buffers(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("extensions", c_void_p), ("count", c_int64), ("types", ctypes.POINTER(c_int)),
        ("buffers", ctypes.POINTER(ctypes.POINTER(_Buffer))),
    ]  # fmt: skip


class _Text(ctypes.Structure):
    _fields_ = [("start", c_void_p), ("length", c_size_t)]


class _Attributes(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("extensions", c_void_p), ("count", c_int64), ("types", ctypes.POINTER(c_int)),
        ("names", ctypes.POINTER(ctypes.POINTER(_Text))), ("values", ctypes.POINTER(ctypes.POINTER(_Text))),
    ]  # fmt: skip


class _Call(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("extensions", ctypes.POINTER(_Extension)), ("api", ctypes.POINTER(_Interface)),
        ("context", c_void_p), ("stage", c_int), ("arguments", _Buffers), ("results", _Buffers),
        ("attributes", _Attributes),
    ]  # fmt: skip


_Handler = ctypes.CFUNCTYPE(c_void_p, ctypes.POINTER(_Call))
_handlers: list[Any] = []  # XLA keeps their addresses


def register(name: str, function: Function) -> None:
    """Makes a function known as jax.ffi.ffi_call(name, …) on the CPU, called with one attribute, `options`."""

    def handle(frame: Any) -> int | None:
        call = frame.contents
        if call.extensions and call.extensions.contents.type == _METADATA:
            _say_version(call)
            return None
        try:
            function(_options(call.attributes), _arrays(call.arguments), _arrays(call.results))
        except BaseException as error:  # noqa: BLE001 - it goes on where XLA has returned
            return _error(call, error)
        return None

    handler = _Handler(handle)
    _handlers.append(handler)
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(handler), platform="cpu")


def _say_version(call: Any) -> None:
    metadata = ctypes.cast(call.extensions, ctypes.POINTER(_MetadataExtension)).contents.metadata.contents
    metadata.version.major = _MAJOR
    # What is used here has been there since minor version 1, which has no interface to be asked yet.
    metadata.version.minor = call.api.contents.version.minor if call.api else 1
    metadata.traits = 0


def _options(attributes: Any) -> str:
    assert attributes.count == 1 and attributes.types[0] == _STRING
    text = attributes.values[0].contents
    return ctypes.string_at(text.start, text.length).decode()


def _arrays(buffers: Any) -> list[npt.NDArray[Any]]:
    """Views of the buffers, for as long as the call lasts."""
    return [_array(buffers.buffers[i].contents) for i in range(buffers.count)]


def _array(buffer: Any) -> npt.NDArray[Any]:
    dtype, shape = _TYPES[buffer.type], tuple(buffer.shape[: buffer.rank])
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if size == 0:
        return np.empty(shape, dtype)
    memory = (ctypes.c_char * size).from_address(buffer.data)
    return np.frombuffer(memory, dtype).reshape(shape)


def _error(call: Any, error: BaseException) -> int:
    code = _RESOURCE_EXHAUSTED if isinstance(error, (OutOfMemory, MemoryError)) else _INTERNAL
    if isinstance(error, Error) and code == _INTERNAL:
        code = _INVALID_ARGUMENT
    said = f"dnc.{type(error).__name__}: {error}" if isinstance(error, Error) else repr(error)
    description = _ErrorDescription(ctypes.sizeof(_ErrorDescription), None, said.encode(), code)
    return int(call.api.contents.create_error(ctypes.byref(description)))

"""The DNC as pure functions of JAX: `dnc.jax.DNC`. Needs jax 0.5 or newer, which dnc does not install."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from . import _layer, _xla
from .network import DNC as Network

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .config import Options

Tensors = Mapping[str, Any]


class DNC:
    """A DNC as two pure functions, `init` and `apply`.

    >>> layer = dnc.jax.DNC(input_size=8, output_size=7, hidden_size=32)
    >>> parameters = layer.init(jax.random.key(0))
    >>> outputs, state = layer.apply(parameters, inputs)       # [T, B, X] -> [T, B, Y], and the state after it [B, S]
    >>> outputs, state = layer.apply(parameters, more, state)  # the same episodes go on
    >>> outputs, state = layer.apply(parameters, tokens)       # [T, B] whole numbers: as their one-hot rows

    Arguments are those of `dnc.DNC` but for batch_size, which the inputs have. A layer holds nothing but its
    configuration; equal ones are equal, and can be static arguments. The functions compute on the CPU in single
    precision; num_threads says on how many cores.

    They work under jit, grad, vmap, and within lax.scan; gradients flow to inputs, parameters and the state before, and
    from outputs and the state after. A backward computes the steps of its forward again. vmap over inputs is a larger
    batch. There its backward takes the elements one by one, so [T, B, X] trains faster.
    """

    def __init__(self, input_size: int, output_size: int, **options: Unpack[Options]) -> None:
        if "batch_size" in options:
            raise TypeError("batch_size is that of the inputs: a layer has none of its own")
        with Network(input_size, output_size, **options) as net:
            config = {name: value for name, value in net.config.items() if name != "batch_size"}
            self._shapes = {name: values.shape for name, values in net.parameters.items()}
            self._state_size = net.state_size
        self._options = json.dumps(config)

    @property
    def input_size(self) -> int:
        """X"""
        return int(json.loads(self._options)["input_size"])

    @property
    def output_size(self) -> int:
        """Y"""
        return int(json.loads(self._options)["output_size"])

    @property
    def state_size(self) -> int:
        """S, the numbers of one sequence's state: see `dnc.DNC.state_rows`."""
        return self._state_size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DNC) and self._options == other._options

    def __hash__(self) -> int:
        return hash(self._options)

    def __repr__(self) -> str:
        return f"DNC({', '.join(f'{name}={value!r}' for name, value in json.loads(self._options).items())})"

    def init(self, key: Any = None) -> dict[str, Array]:
        """Parameters by their names in the library, "controller.0.weight_ih" and so on, drawn from a key of
        jax.random. An integer draws those of `dnc.DNC(…, seed=key)`; None takes the option `seed`."""
        if key is None:
            key = json.loads(self._options)["seed"]
        if isinstance(key, int):
            if not 0 <= key < 2**64:
                raise ValueError(f"key is {key}, allowed are 0 to {2**64 - 1} and keys of jax.random")
            words: Any = np.array([key & 0xFFFFFFFF, key >> 32], np.uint32)
        else:
            words = jax.random.bits(key, (2,), jnp.uint32)
        results = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in self._shapes.values()]
        return dict(zip(self._shapes, _call("init", self, results)(words)))

    def apply(
        self, parameters: Tensors, inputs: Any, state: Any = None, starts: Any = None
    ) -> tuple[Array, Array]:  # fmt: skip
        """Outputs, as logits, and the state after the last step.

        inputs is [T, B, X], or of one sequence [T, X]; the outputs are alike. Whole numbers without the last dimension
        are tokens, of any integer dtype: 0 to X - 1 stands for the one-hot row with its 1 there, -1 for a row of zeros.
        They give the same bytes as these rows, in less time and memory; another number is an error of the computation.

        state [B, S] goes on from a state that an earlier call gave; None begins new episodes. starts [T, B] is True
        where a sequence begins a new episode before the step: with starts that are True at the first step, any state
        counts for nothing.
        """
        inputs, are_tokens = _rows_or_tokens(inputs)
        if inputs.ndim + are_tokens == 2:
            outputs, after = self.apply(parameters, inputs[:, None], _one(state, 0), _one(starts, 1))
            return outputs[:, 0], after[0]
        if inputs.ndim + are_tokens != 3 or 0 in inputs.shape:
            raise ValueError(
                f"inputs has shape {inputs.shape} of {inputs.dtype}, needed are rows [T, B, {self.input_size}] of "
                "float32, or tokens [T, B], which are integers"
            )
        steps, batch = inputs.shape[:2]
        marks = jnp.zeros((steps, batch), jnp.bool_) if starts is None else jnp.asarray(starts).astype(jnp.bool_)
        if state is None:
            state, marks = jnp.zeros((batch, self.state_size), jnp.float32), marks.at[0].set(True)
        state = jnp.asarray(state)
        if not are_tokens:
            _require("inputs", inputs, (steps, batch, self.input_size))
        _require("state", state, (batch, self.state_size))
        if marks.shape != (steps, batch):
            raise ValueError(f"starts has shape {marks.shape}, needed is {(steps, batch)}")
        return _steps(self, self._in_order(parameters), inputs, state, marks)

    def _in_order(self, parameters: Tensors) -> tuple[Array, ...]:
        if parameters.keys() != self._shapes.keys():
            raise ValueError(f"parameters has {sorted(parameters)}, needed are {sorted(self._shapes)}")
        found = tuple(jnp.asarray(parameters[name]) for name in self._shapes)
        for (name, shape), values in zip(self._shapes.items(), found):
            _require(name, values, shape)
        return found


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _steps(layer: DNC, parameters: tuple[Array, ...], inputs: Array, state: Array, starts: Array) -> Any:
    results = [jax.ShapeDtypeStruct((*starts.shape, layer.output_size), jnp.float32), state]
    return tuple(_call("forward", layer, results)(*parameters, inputs, state, starts))


def _forward(layer: DNC, *given: Any) -> Any:
    return _steps(layer, *given), given


def _backward(layer: DNC, given: Any, gradients: Any) -> Any:
    count = len(given[0])
    found = _gradients(layer, *given, *gradients)
    of_parameters, (of_state, *of_rows) = found[:count], found[count:]
    return of_parameters, of_rows[0] if of_rows else None, of_state, None


_steps.defvjp(_forward, _backward)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _gradients(
    layer: DNC, parameters: tuple[Array, ...], inputs: Array, state: Array, starts: Array, output_gradients: Array,
    state_gradients: Array,
) -> Any:  # fmt: skip
    results = [*parameters, state, *([] if _are_tokens(inputs) else [inputs])]
    given = (*parameters, inputs, state, starts, output_gradients, state_gradients)
    return tuple(_call("backward", layer, results)(*given))


@_gradients.defjvp
def _no_second_derivatives(layer: DNC, primals: Any, tangents: Any) -> Any:
    raise NotImplementedError("a DNC layer has no second derivatives: its gradients can't be differentiated again")


def _call(name: str, layer: DNC, results: Any) -> Any:
    shapes = [jax.ShapeDtypeStruct(result.shape, result.dtype) for result in results]
    call = jax.ffi.ffi_call(f"dnc_{name}", shapes, vmap_method="expand_dims")
    return functools.partial(call, options=layer._options)


def _are_tokens(inputs: Any) -> bool:
    return bool(jnp.issubdtype(inputs.dtype, jnp.integer))


def _rows_or_tokens(inputs: Any) -> tuple[Array, bool]:
    """Inputs as an array of JAX, and whether they are tokens, which become int32. What that does not hold becomes one
    that is refused."""
    given = inputs if isinstance(inputs, Array) else np.asarray(inputs)
    if not _are_tokens(given):
        return jnp.asarray(inputs), False
    held, holds = np.iinfo(given.dtype), np.iinfo(np.int32)
    clip = jnp.clip if isinstance(given, Array) else np.clip
    return jnp.asarray(clip(given, max(held.min, holds.min), min(held.max, holds.max)).astype(np.int32)), True


def _require(name: str, values: Array, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, needed is {shape}")
    if values.dtype != jnp.float32:
        raise ValueError(f"{name} is {values.dtype}, needed is float32")


def _one(values: Any, dimension: int) -> Any:
    return None if values is None else jnp.expand_dims(values, dimension)


# What XLA calls. Each vmap puts a dimension before all others; that of an argument that is not mapped is 1.

Arrays = list[npt.NDArray[Any]]


@functools.lru_cache(maxsize=64)
def _pool(options: str) -> _layer.Pool:
    return _layer.Pool(lambda: Network(**json.loads(options)))


class _Lent:
    """A network for one call, with these parameters."""

    def __init__(self, options: str, batch: int, parameters: Arrays) -> None:
        self.pool = _pool(options)
        self.net = self.pool.take(batch)
        for values, given in zip(self.net.parameters.values(), parameters):
            values[...] = given

    def __enter__(self) -> Network:
        return self.net

    def __exit__(self, *raised: object) -> None:
        self.pool.give_back(self.net)


def _init_called(options: str, arguments: Arrays, results: Arrays) -> None:
    (words,) = arguments
    for place in np.ndindex(words.shape[:-1]):
        low, high = map(int, words[place])
        with Network(**{**json.loads(options), "seed": low + (high << 32)}) as net:
            for result, values in zip(results, net.parameters.values()):
                result[place] = values


def _forward_called(options: str, arguments: Arrays, results: Arrays) -> None:
    *parameters, inputs, state, starts = arguments
    outputs, after = results
    mapped = outputs.shape[:-3]
    if mapped and all(values.shape[: len(mapped)] == (1,) * len(mapped) for values in parameters):
        # One batch of all that are mapped.
        values = _at((0,) * len(mapped), parameters)
        given = (_joined(inputs, mapped, 1), _joined(state, mapped, 0), _joined(starts, mapped, 1))
        with _Lent(options, given[0].shape[1], values) as net:
            found, states = _layer.forward(net, *given, recording=False)
        count, steps = outputs[..., 0, 0, 0].size, found.shape[0]
        outputs[...] = found.reshape(steps, count, -1, found.shape[2]).swapaxes(0, 1).reshape(outputs.shape)
        after[...] = states.reshape(after.shape)
        return
    for place in np.ndindex(mapped):
        *values, x, s, marks = _at(place, arguments)
        with _Lent(options, x.shape[1], values) as net:
            outputs[place], after[place] = _layer.forward(net, x, s, marks, recording=False)


def _backward_called(options: str, arguments: Arrays, results: Arrays) -> None:
    of_parameters, (of_state, *of_rows) = results[: len(arguments) - 5], results[len(arguments) - 5 :]
    for place in np.ndindex(of_state.shape[:-2]):
        *values, x, s, marks, output_gradients, state_gradients = _at(place, arguments)
        with _Lent(options, x.shape[1], values) as net:
            _layer.forward(net, x, s, marks, recording=True)
            rows = _layer.backward(net, output_gradients, state_gradients, wants_inputs=bool(of_rows))
            for result in of_rows:
                result[place] = rows
            of_state[place] = net.state_gradient_rows()
            for result, gradient in zip(of_parameters, net.gradients.values()):
                result[place] = gradient


def _at(place: tuple[int, ...], arrays: Arrays) -> Arrays:
    """Of each array its part at a place of the mapped dimensions."""
    return [values[tuple(min(i, size - 1) for i, size in zip(place, values.shape))] for values in arrays]


def _joined(values: npt.NDArray[Any], mapped: tuple[int, ...], batch: int) -> npt.NDArray[Any]:
    """The mapped dimensions put into that of the batch, which is the first or the second after them."""
    rest = values.shape[len(mapped) :]
    one = np.broadcast_to(values, (*mapped, *rest)).reshape(-1, *rest)
    if batch == 0:
        return one.reshape(-1, *rest[1:])
    return np.moveaxis(one, 0, 1).reshape(rest[0], -1, *rest[2:])


_xla.register("dnc_init", _init_called)
_xla.register("dnc_forward", _forward_called)
_xla.register("dnc_backward", _backward_called)

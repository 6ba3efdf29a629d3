"""The DNC as a layer of PyTorch: `dnc.torch.DNC`. Needs torch 1.13 or newer, which dnc does not install."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from . import _layer
from .network import DNC as Network

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .config import Options

# torch.compile leaves the layer out: its steps are not torch's. Older versions have no compiler.
_run_as_it_is = torch.compiler.disable if hasattr(torch, "compiler") else lambda function: function
_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class DNC(nn.Module):
    """A DNC between two other layers, as torch.nn.LSTM is.

    >>> layer = dnc.torch.DNC(input_size=8, output_size=7, hidden_size=32)
    >>> outputs, state = layer(inputs)                 # [T, B, X] -> [T, B, Y], and the state after it [B, S]
    >>> outputs, state = layer(more, state)            # the same episodes go on
    >>> outputs, state = layer(tokens)                 # [T, B] whole numbers: as their one-hot rows

    Arguments are those of `dnc.DNC` but for batch_size, which the inputs have; batch_first as for torch.nn.LSTM. The
    layer computes on the CPU in single precision; num_threads says on how many cores.

    Its parameters are nn.Parameters by their names in the library, "controller.0.weight_ih" and so on, in the library's
    own memory: every optimizer of torch updates them in place. Gradients flow to inputs, parameters and the state
    before, and from outputs and the state after. Several forwards may come before a backward; each keeps its record
    until then. Without gradients, as under torch.no_grad(), nothing is recorded.
    """

    def __init__(
        self, input_size: int, output_size: int, *, batch_first: bool = False, **options: Unpack[Options]
    ) -> None:
        super().__init__()
        if "batch_size" in options:
            raise TypeError("batch_size is that of the inputs: a layer has none of its own")
        self.batch_first = batch_first
        self._net = Network(input_size, output_size, **options)
        self._pool = _layer.Pool(lambda: self._net.clone(share_parameters=True))
        self._names = list(self._net.parameters)
        for name, values in self._net.parameters.items():
            *path, last = name.split(".")
            holder: nn.Module = self
            for part in path:
                if part not in holder._modules:
                    holder.add_module(part, nn.Module())
                holder = holder._modules[part]  # type: ignore[assignment]
            holder.register_parameter(last, nn.Parameter(torch.from_numpy(values)))

    @property
    def input_size(self) -> int:
        """X"""
        return self._net.config["input_size"]

    @property
    def output_size(self) -> int:
        """Y"""
        return self._net.config["output_size"]

    @property
    def state_size(self) -> int:
        """S, the numbers of one sequence's state: see `dnc.DNC.state_rows`."""
        return self._net.state_size

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self._net.config.items() if name != "batch_size")

    @_run_as_it_is
    def forward(
        self,
        inputs: Tensor | PackedSequence,
        state: Tensor | None = None,
        starts: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Any, Tensor]:
        """Outputs, as logits, and the state after the last step.

        inputs is [T, B, X], with batch_first [B, T, X], of one sequence [T, X], or a PackedSequence; the outputs are
        alike. Whole numbers without the last dimension are tokens, of any integer dtype: 0 to X - 1 stands for the
        one-hot row with its 1 there, -1 for a row of zeros. They give the same bytes as these rows, in less time and
        memory; another number is a `dnc.InvalidArgument` error.

        state [B, S] goes on from a state that an earlier call gave; None begins new episodes. starts, of the inputs'
        first two dimensions, is True where a sequence begins a new episode before the step. lengths [B] says where
        sequences of padded inputs end: the state is that after the last step, outputs beyond are 0.
        """
        if isinstance(inputs, PackedSequence):
            return self._packed(inputs, state, starts, lengths)
        if not isinstance(inputs, Tensor):
            raise TypeError(f"inputs is {type(inputs).__name__}, needed is a tensor or a PackedSequence")
        dimensions = inputs.dim() + _are_tokens(inputs)
        if dimensions == 2:
            outputs, after = self.forward(
                inputs.unsqueeze(self._batch), _one(state, 0), _one(starts, self._batch), _one(lengths, 0)
            )
            return outputs.squeeze(self._batch), after.squeeze(0)
        if dimensions != 3:
            raise self._wrong(inputs)
        if self.batch_first:
            inputs = inputs.transpose(0, 1)
            starts = None if starts is None else starts.transpose(0, 1)
        if lengths is not None:
            outputs, after = self._padded(inputs, state, starts, torch.as_tensor(lengths))
        else:
            outputs, after = self._steps(inputs, state, starts)
        return outputs.transpose(0, 1) if self.batch_first else outputs, after

    @property
    def _batch(self) -> int:
        return 0 if self.batch_first else 1

    def _packed(
        self, inputs: PackedSequence, state: Tensor | None, starts: Tensor | None, lengths: Tensor | None
    ) -> tuple[PackedSequence, Tensor]:
        if starts is not None or lengths is not None:
            raise ValueError("a PackedSequence has lengths of its own, and begins one episode a sequence")
        padded, lengths = pad_packed_sequence(inputs)
        outputs, after = self._padded(padded, state, None, lengths)
        return pack_padded_sequence(outputs, lengths, enforce_sorted=False), after

    def _padded(
        self, inputs: Tensor, state: Tensor | None, starts: Tensor | None, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        steps, batch = inputs.shape[:2]
        if lengths.shape != (batch,) or int(lengths.min()) < 1 or int(lengths.max()) > steps:
            raise ValueError(f"lengths is {lengths.tolist()}, allowed are {batch} numbers from 1 to {steps}")
        outputs = torch.zeros(steps, batch, self.output_size, dtype=torch.float32)
        after = torch.zeros(batch, self.state_size, dtype=torch.float32)
        # Sequences of one length at a time: each ends with the last step of its call.
        for length in lengths.unique().tolist():
            which = (lengths == length).nonzero().squeeze(1)
            found, state_found = self._steps(
                inputs[:length, which], None if state is None else state[which],
                None if starts is None else starts[:length, which],
            )  # fmt: skip
            rest = found.new_zeros(steps - length, len(which), self.output_size)
            outputs = outputs.index_copy(1, which, torch.cat([found, rest]))
            after = after.index_copy(0, which, state_found)
        return outputs, after

    def _steps(self, inputs: Tensor, state: Tensor | None, starts: Tensor | None) -> tuple[Tensor, Tensor]:
        steps, batch = inputs.shape[:2]
        if not _are_tokens(inputs):
            _require("inputs", inputs, (steps, batch, self.input_size))
        elif inputs.dim() != 2 or inputs.device.type != "cpu":
            raise self._wrong(inputs)
        if state is not None:
            _require("state", state, (batch, self.state_size))
        if starts is not None and starts.shape != (steps, batch):
            raise ValueError(f"starts has shape {tuple(starts.shape)}, needed is {(steps, batch)}")
        parameters = list(self._shared())
        given = [inputs, *([] if state is None else [state]), *parameters]
        if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given):
            return _Steps.apply(self, inputs, state, starts, *parameters)
        net = self._pool.take(batch)
        try:
            return _run(net, inputs, state, starts, recording=False)
        finally:
            self._pool.give_back(net)

    def _wrong(self, inputs: Tensor) -> ValueError:
        return ValueError(
            f"inputs has shape {tuple(inputs.shape)} of {inputs.dtype} on {inputs.device}, needed are rows "
            f"[T, B, {self.input_size}] of torch.float32, or tokens [T, B], which are integers, on the CPU"
        )

    def _shared(self) -> Iterator[Tensor]:
        """The parameters in the library's order; an error if one of them is no longer in the library's memory."""
        named = dict(self.named_parameters())
        for name, values in self._net.parameters.items():
            parameter = named[name]
            if parameter.data_ptr() != values.ctypes.data:
                raise RuntimeError(
                    f"{name} was replaced by another tensor: a layer's parameters are in the library's memory, so "
                    "write to them in place, as load_state_dict without assign=True does"
                )
            yield parameter

    def _apply(self, fn: Any, recurse: bool = True) -> DNC:
        example = fn(torch.empty(0))
        if example.device.type != "cpu" or example.dtype != torch.float32:
            raise RuntimeError(
                f"a DNC layer stays in torch.float32 on the CPU, not {example.dtype} on {example.device}: move its "
                "inputs there and its outputs back"
            )
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> DNC:
        rebuild, arguments = self.__reduce__()
        memo[id(self)] = copy = rebuild(*arguments)
        return copy

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        frozen = [name for name, parameter in self.named_parameters() if not parameter.requires_grad]
        values = {name: parameter.detach().clone() for name, parameter in self.named_parameters()}
        return _rebuild, (type(self), self._net.config, self.batch_first, self.training, frozen, values)


def _rebuild(
    kind: type[DNC], config: dict[str, Any], batch_first: bool, training: bool, frozen: list[str],
    values: dict[str, Tensor],
) -> DNC:  # fmt: skip
    options = {name: value for name, value in config.items() if name != "batch_size"}
    layer = kind(options.pop("input_size"), options.pop("output_size"), batch_first=batch_first, **options)
    layer.load_state_dict(values)
    for name, parameter in layer.named_parameters():
        parameter.requires_grad_(name not in frozen)
    return layer.train(training)


class _Steps(torch.autograd.Function):
    """The steps of one call, whose record waits for its backward."""

    @staticmethod
    def forward(
        ctx: Any, layer: DNC, inputs: Tensor, state: Tensor | None, starts: Tensor | None, *parameters: Tensor
    ) -> tuple[Tensor, Tensor]:
        net = layer._pool.take(len(inputs[0]))
        ctx.set_materialize_grads(False)
        ctx.record = _Record(layer._pool, net)
        ctx.parameters, ctx.versions = parameters, [parameter._version for parameter in parameters]
        return _run(net, inputs, state, starts, recording=True)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, output_gradients: Tensor | None, state_gradients: Tensor | None) -> tuple[Any, ...]:
        record = ctx.record
        net = record.net
        if net is None:
            raise RuntimeError("a DNC layer's record was used by a backward already: retain_graph does not keep it")
        if ctx.versions != [parameter._version for parameter in ctx.parameters]:
            raise RuntimeError("a parameter of a DNC layer was changed in place between its forward and its backward")
        wants_inputs, wants_state = ctx.needs_input_grad[1:3]
        inputs = _layer.backward(net, _numpy(output_gradients), _numpy(state_gradients), wants_inputs)
        state = torch.from_numpy(net.state_gradient_rows()) if wants_state else None
        found = [torch.from_numpy(gradient.copy()) for gradient in net.gradients.values()]
        record.give_back()
        return None, None if inputs is None else torch.from_numpy(inputs), state, None, *found


class _Record:
    """A network that the pool gets back when nobody waits for its record."""

    net: Network | None = None

    def __init__(self, pool: _layer.Pool, net: Network) -> None:
        self.pool, self.net = pool, net

    def give_back(self) -> None:
        net, self.net = self.net, None
        if net is not None:
            self.pool.give_back(net)

    def __del__(self) -> None:
        self.give_back()


def _run(
    net: Network, inputs: Tensor, state: Tensor | None, starts: Tensor | None, recording: bool
) -> tuple[Tensor, Tensor]:
    outputs, after = _layer.forward(net, _numpy(inputs), _numpy(state), _numpy(starts), recording)
    return torch.from_numpy(outputs), torch.from_numpy(after)


def _numpy(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.detach().numpy()


def _are_tokens(inputs: Tensor) -> bool:
    return inputs.dtype in _INTEGERS


def _require(name: str, tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tensor.shape != shape:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, needed is {shape}")
    if tensor.dtype != torch.float32 or tensor.device.type != "cpu":
        raise ValueError(f"{name} is {tensor.dtype} on {tensor.device}, needed is torch.float32 on the CPU")


def _one(tensor: Tensor | None, dimension: int) -> Tensor | None:
    return None if tensor is None else torch.as_tensor(tensor).unsqueeze(dimension)

"""One ONNX graph, ready to run: named arrays in, named arrays out.

Used by each bento's service and, through it, by the tensor lane: a process holds one session.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.errors import ContractError

Array = np.ndarray[Any, Any]

ONNX_TYPES: dict[str, Datatype] = {
    "tensor(bool)": Datatype.BOOL,
    "tensor(uint8)": Datatype.UINT8,
    "tensor(uint16)": Datatype.UINT16,
    "tensor(uint32)": Datatype.UINT32,
    "tensor(uint64)": Datatype.UINT64,
    "tensor(int8)": Datatype.INT8,
    "tensor(int16)": Datatype.INT16,
    "tensor(int32)": Datatype.INT32,
    "tensor(int64)": Datatype.INT64,
    "tensor(float16)": Datatype.FP16,
    "tensor(float)": Datatype.FP32,
    "tensor(double)": Datatype.FP64,
    "tensor(string)": Datatype.BYTES,
}
THREADS_VARIABLE = "SIGNALBOX_ONNX_THREADS"
# Strings travel through onnxruntime as object arrays.
ARRAY_DTYPES: dict[Datatype, np.dtype[Any]] = {
    **{kind: np.dtype(text) for kind, text in ARRAY_TYPES.items()},
    Datatype.BYTES: np.dtype(object),
}


class OnnxModel:
    """An onnxruntime session on the CPU, with ``threads`` threads within an operator.

    ``inputs`` and ``output_types`` map names to datatypes, ``outputs`` are the names in the
    graph's order; ``input_shapes`` and ``output_shapes`` are as the graph declares them, first
    dimension rows, -1 for any size. Raises ContractError if the file is missing or no graph
    of plain tensors.
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        self.path = Path(path)
        self._session = _open_session(self.path, threads or default_threads())
        declared = self._session.get_inputs()
        answered = self._session.get_outputs()
        self.inputs: dict[str, Datatype] = {arg.name: _datatype(arg) for arg in declared}
        self.input_shapes: dict[str, tuple[int, ...]] = {arg.name: _shape(arg) for arg in declared}
        self.outputs: tuple[str, ...] = tuple(arg.name for arg in answered)
        self.output_types: dict[str, Datatype] = {arg.name: _datatype(arg) for arg in answered}
        self.output_shapes: dict[str, tuple[int, ...]] = {arg.name: _shape(arg) for arg in answered}
        self._output_names = list(self.outputs)
        self._checks = [
            (name, ARRAY_DTYPES[kind], self.input_shapes[name])
            for name, kind in self.inputs.items()
        ]

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Run all rows at once; each feed is [rows, ...] in the graph's datatype.

        Raises ContractError naming the input that is missing, unknown or of another
        datatype, shape or number of rows.
        """
        self._check(feeds)
        answers = self._session.run(self._output_names, feeds)
        return dict(zip(self._output_names, answers, strict=True))

    def _check(self, feeds: Mapping[str, Array]) -> None:
        rows: int | None = None
        for name, dtype, shape in self._checks:
            array = feeds.get(name)
            if array is None:
                raise ContractError(
                    f"inputs.{name}", "a tensor", None, f"Inputs that came: {sorted(feeds)}."
                )
            if array.dtype != dtype:
                raise ContractError(
                    f"inputs.{name}.datatype", self.inputs[name].value, str(array.dtype)
                )
            got = array.shape
            if got != shape and not _fits(got, shape):
                raise ContractError(f"inputs.{name}.shape", str(list(shape)), list(got))
            if not got:
                continue
            if rows is not None and got[0] != rows:
                raise ContractError(f"inputs.{name}.shape", f"{rows} rows", list(got))
            rows = got[0]
        if len(feeds) != len(self._checks):
            unknown = sorted(set(feeds) - set(self.inputs))
            raise ContractError(f"inputs.{unknown[0]}", f"one of {sorted(self.inputs)}", unknown[0])


def default_threads() -> int:
    """What the worker was told (SIGNALBOX_ONNX_THREADS), else 1: rows are batched, not split."""
    text = os.environ.get(THREADS_VARIABLE, "1")
    if not text.isdecimal() or int(text) < 1:
        raise ContractError(THREADS_VARIABLE, "a number of 1 or more", text)
    return int(text)


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise ContractError("ONNX path", "a file", str(path))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # Small tensors gain nothing from the arena, and it never gives memory back.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own exceptions share no other base
        raise ContractError(str(path), "an ONNX graph", str(error)) from error


def _datatype(arg: Any) -> Datatype:
    kind = ONNX_TYPES.get(arg.type)
    if kind is None:
        raise ContractError(
            f"ONNX tensor {arg.name}",
            "a plain tensor",
            arg.type,
            "Convert classifiers with zipmap off.",
        )
    return kind


def _shape(arg: Any) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else -1 for size in arg.shape)


def _fits(got: tuple[int, ...], declared: tuple[int, ...]) -> bool:
    return len(got) == len(declared) and all(
        want in (-1, size) for size, want in zip(got, declared, strict=True)
    )

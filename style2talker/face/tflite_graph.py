"""Read a TensorFlow Lite file into plain data: constants, operations, and which tensor goes where.

The file is a flatbuffer; the schema's classes come with `ai-edge-litert`. Nothing in it is executed. Weights
stored as float16 become float32 here, once: the file's DEQUANTIZE operations are folded into the constants.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from style2talker.errors import UserError

IDENTIFIER = b"TFL3"  # of the file format, at byte 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One step: tensors in, tensors out.

    Attributes:
        name: of the schema's BuiltinOperator, `CONV_2D`.
        inputs, outputs: tensor numbers; an input is a constant, an earlier output or an input of the graph.
        options: the schema's fields of this operation, `strideW`, `padding` and so on.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A net; operations are in an order in which they can run.

    Attributes:
        inputs, outputs: tensor numbers, in the file's order.
        constants: tensor number -> float32 or integer array.
        operations: without DEQUANTIZE.
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: dict[int, np.ndarray]
    operations: tuple[Operation, ...]


def read_graph(data: bytes) -> Graph:
    """The first subgraph of a `.tflite` file.

    Raises:
        UserError: not such a file, a damaged one, or weights in other than float and integer types.
    """
    if data[4:8] != IDENTIFIER:
        raise UserError(f"not a TensorFlow Lite file: got {data[4:8]!r} at byte 4, expected {IDENTIFIER!r}.")
    from ai_edge_litert import schema_py_generated as schema

    try:
        model = schema.ModelT.InitFromPackedBuf(data, 0)
        return _graph(model, schema)
    except (struct.error, IndexError, ValueError, TypeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"the TensorFlow Lite file is damaged ({error}); fetch it again.") from error


def _graph(model: Any, schema: Any) -> Graph:
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    types = {
        schema.TensorType.FLOAT32: np.dtype("<f4"),
        schema.TensorType.FLOAT16: np.dtype("<f2"),
        schema.TensorType.INT32: np.dtype("<i4"),
        schema.TensorType.INT64: np.dtype("<i8"),
    }
    body = model.subgraphs[0]
    constants: dict[int, np.ndarray] = {}
    for number, tensor in enumerate(body.tensors):
        stored = model.buffers[tensor.buffer].data
        if stored is None or not len(stored):
            continue
        if tensor.type not in types:
            raise UserError(
                f"tensor {number} holds type {tensor.type}, expected float or integer; take the float file."
            )
        values = np.asarray(stored, np.uint8).view(types[tensor.type]).reshape(_numbers(tensor.shape))
        constants[number] = values.astype(np.float32) if values.dtype.kind == "f" else values
    operations = []
    for operation in body.operators:
        code = model.operatorCodes[operation.opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        inputs, outputs = _numbers(operation.inputs), _numbers(operation.outputs)
        if name == "DEQUANTIZE" and inputs[0] in constants:
            constants[outputs[0]] = constants[inputs[0]]
            continue
        options = vars(operation.builtinOptions) if operation.builtinOptions else {}
        operations.append(Operation(name=name, inputs=inputs, outputs=outputs, options=dict(options)))
    used = {number for operation in operations for number in operation.inputs}
    return Graph(
        inputs=_numbers(body.inputs),
        outputs=_numbers(body.outputs),
        constants={number: value for number, value in constants.items() if number in used},
        operations=tuple(operations),
    )


def _numbers(values: Any) -> tuple[int, ...]:
    return () if values is None else tuple(int(n) for n in values)  # a scalar's shape is not written

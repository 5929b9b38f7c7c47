"""A TensorFlow Lite graph as a torch module, for any batch size and device; see `tflite_operations`."""

from torch import Tensor, nn

from style2talker.face.tflite_graph import Graph
from style2talker.face.tflite_operations import build


class TorchGraph(nn.Module):
    """Runs a graph.

    Raises:
        UserError: the graph holds an operation, or a form of one, that is not built.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self._inputs, self._outputs = graph.inputs, graph.outputs
        self.steps = nn.ModuleList(
            build(operation, [graph.constants.get(n) for n in operation.inputs])
            for operation in graph.operations
        )
        self._wires = [
            (tuple(n for n in operation.inputs if n not in graph.constants), operation.outputs[0])
            for operation in graph.operations
        ]
        last = {n: index for index, (inputs, _) in enumerate(self._wires) for n in inputs}
        self._released = [
            [n for n in inputs if last[n] == index and n not in graph.outputs]
            for index, (inputs, _) in enumerate(self._wires)
        ]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The graph's outputs for its inputs, all with the batch first."""
        values = dict(zip(self._inputs, inputs, strict=True))
        for step, (sources, target), released in zip(self.steps, self._wires, self._released, strict=True):
            values[target] = step(*(values[n] for n in sources))
            for n in released:  # the early layers of a large batch take most of the memory
                del values[n]
        return tuple(values[n] for n in self._outputs)

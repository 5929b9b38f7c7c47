"""How long Style-A takes for a frame, beside the least it could take: one warp and two convolutions.

    python benchmarks/style_a.py [--threads 1] [--frames 8]

Prints, at 128 and 256 px, the wall and the processor time of one frame (network; flow prior), of the floor,
and their ratio. Weights are random: speed does not depend on them.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.generator import StyleAGenerator
from style2talker.style_a.geometry_flow import FlowPrior


def ms_per_frame(work: Callable[[], object], frames: int, *, repeats: int = 5) -> tuple[float, float]:
    """Best wall and processor time of `repeats`, divided by the frames of one call."""
    work()
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls) / frames * 1e3, min(processors) / frames * 1e3


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    count = options.frames

    prior_maker = FlowPrior()
    expression_tk = np.zeros((2, len(EXPRESSION_NAMES)), np.float32)
    expression_tk[1, EXPRESSION_NAMES.index("jawOpen")] = 0.6
    faces = prior_maker.pose(
        np.zeros(len(embedded().identity_kv3), np.float32),
        expression_tk,
        np.array([[0, 0, 0], [0.05, 0.1, 0.02]], np.float32),
        np.array([[128, 128, 11], [130, 126, 11]], np.float32),
    )
    _, prior_ms = ms_per_frame(lambda: prior_maker(faces[0], faces[1]), 1)
    prior = torch.from_numpy(prior_maker(faces[0], faces[1])).expand(count, -1, -1, -1).contiguous()

    print(f"{options.threads} thread(s), {count} frames a call; flow prior {prior_ms:.1f} ms a frame (NumPy)")
    print("  px   network ms (processor)   floor ms (processor)   ratio   frames/s with prior")
    for size in (128, 256):
        config = replace(StyleAConfig(), resolution=size)
        generator = StyleAGenerator(config).eval()
        content = generator.encode(torch.rand(1, 3, 256, 256) * 2 - 1, seed=0)
        style = generator.style(content, torch.rand(1, 3, 256, 256) * 2 - 1, torch.ones(1))
        window = torch.zeros(count, config.num_coefficients, 27)

        def network(
            generator=generator, content=content, style=style, window=window, size=size
        ) -> torch.Tensor:
            layers = generator.layers(content.expand(count), style.expand(count), window, prior)
            return layers.compose(content.expand(count), style.expand(count), size_px=size)

        width = config.channels(size)
        feature = torch.rand(count, width, size, size).contiguous(memory_format=torch.channels_last)
        kernel = torch.rand(width, width, 3, 3)
        grid = torch.rand(count, size, size, 2) * 2 - 1

        def floor(feature=feature, kernel=kernel, grid=grid) -> torch.Tensor:
            moved = F.grid_sample(feature, grid, align_corners=False)
            return F.conv2d(F.conv2d(moved, kernel, padding=1), kernel, padding=1)

        wall, processor = ms_per_frame(network, count)
        floor_wall, floor_processor = ms_per_frame(floor, count)
        print(
            f"{size:4d}   {wall:8.1f} ({processor:.1f}){'':9s}{floor_wall:8.1f} ({floor_processor:.1f})"
            f"{'':7s}{processor / floor_processor:5.1f}   {1000 / (wall + prior_ms):8.1f}"
        )


if __name__ == "__main__":
    main()

"""The noise schedule: squared cosine, prediction of x0 (Style2Talker), by diffusers."""

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor

from style2talker.errors import UserError


def schedule(diffusion_steps: int) -> DDIMScheduler:
    """The schedule for training (`add_noise`) and sampling (`set_timesteps`, `step`).

    Trailing spacing makes sampling start from pure noise, which is what it is given (Lin et al. 2024, 3.3).
    """
    return DDIMScheduler(
        num_train_timesteps=diffusion_steps,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        clip_sample=False,
        timestep_spacing="trailing",
    )


def sampling_steps(scheduler: DDIMScheduler, num_steps: int, device: torch.device) -> Tensor:
    """Timesteps of a sampling run, largest first, [num_steps].

    Raises:
        UserError: fewer than 1 step or more than the schedule has.
    """
    most = scheduler.config["num_train_timesteps"]
    if not 1 <= num_steps <= most:
        raise UserError(
            f"num_steps is {num_steps}, expected 1 to {most}; 5 is what Style2Talker samples with"
        )
    scheduler.set_timesteps(num_steps, device=device)
    return scheduler.timesteps

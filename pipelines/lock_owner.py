"""The owner of an output: which process it is, and whether that process still runs on this machine."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What a claim says. `machine` tells processes apart that may have the same number; "" is unknown."""

    token: str
    host: str
    machine: str
    pid: int
    started: str
    command: str
    interval_s: float
    beat: int = 0
    held_s: float = 0.0
    released: bool = False

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Owner | None":
        """None for what no build wrote."""
        try:
            owner = cls(**json.loads(content))
            known = 0 < owner.interval_s < 3600 and owner.pid > 0 and owner.held_s >= 0
        except (ValueError, TypeError):
            return None
        return owner if known else None


def described(owner: Owner, watched_s: float = 0.0) -> str:
    """The owner for a message; its age is what it counted itself and what this machine watched since."""
    age_s = owner.held_s + watched_s
    minutes = round(age_s / 60)
    age = f"{age_s:.0f} s" if minutes < 2 else f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    return f"`{owner.command}` (process {owner.pid} on {owner.host}, for {age})"


def this_machine() -> str:
    """Names the processes that share their numbers: one start of one kernel, and one container on it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""  # not Linux: only the heartbeat tells


def process_of(pid: int) -> tuple[str, str] | None:
    """State and start time (ticks since the kernel started, proc(5)) of a process of this machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], fields[19]


def is_gone(owner: Owner) -> bool:
    """Whether the owner was a process of this machine and has ended, its number perhaps another's now."""
    if not owner.machine or owner.machine != this_machine():
        return False
    process = process_of(owner.pid)
    return process is None or process[0] in "ZX" or process[1] != owner.started


def runs_here(owner: Owner) -> bool:
    """Whether the owner is a process of this machine that is not stopped; a stopped one counts no further."""
    process = process_of(owner.pid) if owner.machine and owner.machine == this_machine() else None
    return process is not None and process[0] not in "Tt"

"""An estimate is what rows have cost so far, times how many there are to do."""

from pathlib import Path

import pytest
from fake_stages import fake_stages  # type: ignore[import-not-found]

from pipelines.build import make_plan
from pipelines.estimate import Spent, estimate
from pipelines.rounds import Plan
from style2talker.media.footage import Footage


def planned(footage: Path, out: Path) -> tuple[Plan, dict[str, Spent]]:
    plan = make_plan(footage, out=str(out), stages=fake_stages())
    spent = estimate(plan.steps, plan.index, plan.request.stages, plan.partitions, Footage(str(footage)))
    return plan, {item.stage: item for item in spent}


def test_without_a_history_rates_are_typical_and_it_says_so(footage: Path, tmp_path: Path) -> None:
    _, spent = planned(footage, tmp_path / "out")
    assert not any(item.is_measured for item in spent.values())
    assert all(item.wall_s > item.work_s >= 0 for item in spent.values())


def test_what_is_done_costs_nothing(build_here, footage: Path, tmp_path: Path) -> None:
    build_here(footage, tmp_path / "out")
    assert planned(footage, tmp_path / "out")[1] == {}


def test_a_new_file_costs_what_files_of_its_size_have_cost(build_here, footage: Path, tmp_path: Path) -> None:
    build_here(footage, tmp_path / "out")
    plan, _ = planned(footage, tmp_path / "out")
    footers = [plan.index.footer(partition.file("discover")) for partition in plan.partitions]
    efforts = [footer.effort for footer in footers if footer is not None]
    rate = sum(effort.work_s for effort in efforts) / sum(effort.amount for effort in efforts)
    (footage / "new.mp4").write_text("51 52 53")
    one = planned(footage, tmp_path / "out")[1]
    assert one["discover"].is_measured
    assert one["discover"].amount == pytest.approx(8e-6)
    assert one["discover"].work_s == pytest.approx(8e-6 * rate)
    (footage / "newer.mp4").write_text("54 55 56")
    two = planned(footage, tmp_path / "out")[1]
    for stage in ("discover", "track", "write"):
        assert two[stage].amount == pytest.approx(2 * one[stage].amount)
        assert two[stage].wall_s == pytest.approx(2 * one[stage].wall_s)


def test_a_changed_stage_costs_all_its_clips_and_no_other_stage(
    build_here, footage: Path, tmp_path: Path
) -> None:
    manifest = build_here(footage, tmp_path / "out")
    plan = make_plan(footage, out=str(tmp_path / "out"), stages=fake_stages(fit_salt=1))
    spent = estimate(plan.steps, plan.index, plan.request.stages, plan.partitions, Footage(str(footage)))
    by_stage = {item.stage: item for item in spent}
    assert by_stage.keys() == {"fit", "see", "judge", "write"}
    assert by_stage["fit"].num_rows == manifest.num_clips + 1  # one is found and then rejected by track

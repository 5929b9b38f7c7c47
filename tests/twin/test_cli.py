"""`style2talker twin` from the outside."""

from typer.testing import CliRunner

from style2talker.cli import app


def test_the_command_writes_clips_with_truth_and_a_card(tmp_path):
    out = tmp_path / "twins"
    result = CliRunner().invoke(
        app, ["twin", "--out", str(out), "--identities", "1", "--clips-per-identity", "1"]
    )
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {
        "card.yaml",
        "twin00_angry_1_000.mp4",
        "twin00_angry_1_000.truth.json",
    }


def test_no_people_is_a_bad_call(tmp_path):
    result = CliRunner().invoke(app, ["twin", "--out", str(tmp_path), "--identities", "0"])
    assert result.exit_code == 2

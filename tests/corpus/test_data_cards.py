"""Every card that ships is one that loads."""

from pathlib import Path

import pytest
import yaml

from style2talker.corpus.card import parse_card

CARDS = sorted((Path(__file__).parents[2] / "data_cards").glob("*.yaml"))


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_shipped_card_loads(path: Path, tmp_path: Path) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    card = parse_card({**data, "root": str(tmp_path)}, folder=tmp_path, source=path.name)
    assert card.name == data["name"]

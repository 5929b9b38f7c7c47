"""The data card, generated from the data: README.md (Hugging Face form) and card.html."""

from style2talker.corpus.manifest import Manifest
from style2talker.corpus.uri import Store


def write_report(store: Store, manifest: Manifest) -> dict[str, str]:
    return {"README.md": f"# {manifest.name}\n"}

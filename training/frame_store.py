"""Pictures of corpus clips by clip id, read row group by row group and kept within a memory limit."""

from collections import OrderedDict

from style2talker.corpus.intact import read_group
from style2talker.corpus.manifest import ShardEntry
from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError


class FrameStore:
    """`store[clip_id]` is the clip's list of JPEG bytes.

    Where each clip lies is found from the clip_id columns alone. Row groups that were read stay in memory,
    the least recently used ones leaving first; a corpus that fits is read once. Every loader worker has its
    own copy.

    Args:
        corpus: the corpus.
        split: whose frames can be asked for.
        limit_bytes: memory for JPEG bytes.
    """

    def __init__(self, corpus: Corpus, split: str, *, limit_bytes: int) -> None:
        self.corpus = corpus
        self.limit_bytes = limit_bytes
        self.held_bytes = 0
        self.groups: OrderedDict[tuple[ShardEntry, int], dict[str, list[bytes]]] = OrderedDict()
        self.place: dict[str, tuple[ShardEntry, int]] = {}
        for shard in corpus.manifest.of_kind("frames", split=split):
            with corpus.open_shard(shard) as file:
                for group in range(file.num_row_groups):
                    for clip_id in read_group(file, group, ["clip_id"]).column(0).to_pylist():
                        self.place[clip_id] = (shard, group)

    def __getitem__(self, clip_id: str) -> list[bytes]:
        """JPEG bytes of every frame.

        Raises:
            UserError: the frames of this clip are not in the corpus.
        """
        if clip_id not in self.place:
            raise UserError(
                f"{self.corpus.store.uri} has no frames of clip {clip_id}; run `style2talker verify` on it"
            )
        place = self.place[clip_id]
        if place not in self.groups:
            self._read(place)
        self.groups.move_to_end(place)
        return self.groups[place][clip_id]

    def _read(self, place: tuple[ShardEntry, int]) -> None:
        shard, group = place
        with self.corpus.open_shard(shard) as file:
            table = read_group(file, group, ["clip_id", "jpeg"])
        rows = dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))
        self.groups[place] = rows
        self.held_bytes += _num_bytes(rows)
        while self.held_bytes > self.limit_bytes and len(self.groups) > 1:
            _, oldest = self.groups.popitem(last=False)
            self.held_bytes -= _num_bytes(oldest)


def _num_bytes(rows: dict[str, list[bytes]]) -> int:
    return sum(len(jpeg) for frames in rows.values() for jpeg in frames)

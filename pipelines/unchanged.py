"""Unchanged: a row is worked on only while its files are those that were hashed.

Work files are named by the hashes. Labels of other bytes in them would be taken for right for ever, so the
files are looked at before and after each row.
"""

from typing import Any

from pipelines.partition import Partition
from pipelines.stage import Row, Work
from style2talker.errors import Reject
from style2talker.media.footage import Footage


def while_unchanged(work: Work, partition: Partition, footage: Footage) -> Work:
    """The function; a row whose files are not as `Source.files` says is a reject of the kind `changed`."""
    states = {uri: (size, mtime_ns) for source in partition.sources for uri, size, mtime_ns in source.files}
    files = {source.source_id: [uri for uri, _, _ in source.files] for source in partition.sources}

    def check(row: Row) -> None:
        for uri in files[row["source_id"]]:
            if footage.state(uri) != states[uri]:
                raise Reject("changed", "The file is not the one that was hashed at the start of the build.")

    def run(given: Row | list[Row]) -> Any:
        rows = given if isinstance(given, list) else [given]
        for row in rows:
            check(row)
        result = work(given)
        for row in rows:
            check(row)
        return result

    return run

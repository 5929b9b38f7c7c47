"""Object stores as Arrow opens them, with patience, and uploads that are whole or not there.

The retries are the AWS SDK's and Google's own: they wait longer each time, know which answers mean try again
(500, 503, too slow, hung up) and which do not (403, 404), and repeat one part of a file instead of all of it.
"""

import difflib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from style2talker.errors import UserError

ATTEMPTS = 8
"""Of each request, about a minute of waiting in between."""
REQUEST_TIMEOUT_S = 60.0
"""A request that moves no byte for so long has failed; a store may think for seconds about a large file."""
CONNECT_TIMEOUT_S = 10.0
UPLOADS = 3
"""Of a file that arrived with another size."""
_OPTIONS = ("region", "scheme", "endpoint_override", "allow_bucket_creation", "allow_bucket_deletion")


def open_s3(uri: str) -> tuple[fs.FileSystem, str]:
    """Filesystem and path, as `FileSystem.from_uri`, which knows neither retries (3) nor time limits (3 s).

    Raises:
        UserError: an option that is not known.
        OSError: the bucket's region cannot be found out.
    """
    parts = urlsplit(uri)
    options = dict(parse_qsl(parts.query))
    for key in options:
        if key not in _OPTIONS:
            nearest = difflib.get_close_matches(key, _OPTIONS, 1, 0)[0]
            raise UserError(f"{uri} has the unknown option {key!r}; did you mean {nearest!r}?")
    bucket = parts.netloc.rpartition("@")[2]
    is_aws = "endpoint_override" not in options and "AWS_ENDPOINT_URL" not in os.environ
    filesystem = fs.S3FileSystem(
        access_key=unquote(parts.username) if parts.username else None,
        secret_key=unquote(parts.password) if parts.password else None,
        region=options.get("region") or (_region(bucket) if is_aws else "us-east-1"),
        scheme=options.get("scheme"),
        endpoint_override=options.get("endpoint_override"),
        allow_bucket_creation=options.get("allow_bucket_creation") == "true",
        allow_bucket_deletion=options.get("allow_bucket_deletion") == "true",
        allow_delayed_open=False,  # else a large upload that cannot begin leaves an object with its last part
        request_timeout=REQUEST_TIMEOUT_S,
        connect_timeout=CONNECT_TIMEOUT_S,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
    )
    return filesystem, f"{bucket}{unquote(parts.path)}"


@cache
def _region(bucket: str) -> str:
    return fs.resolve_s3_region(bucket)


def upload(filesystem: fs.FileSystem, scratch: Path, target: str) -> None:
    """Send a local file; it is there in the end with all its bytes, or not at all.

    Arrow finishes an object with what it has when its stream is closed, be it by an exception on the way
    (https://github.com/apache/arrow/issues/40502); `pyarrow.fs.copy_files` is quiet about uploads that
    failed. So nothing may come between opening and closing: the whole file is one call, in a thread, where no
    interrupt is raised.
    """
    num_bytes = scratch.stat().st_size
    found = None
    with ThreadPoolExecutor(1) as pool:
        for _ in range(UPLOADS):
            pool.submit(_send, filesystem, scratch, target).result()
            found = filesystem.get_file_info(target).size
            if found == num_bytes:
                return
    filesystem.delete_file(target)
    raise UserError(
        f"{target} arrived with {found} of {num_bytes} bytes {UPLOADS} times and was removed again; this "
        "store cannot hold a corpus."
    )


def _send(filesystem: fs.FileSystem, scratch: Path, target: str) -> None:
    if scratch.stat().st_size:
        with pa.memory_map(str(scratch)) as source:  # pages of the file, not memory of this process
            content = source.read_buffer()
    else:
        content = pa.py_buffer(b"")
    sink = filesystem.open_output_stream(target)
    sink.write(content)
    sink.close()

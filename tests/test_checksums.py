"""Checksums: of the bytes, of nothing that a clock decides, and read once where that is enough."""

import hashlib
import json
import os

import pytest

from tagline.artefacts import checksums
from tagline.artefacts.checksums import WORTH_KEEPING, checksum

LARGE = bytes(WORTH_KEEPING)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "checksums"


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.parquet"
    path.write_bytes(LARGE)
    return path


def test_a_file_has_the_sum_that_sha256sum_prints(large, cache):
    expected = f"sha256:{hashlib.sha256(LARGE).hexdigest()}"
    assert checksum(str(large), cache=None) == expected
    assert checksum(str(large), cache=cache) == expected  # and keeps it
    assert checksum(str(large), cache=cache) == expected


def test_a_large_file_is_read_once(large, cache, monkeypatch):
    checksum(str(large), cache=cache)
    monkeypatch.delattr(checksums, "_hash")
    checksum(str(large), cache=cache)


def test_a_change_of_the_same_size_and_time_is_seen(large, cache):
    before = large.stat()
    first = checksum(str(large), cache=cache)
    large.write_bytes(b"x" + LARGE[1:])
    os.utime(large, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert checksum(str(large), cache=cache) != first


def test_timings_in_json_do_not_count(tmp_path):
    path, sums = tmp_path / "history.json", set()
    for seconds in (1, 2):
        history = {"seconds": seconds, "epochs": [{"loss": 1, "jets_per_second": seconds}]}
        path.write_text(json.dumps({"history": history | {"usage": {"device": str(seconds)}}}))
        sums.add(checksum(str(path), cache=None))
    path.write_text(path.read_text().replace('"loss": 1', '"loss": 2'))
    assert len(sums) == 1
    assert checksum(str(path), cache=None) not in sums


def test_a_folder_is_what_is_inside_besides_hidden_files(tmp_path):
    (tmp_path / "jets/train").mkdir(parents=True)
    file = tmp_path / "jets/train/jets.parquet"
    file.write_text("jets")

    def found():
        return checksum(str(tmp_path / "jets"), cache=None)

    first = found()
    (tmp_path / "jets/.snakemake_timestamp").touch()
    assert found() == first
    file.write_text("others")
    assert (changed := found()) != first
    file.rename(file.with_name("renamed.parquet"))
    assert found() not in (first, changed)


def test_a_url_is_not_read():
    assert checksum("root://far.away/file.root", cache=None) == checksums.REMOTE

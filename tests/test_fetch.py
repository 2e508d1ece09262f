"""Downloads from a real web server on this machine, with everything that may go wrong."""

import hashlib
import json
import logging
import time
import zlib

import numpy as np
import pytest

from tagline import fetch
from tagline.__main__ import main
from tagline.reading import download, transports
from tagline.reading.patience import PAUSES, ROUNDS
from tagline.settings.records import RemoteFile, read_manifest
from tests.http_server import serving

CONTENT = np.random.default_rng(1).bytes(300_000)
PATH = "/records/1/files/jets.h5"


@pytest.fixture
def server():
    with serving() as running:
        running.files[PATH] = CONTENT
        yield running


pytestmark = pytest.mark.usefixtures("pauses")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "files" / "jets.h5"


def remote(server, *, content=CONTENT, size=300_000, checksum=""):
    right = f"md5:{hashlib.md5(content).hexdigest()}"
    return RemoteFile(name="jets.h5", url=server.url(PATH), size=size, checksum=checksum or right)


def fetched(file, path):
    fetch.fetch(file.listed, path, places=[file.url])


def patiently():
    """Return the pauses before a server is given up."""
    return [*PAUSES, *(each for pause in ROUNDS[1:] for each in (pause, *PAUSES))]


def leftovers(path):
    return sorted(file.name for file in path.parent.iterdir())


def test_a_file_is_there_whole_and_alone(server, path):
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT
    assert leftovers(path) == ["jets.h5"]
    assert server.asked == [(PATH, "")]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512", "adler32"])
def test_every_kind_of_checksum_is_understood(server, path, algorithm):
    digits = (
        f"{zlib.adler32(CONTENT):x}"
        if algorithm == "adler32"
        else hashlib.new(algorithm, CONTENT).hexdigest()
    )
    fetched(remote(server, checksum=f"{algorithm}:{digits.upper()}"), path)
    wrong = f"{algorithm}:{digits[:-1]}{'0' if digits[-1] != '0' else '1'}"
    with pytest.raises(ValueError, match=f"has {algorithm}:{digits}"):
        fetched(remote(server, checksum=wrong), path.with_name("other.h5"))


def test_adler32_may_lack_its_leading_zeros(server, path):
    server.files[PATH] = b"ab"
    assert zlib.adler32(b"ab") == 0x012600C4
    fetched(remote(server, size=2, checksum="adler32:12600c4"), path)
    assert path.exists()


def test_a_cut_connection_is_taken_up_where_it_broke(server, path, pauses):
    server.mishaps = [("cut", 100_000), ("cut", 50_000)]
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [(PATH, ""), (PATH, "bytes=100000-"), (PATH, "bytes=150000-")]
    assert pauses == [0.5, 0.5]


def test_a_connection_that_falls_silent_is_given_up_and_taken_up(server, path, monkeypatch):
    monkeypatch.setattr(transports, "SILENCE", 0.2)
    server.mishaps = [("stall", 1_234_567)]
    server.files[PATH] = CONTENT * 10
    fetched(remote(server, content=CONTENT * 10, size=3_000_000), path)
    assert path.read_bytes() == CONTENT * 10
    assert server.asked[1:] == [(PATH, "bytes=1234567-")]


def test_a_killed_run_is_taken_up_where_it_broke(server, path, monkeypatch):
    server.mishaps = [("cut", 100_000)]
    monkeypatch.setattr(
        time, "sleep", lambda seconds: seconds and (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        fetched(remote(server), path)
    assert leftovers(path) == [".jets.h5.part"]
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == (PATH, "bytes=100000-")
    assert leftovers(path) == ["jets.h5"]


def test_a_run_that_was_killed_before_the_check_asks_for_nothing(server, path):
    path.parent.mkdir()
    fetch.partial_of(path).write_bytes(CONTENT)
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT
    assert server.asked == []


def test_a_server_that_cannot_continue_begins_anew(server, path):
    server.ranges = False
    server.mishaps = [("cut", 100_000)]
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT
    assert server.asked == [(PATH, ""), (PATH, "bytes=100000-")]


def test_a_server_that_says_no_length_is_trusted_to_the_size_of_the_list(server, path):
    server.lengths = False
    server.mishaps = [("cut", 100_000)]
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_longer_part_than_the_file_is_thrown_away(server, path, size):
    path.parent.mkdir()
    fetch.partial_of(path).write_bytes(CONTENT + b"more")
    fetched(remote(server, size=size), path)
    assert path.read_bytes() == CONTENT


def test_a_server_that_is_overloaded_is_asked_again_and_later_each_time(server, path, pauses):
    server.mishaps = [503, 502, 429, 500]
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT
    assert pauses == [0.5, 1, 2, 4]


def test_a_server_is_left_alone_as_long_as_it_asks_for(server, path, pauses):
    server.mishaps, server.retry_after = [503, 503], "37"
    fetched(remote(server), path)
    assert pauses == [37, 37]


def test_a_server_that_stays_overloaded_is_given_up(server, path, pauses):
    server.mishaps = [("cut", 1000)] + [503] * 50
    with pytest.raises(ValueError, match=r"503 Service Unavailable, in each of 6 tries; 1000 by"):
        fetched(remote(server), path)
    assert pauses == patiently()
    assert leftovers(path) == [".jets.h5.part"]


def test_progress_forgives_earlier_failures(server, path):
    server.mishaps = [mishap for _ in range(8) for mishap in (503, 503, ("cut", 20_000))]
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT


def test_a_server_that_is_not_there_is_given_up(server, path, pauses):
    file = remote(server).model_copy(update={"url": "http://127.0.0.1:9/jets.h5"})
    with pytest.raises(ValueError, match=r"http://127.0.0.1:9/jets.h5: .*refused.*6 tries"):
        fetched(file, path)
    assert pauses == patiently()


def test_a_file_that_is_not_there_is_not_asked_for_again(server, path, pauses):
    server.files.clear()
    with pytest.raises(ValueError, match=r"jets.h5: 404 Not Found"):
        fetched(remote(server), path)
    assert pauses == []
    assert leftovers(path) == []


def test_a_wrong_checksum_names_file_expected_and_found_and_leaves_nothing(server, path):
    expected = remote(server, content=b"other")
    with pytest.raises(ValueError, match=r"http.*files/jets.h5: it has .* was expected") as error:
        fetched(expected, path)
    assert expected.checksum in str(error.value)
    assert remote(server).checksum in str(error.value)
    assert leftovers(path) == []


def test_a_file_of_another_size_is_refused_before_it_is_downloaded(server, path):
    with pytest.raises(ValueError, match="it has 300000 bytes, 300001 were expected"):
        fetched(remote(server, size=300_001), path)
    assert leftovers(path) == []


def test_what_is_there_already_and_right_is_not_asked_for(server, path):
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    fetched(remote(server), path)
    assert server.asked == []


def test_what_is_there_already_and_wrong_is_replaced(server, path):
    path.parent.mkdir()
    path.write_bytes(CONTENT[:-1] + b"?")
    fetched(remote(server), path)
    assert path.read_bytes() == CONTENT


def test_a_full_disk_is_no_reason_to_try_again(server, path, monkeypatch, pauses):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.Progress, "add", full)
    with pytest.raises(OSError, match="No space left"):
        fetched(remote(server), path)
    assert pauses == []


def test_lines_say_how_far_how_fast_and_how_long(monkeypatch, caplog):
    ticks = iter([0.0, 4.0, 12.0, 13.0])
    monkeypatch.setattr(download.time, "monotonic", lambda: next(ticks))
    with caplog.at_level(logging.INFO):
        progress = download.Progress("jets.h5", 100_000_000, 1_000_000_000)
        progress.add(60_000_000)
        progress.add(60_000_000)
    (line,) = (record.message for record in caplog.records)
    assert line == "jets.h5: 220 of 1000 MB, 10.0 MB/s, 78 s left"


RECORD = {
    "id": 1,
    "files": [
        {
            "key": "jets.h5",
            "size": len(CONTENT),
            "checksum": f"md5:{hashlib.md5(CONTENT).hexdigest()}",
            "links": {"self": "URL"},
        }
    ],
}


def record_on(server):
    answer = json.dumps(RECORD).replace("URL", server.url(PATH))
    server.files["/api/records/1"] = answer.encode()
    return server.url("/api/records/1")


def test_a_record_becomes_a_list_whose_files_can_be_fetched(server, path):
    listed = path.with_name("record.json")
    fetch.look_up(record_on(server), listed)
    (file,) = read_manifest(listed).files
    fetched(file, path)
    assert path.read_bytes() == CONTENT
    assert leftovers(path) == ["jets.h5", "record.json"]


def test_another_list_than_the_one_named_is_refused(server, path):
    record, listed = record_on(server), path.with_name("record.json")
    checksum = f"adler32:{zlib.adler32(server.files['/api/records/1']):08x}"
    fetch.look_up(record, listed, checksum=checksum)
    listed.unlink()
    server.files["/api/records/1"] += b" "
    with pytest.raises(ValueError, match=f"but {checksum} was expected"):
        fetch.look_up(record, listed, checksum=checksum)
    assert not leftovers(path)


def test_the_command_writes_a_list_for_the_repository(server, tmp_path, monkeypatch):
    listed = tmp_path / "manifests" / "jets.json"
    monkeypatch.setattr("sys.argv", ["tagline", "record", record_on(server), str(listed)])
    assert main() == 0
    assert read_manifest(listed).source == server.url("/api/records/1")


def test_an_answer_that_is_no_json_is_named(server, tmp_path):
    server.files["/api/records/1"] = b"<html>maintenance</html>"
    with pytest.raises(ValueError, match="/api/records/1: the answer is no JSON"):
        fetch.look_up(server.url("/api/records/1"), tmp_path / "record.json")
    assert not (tmp_path / "record.json").exists()

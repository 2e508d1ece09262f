"""Downloads by each protocol and from mirrors, of which one goes on where another broke off."""

import hashlib
import threading

import numpy as np
import pytest

from tagline.fetch import fetch, partial_of
from tagline.reading import download, streams
from tagline.reading.download import bytes_of
from tagline.reading.patience import PAUSES, ROUNDS
from tagline.settings.records import ListedFile
from tests import nginx_server, xrootd_server
from tests.cutting_proxy import cutting
from tests.http_server import serving

CONTENT = np.random.default_rng(1).bytes(300_000)
CHECKSUM = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


@pytest.fixture
def web():
    """A server that has the file at the mirror alone."""
    with serving() as running:
        running.files["/mirror.h5"] = CONTENT
        yield running


@pytest.fixture
def path(tmp_path):
    return tmp_path / "files" / "jets.h5"


def fetch_from(places, path):
    fetch(ListedFile(path=places[0], size=len(CONTENT), checksum=CHECKSUM), path, places=places)


def assert_there_alone(path):
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", [xrootd_server, nginx_server], ids=["xrootd", "nginx"])
def test_servers_as_others_run_them_may_be_killed_and_cut(kind, path, monkeypatch):
    """The server dies when a third is there; each connection dies after a third as well."""
    monkeypatch.setattr(streams, "BLOCK", 20_000)
    restarts = []

    def kill_once(progress, num_bytes, add=download.Progress.add):
        add(progress, num_bytes)
        if not restarts and bytes_of(partial_of(path)) > len(CONTENT) // 3:
            real.kill()
            restarts.append(threading.Timer(0.2, real.start))
            restarts[0].start()

    monkeypatch.setattr(download.Progress, "add", kill_once)
    with kind.serving() as real, cutting(real.port, cut_after=100_000) as proxy:
        (real.folder / "jets.h5").write_bytes(CONTENT)
        fetch_from([real.url("jets.h5", port=proxy.port)], path)
        restarts[0].join()
        assert proxy.num_cuts >= 2
    assert_there_alone(path)


@pytest.fixture
def xrootd():
    with xrootd_server.serving() as running:
        yield running


def test_a_mirror_of_another_protocol_goes_on_where_it_broke(xrootd, web, path, pauses):
    """The mirror's first third is damaged, but that has come from elsewhere."""
    web.files["/jets.h5"] = CONTENT
    web.mishaps = [("cut", 100_000)] + [503] * len(PAUSES)
    (xrootd.folder / "jets.h5").write_bytes(bytes(100_000) + CONTENT[100_000:])
    fetch_from([web.url("/jets.h5"), xrootd.url("jets.h5")], path)
    assert_there_alone(path)
    assert pauses == list(PAUSES)


@pytest.mark.parametrize("damaged", [None, CONTENT[:-1], CONTENT[:-1] + b"?"])
def test_a_missing_or_damaged_file_comes_from_the_mirror_at_once(web, path, pauses, damaged):
    if damaged:
        web.files["/jets.h5"] = damaged
    fetch_from([web.url("/jets.h5"), web.url("/mirror.h5")], path)
    assert_there_alone(path)
    assert pauses == []


def test_all_places_are_asked_again_if_one_of_them_may_do_better(web, path, pauses):
    web.mishaps = [404] + [503] * (len(PAUSES) + 1)
    fetch_from([web.url("/jets.h5"), web.url("/mirror.h5")], path)
    assert_there_alone(path)
    assert pauses == [*PAUSES, ROUNDS[1]]


def test_what_no_place_has_is_said_of_each(web, path):
    web.files["/mirror.h5"] = CONTENT[:-1] + b"?"
    says = r"/jets.h5: 404 Not Found; .*/mirror.h5: it has md5:.* was expected; nothing of it"
    with pytest.raises(ValueError, match=says):
        fetch_from([web.url("/jets.h5"), web.url("/mirror.h5")], path)
    assert not list(path.parent.iterdir())


def test_a_part_of_another_file_is_begun_anew(web, path):
    path.parent.mkdir()
    partial_of(path).write_bytes(b"another file")
    fetch_from([web.url("/mirror.h5")], path)
    assert_there_alone(path)


def test_what_is_no_url_is_not_fetched(path):
    with pytest.raises(ValueError, match=r"jets.h5: /here/jets.h5 is no URL; `read` it in place"):
        fetch_from(["/here/jets.h5"], path)

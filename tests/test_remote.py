"""Remote files come whole from real servers, whatever happens; or it is said why not."""

import threading

import numpy as np
import pytest
import trustme

from tagline.reading import patience, streams, transports
from tagline.reading.download import download
from tagline.reading.remote import RemoteFile, size_of
from tagline.reading.transports import InterruptedReadError, RefusedReadError
from tests import http_server, nginx_server, xrootd_server
from tests.cutting_proxy import cutting
from tests.daemons import free_port

CONTENT = np.random.default_rng(1).bytes(300_000)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.01, 0.02, 0.05, 0.1, 0.2, 0.3))


@pytest.fixture
def web():
    with http_server.serving() as server:
        server.files = {"/a.root": CONTENT}
        yield server


@pytest.fixture(params=[xrootd_server, nginx_server], ids=["xrootd", "nginx"])
def real(request):
    """A server as others run it."""
    with request.param.serving() as server:
        (server.folder / "a.root").write_bytes(CONTENT)
        yield server


@pytest.fixture
def url(real):
    return real.url("a.root")


def test_reads_any_range(url):
    file = RemoteFile(url)
    assert file.size == len(CONTENT)
    for start, stop in ((0, 1), (100, 5_000), (299_000, 300_000)):
        assert file.read(start, stop) == CONTENT[start:stop]
    file.close()


class TestHTTPS:
    """A server is believed by its certificate."""

    @pytest.fixture
    def authority(self):
        return trustme.CA()

    @pytest.fixture
    def encrypted(self, authority):
        with http_server.serving(authority.issue_cert("127.0.0.1")) as server:
            server.files = {"/a.root": CONTENT}
            yield server

    def test_reads_from_who_is_trusted(self, encrypted, authority, tmp_path, monkeypatch):
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        file = RemoteFile(encrypted.url("/a.root"))
        assert file.read(100, 5_000) == CONTENT[100:5_000]
        file.close()

    def test_does_not_ask_again_who_is_not(self, encrypted):
        with pytest.raises(RefusedReadError, match="certificate verify failed"):
            RemoteFile(encrypted.url("/a.root"))
        assert not encrypted.asked


def test_ends_where_the_file_ends(url):
    file = RemoteFile(url)
    assert file.read(299_990, 300_100) == CONTENT[299_990:]
    file.close()


def test_copies_in_blocks(url, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "BLOCK", 70_000)
    download(url, tmp_path / "copy", size=None)
    assert (tmp_path / "copy").read_bytes() == CONTENT


def test_a_missing_file_is_refused_at_once(url, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (60.0,))
    with pytest.raises(RefusedReadError, match=r"404|no such file"):
        RemoteFile(url.replace("a.root", "b.root"))


def test_asks_again_when_a_server_is_busy(web):
    web.mishaps = [503, 503]
    assert size_of(web.url("/a.root")) == len(CONTENT)
    web.mishaps = [429, 500, 502, 504]
    file = RemoteFile(web.url("/a.root"))
    assert file.read(5, 10) == CONTENT[5:10]
    file.close()


def test_one_request_more_is_all_that_a_busy_server_is_asked_for(web):
    file = RemoteFile(web.url("/a.root"))
    web.mishaps, web.asked = [503], []
    assert file.read(5, 10) == CONTENT[5:10]
    assert web.asked == [("/a.root", "bytes=5-9")] * 2
    file.close()


def test_asks_again_when_an_answer_is_cut(web):
    file = RemoteFile(web.url("/a.root"))
    web.mishaps = [("cut", 10), ("cut", 0)]
    assert file.read(0, 1000) == CONTENT[:1000]
    file.close()


@pytest.mark.parametrize("mishap", [("short", 10), ("late", 10)])
def test_asks_again_when_another_range_comes(mishap, web):
    file = RemoteFile(web.url("/a.root"))
    web.mishaps = [mishap]
    assert file.read(5, 1000) == CONTENT[5:1000]
    file.close()


def test_gives_up_a_silent_connection(web, monkeypatch):
    file = RemoteFile(web.url("/a.root"))
    monkeypatch.setattr(transports, "SILENCE", 0.2)
    web.mishaps = [("stall", 10)]
    assert file.read(0, 1000) == CONTENT[:1000]
    file.close()


def test_a_server_is_left_alone_as_long_as_it_asks_for(web, monkeypatch):
    web.mishaps, web.retry_after = [503, 429], "37"
    pauses = []
    monkeypatch.setattr(patience, "JITTER", 0.0)
    monkeypatch.setattr(patience.time, "sleep", pauses.append)
    assert size_of(web.url("/a.root")) == len(CONTENT)
    assert pauses == [37, 37]


def test_says_how_often_it_tried_in_vain(web):
    web.mishaps = [503] * 7
    with pytest.raises(InterruptedReadError, match="503 Service Unavailable, in each of 7 tries"):
        RemoteFile(web.url("/a.root"))
    assert len(web.asked) == 7


def test_refuses_a_server_without_ranges(web):
    web.ranges = False
    with pytest.raises(RefusedReadError, match="gives no ranges"):
        RemoteFile(web.url("/a.root"))


def test_refuses_a_file_that_has_become_another(web):
    file = RemoteFile(web.url("/a.root"))
    web.files["/a.root"] = CONTENT[:-1]
    web.mishaps = [503]
    with pytest.raises(RefusedReadError, match="300000 bytes have become 299999"):
        file.read(0, 10)


def test_it_is_said_that_nobody_listens():
    port = free_port()
    for scheme in ("http", "root"):
        with pytest.raises(InterruptedReadError, match="in each of 7 tries"):
            RemoteFile(f"{scheme}://127.0.0.1:{port}//a.root")


def test_another_protocol_is_refused_by_name():
    with pytest.raises(RefusedReadError, match="no way to read s3://, only root://"):
        RemoteFile("s3://bucket/a.root")


def test_goes_on_when_a_killed_server_is_back(real):
    file = RemoteFile(real.url("a.root"))
    assert file.read(0, 1000) == CONTENT[:1000]
    real.kill()
    restart = threading.Timer(0.1, real.start)
    restart.start()
    assert file.read(1000, 2000) == CONTENT[1000:2000]
    restart.join()
    file.close()


def test_goes_on_at_a_server_that_hangs_for_a_while(real, monkeypatch):
    file = RemoteFile(real.url("a.root"))
    monkeypatch.setattr(transports, "SILENCE", 1)
    real.pause()
    go_on = threading.Timer(1.2, real.resume)
    go_on.start()
    assert file.read(0, 1000) == CONTENT[:1000]
    go_on.join()
    file.close()


def test_connections_that_are_cut_again_and_again_lose_nothing(real, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "BLOCK", 40_000)
    with cutting(real.port, cut_after=100_000) as proxy:
        download(real.url("a.root", port=proxy.port), tmp_path / "copy", size=len(CONTENT))
        assert proxy.num_cuts >= 2
    assert (tmp_path / "copy").read_bytes() == CONTENT

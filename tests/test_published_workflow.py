"""Published files from a web server to an author's split, as the workflow does it."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from tagline.artefacts.files import read_json, write_json
from tagline.data.jets import read_jets
from tagline.reading.download import bytes_of
from tagline.reading.ledger import read_ledger
from tests.http_server import serving
from tests.published_files import write_top_tagging
from tests.test_workflow import new_project
from tests.toys import toy_jets

SIZES = {"train": 400, "val": 100, "test": 100}
NAMES = {"train": "train", "val": "validation", "test": "test"}
TRAIN = "results/datasets/published_train/files/train.h5"
RECORD = "/api/records/2603256"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def dataset(name: str, **source: str) -> dict:
    return {"reader": "toptagging", "fetch": {"files": [f"{name}.h5"], **source}}


@pytest.fixture(scope="module")
def jets():
    return {name: toy_jets(size, seed=seed) for seed, (name, size) in enumerate(SIZES.items())}


@pytest.fixture(scope="module")
def finished(jets, tmp_path_factory):
    """A project that has fetched and split a record of three files, one of them by a list."""
    folder = new_project(tmp_path_factory.mktemp("published") / "project")
    with serving() as server:
        publish(server, jets, folder)
        server.mishaps = [503, ("cut", 20_000)]
        run(folder, "--cores", "2")
        asked = [path for path, _ in server.asked]
    return folder, asked


def publish(server, jets, folder: Path) -> None:
    """Put files and their record on a server, and what names them into a project."""
    files = []
    for name in SIZES:
        path = folder / "elsewhere" / f"{name}.h5"
        write_top_tagging(path, jets[name], split=name)
        content = path.read_bytes()
        server.files[f"/files/{name}.h5"] = content
        files.append(
            {
                "key": f"{name}.h5",
                "size": len(content),
                "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
                "links": {"self": server.url(f"/files/{name}.h5")},
            }
        )
    server.files[RECORD] = json.dumps({"files": files}).encode()
    server.files["/mirror/val.h5"] = server.files.pop("/files/val.h5")
    first = files[0]
    listed = {key: first[key] for key in ("size", "checksum")}
    listed |= {"name": first["key"], "url": first["links"]["self"]}
    write_json({"source": "toys", "files": [listed]}, folder / "toys.json")
    datasets = ["published_train", "published_val", "published_test"]
    config = {
        "datasets": {
            "published_train": dataset("train", manifest="toys.json"),
            "published_val": dataset("val", record=server.url(RECORD))
            | {"mirrors": {server.url("/files/"): server.url("/mirror/")}},
            "published_test": dataset("test", record=server.url(RECORD)),
        },
        "tasks": {
            "published": {
                "classes": {
                    "qcd": {"datasets": datasets, "select": "truth == qcd"},
                    "top": {"datasets": datasets, "select": "truth == t_bqq"},
                },
                "splits": dict(zip(NAMES.values(), [[name] for name in datasets], strict=True)),
            }
        },
        "study": {"tasks": ["published"]},
    }
    (folder / "published.yaml").write_text(yaml.safe_dump(config))


def command(*arguments: str) -> list[str]:
    always = ["--nolock", "--rerun-incomplete", "--configfile", "toy.yaml", "published.yaml"]
    return [sys.executable, "-m", "snakemake", *always, *arguments]


def run(folder: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        command("--until", "split", *arguments),
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert (done.returncode == 0) == check, done.stdout
    return done.stdout


def planned(folder: Path) -> set[str]:
    text = run(folder, "--dry-run", "--quiet", "progress")
    return set(re.findall(r"^(?:local)?rule (\w+):", text, flags=re.MULTILINE))


def test_every_file_is_fetched_once_though_the_server_fails(finished):
    folder, asked = finished
    places = [RECORD, *(f"/files/{name}.h5" for name in sorted(SIZES)), "/mirror/val.h5"]
    assert sorted(set(asked)) == places
    for name in SIZES:
        files = folder / f"results/datasets/published_{name}/files"
        assert [file.name for file in files.iterdir()] == [f"{name}.h5"]
        content = (files / f"{name}.h5").read_bytes()
        assert content == (folder / f"elsewhere/{name}.h5").read_bytes()


def test_the_ledger_of_each_file_adds_up(finished):
    folder, _ = finished
    for name, size in SIZES.items():
        skim = folder / f"results/datasets/published_{name}/skim/0000"
        (account,) = read_ledger(skim / "ledger.json")
        assert account.file == f"results/datasets/published_{name}/files/{name}.h5"
        assert (account.events, account.jets, account.kept) == (size, size, size)


def test_each_split_has_all_jets_of_its_file_the_last_one_too(finished, jets):
    folder, _ = finished
    for name, split in NAMES.items():
        found = read_jets(folder / "results/published/split" / split).jets
        assert len(found["event"]) == SIZES[name]
        order = np.argsort(found["event"])
        np.testing.assert_allclose(found["pt"][order], jets[name].jets["pt"], rtol=2e-6)
        np.testing.assert_array_equal(found["truth"][order], jets[name].jets["truth"])
    ledger = read_json(folder / "results/published/split/ledger.json")
    assert set(ledger["twins"].values()) == {0}
    assert sum(sum(ledger[split].values()) for split in NAMES.values()) == sum(SIZES.values())


def test_a_plan_needs_no_server_and_nothing_is_left_to_do(finished):
    folder, _ = finished
    assert planned(folder) == set()


def test_code_and_lists_that_are_written_anew_fetch_nothing_again(finished):
    folder, _ = finished
    (folder / "toys.json").write_text((folder / "toys.json").read_text())
    code = [folder / "src/tagline" / source for source in ("fetch.py", "reading/download.py")]
    before = {path: path.read_text() for path in code}
    for path, text in before.items():
        path.write_text(f"{text}\nSOMETHING = 1\n")
    assert not {"record", "fetch"} & planned(folder)
    for path, text in before.items():  # for other tests
        path.write_text(text)


def test_a_killed_run_goes_on_and_a_wrong_file_is_refused(jets, tmp_path):
    folder = new_project(tmp_path / "project")
    files = (folder / TRAIN).parent
    with serving() as server:
        publish(server, jets, folder)
        right = server.files["/files/train.h5"]
        wrong = server.files["/files/train.h5"] = right[:-1] + bytes([right[-1] ^ 1])
        server.mishaps = [("stall", 50_000)]
        killed = subprocess.Popen(
            command("--cores", "1", "--", TRAIN),
            cwd=folder,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while bytes_of(files / ".train.h5.part") < 50_000:
            assert killed.poll() is None
            time.sleep(0.1)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        printed = run(folder, "--cores", "1", check=False)
        assert ("/files/train.h5", "bytes=50000-") in server.asked
        expected, found = (hashlib.md5(c).hexdigest() for c in (right, wrong))
        assert f"has md5:{found} in {len(right)} bytes, but md5:{expected} was expected" in printed
        assert list(files.glob("*")) == []
        server.files["/files/train.h5"] = right
        run(folder, "--cores", "2")
        assert (files / "train.h5").read_bytes() == right

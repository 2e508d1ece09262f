"""Listed files that are read where they are, with lists that are made before or during a run."""

import json
import subprocess
import sys

import pytest
import yaml

from tagline.__main__ import main
from tagline.artefacts.digests import checksum_of
from tagline.data.jets import read_jets
from tagline.reading.ledger import read_ledger
from tagline.settings.records import Read, files_of, read_manifest
from tests.hbb_files import hbb_branches, write_hbb_root
from tests.http_server import serving
from tests.test_workflow import new_project
from tests.toys import toy_jets, write_jetclass_root

SIZES = {9: 20, 10: 30, 11: 40}


def listed_locally(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["tagline", *map(str, arguments)])
    return main()


@pytest.fixture
def files(tmp_path):
    """Three files of different sizes."""
    for number, size in SIZES.items():
        write_jetclass_root(tmp_path / f"jets_{number}.root", toy_jets(size, seed=number))
    return tmp_path


def test_local_files_are_listed_with_size_checksum_and_events(files, monkeypatch):
    path = files / "jets.json"
    pattern = f"{files}/jets_1*.root"
    assert listed_locally(monkeypatch, "manifest", path, pattern, "--tree", "tree") == 0
    listed = read_manifest(path).files
    assert [file.events for file in listed] == [30, 40]
    for file in listed:
        content = (files / file.name).read_bytes()
        assert file.url == str(files / file.name)
        assert file.size == len(content)
        assert int(file.checksum.removeprefix("adler32:"), 16) == adler32(content)


def adler32(content):
    """Return the checksum by its definition (RFC 1950): two sums modulo 65521."""
    low, high = 1, 0
    for byte in content:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return high << 16 | low


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["*.txt"], "no file matches"),
        (["jets_9.root", "--tree", "leaves"], "no tree 'leaves'"),
        (["https://host/jets_9.root"], "'https://host/jets_9.root': only local files are listed"),
    ],
)
def test_what_cannot_be_listed_is_named(arguments, says, files, monkeypatch, capsys):
    monkeypatch.chdir(files)
    with pytest.raises(SystemExit):
        listed_locally(monkeypatch, "manifest", "jets.json", *arguments)
    assert says in capsys.readouterr().err
    assert not (files / "jets.json").exists()


def test_files_of_one_name_are_listed_with_their_folders(files, monkeypatch):
    for number, folder in ((9, "a"), (10, "b")):
        (files / folder).mkdir()
        (files / f"jets_{number}.root").rename(files / folder / "jets.root")
    monkeypatch.chdir(files)
    assert listed_locally(monkeypatch, "manifest", "jets.json", "?/*.root", "*.root") == 0
    assert {file.name: file.url for file in read_manifest(files / "jets.json").files} == {
        "a_jets.root": "a/jets.root",
        "b_jets.root": "b/jets.root",
        "jets_11.root": "jets_11.root",
    }


def test_an_index_that_is_here_becomes_a_list(tmp_path, monkeypatch):
    eos = "root://eospublic.cern.ch//eos/opendata/a"
    index = [{"uri": f"{eos}/{n}.root", "size": 1, "checksum": "adler32:1"} for n in range(3)]
    (tmp_path / "index.json").write_text(json.dumps(index))
    path = tmp_path / "jets.json"
    assert listed_locally(monkeypatch, "record", tmp_path / "index.json", path) == 0
    wanted = files_of(Read(manifest=path, files=("[12].root",)), read_manifest(path))
    assert [file.name for file in wanted] == ["1.root", "2.root"]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_record_is_looked_up_and_its_files_are_skimmed_where_they_are(tmp_path):
    """Only the files that match, in jobs of so many, whose number is not known before."""
    folder = new_project(tmp_path / "project")
    index = []
    for number, size in SIZES.items():
        path = tmp_path / f"ntuple_merged_{number}.root"
        write_hbb_root(path, hbb_branches(toy_jets(size, seed=number)))
        checksum = f"adler32:{checksum_of(path, 'adler32')}"
        index.append({"uri": str(path), "size": path.stat().st_size, "checksum": checksum})
    with serving() as server:
        server.files["/index.json"] = json.dumps(index).encode()
        read = {"record": server.url("/index.json"), "files": ["ntuple_merged_1?.root"]}
        dataset = {"reader": "cms_hbb", "read": read, "files_per_job": 1, "select": "pt > 600"}
        classes = {
            "qcd": {"datasets": ["hbb"], "select": "truth == qcd"},
            "hbb": {"datasets": ["hbb"], "select": "truth == h_bb"},
        }
        config = {"datasets": {"hbb": dataset}, "tasks": {"hbb": {"classes": classes}}}
        (folder / "hbb.yaml").write_text(yaml.safe_dump(config | {"study": {"tasks": ["hbb"]}}))
        command = [sys.executable, "-m", "snakemake", "--configfile", "toy.yaml", "hbb.yaml"]
        run = {"cwd": folder, "text": True, "capture_output": True}
        done = subprocess.run([*command, "--cores", "2", "--", "skim", "results/hbb/split"], **run)
        assert done.returncode == 0, done.stderr
        assert [path for path, _ in server.asked] == ["/index.json"]
    again = subprocess.run([*command, "--cores", "2", "--", "skim"], **run)
    assert "Nothing to be done" in again.stderr
    for batch, number in enumerate((10, 11)):
        skim = folder / f"results/datasets/hbb/skim/{batch:04d}"
        (account,) = read_ledger(skim / "ledger.json")
        assert account.file == str(tmp_path / f"ntuple_merged_{number}.root")
        assert account.jets == SIZES[number]
    train = read_jets(folder / "results/hbb/split/train")
    assert {name: len(columns) for name, columns in train.tables.items()} == {
        "tracks": 45,
        "vertices": 18,
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_more_files_may_fail_than_allowed_whichever_jobs_they_are_in(tmp_path):
    folder = new_project(tmp_path / "project")
    write_jetclass_root(folder / "jets_0.root", toy_jets(20, seed=1))
    for number in (1, 2):
        (folder / f"jets_{number}.root").write_bytes(b"nothing")
    dataset = {"reader": "jetclass", "files": ["jets_*.root"], "files_per_job": 1}
    classes = {
        name: {"datasets": ["jets"], "select": f"truth == {name}"} for name in ("qcd", "h_bb")
    }
    config = {
        "datasets": {"jets": dataset | {"allow_failed": 1}},
        "tasks": {"jets": {"classes": classes}},
        "study": {"tasks": ["jets"]},
    }
    (folder / "jets.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "--configfile", "toy.yaml", "jets.yaml"]
    done = subprocess.run(
        [*command, "--cores", "2", "--", "skim"], cwd=folder, text=True, capture_output=True
    )
    assert done.returncode != 0
    assert "2 of the 3 files of 'jets' failed, 1 may" in done.stderr

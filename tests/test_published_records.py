"""Lists of published files, in the forms in which archives give them."""

import re
from pathlib import Path

import pytest
import yaml

from tagline.artefacts.files import write_json
from tagline.settings.catalogue import Dataset
from tagline.settings.records import Fetch, Read, files_of, names_of, parse, read_manifest, url_of

ROOT = Path(__file__).parent.parent
MD5 = "md5:45663819f47c13724f67eb0fd80bfa5c"
ZENODO = "https://zenodo.org/api/records/2603256"
ZENODO_TODAY = {
    "id": 2603256,
    "metadata": {"title": "Top Quark Tagging Reference Dataset"},
    "files": [
        {
            "id": "9bd8b1e1",
            "key": "train.h5",
            "size": 1038496555,
            "checksum": MD5,
            "links": {"self": f"{ZENODO}/files/train.h5/content"},
        }
    ],
}
ZENODO_BEFORE = {
    "files": [
        {
            "bucket": "a9dd94f5",
            "key": "train.h5",
            "size": 1038496555,
            "checksum": MD5,
            "type": "h5",
            "links": {"self": "https://zenodo.org/api/files/a9dd94f5/train.h5"},
        }
    ],
}
EOS = "root://eospublic.cern.ch//eos/opendata/cms/datascience/train"
CERN_INDEX = [
    {
        "checksum": "adler32:062c0215",
        "size": 5,
        "uri": f"{EOS}/ntuple_merged_{number}.h5",
    }
    for number in (10, 11)
]
CERN_FILES = [
    {"checksum": "adler32:087e0289", "size": 6, "uri": f"{EOS}/{name}"}
    for name in ("index.json", "CMS_train_file_index.txt", "reindex.h5")
]
CERN_INDICES = [{"key": "index.json", "files": CERN_INDEX}]
CERN_METADATA = {"recid": "12102", "files": CERN_FILES, "_file_indices": CERN_INDICES}


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        (ZENODO_TODAY, f"{ZENODO}/files/train.h5/content"),
        (ZENODO_BEFORE, "https://zenodo.org/api/files/a9dd94f5/train.h5"),
    ],
    ids=["today", "before 2023"],
)
def test_reads_a_record_of_zenodo(answer, url):
    (file,) = parse(answer, source=ZENODO).files
    assert (file.name, file.url, file.size, file.checksum) == ("train.h5", url, 1038496555, MD5)


def test_reads_a_file_index_of_cern_open_data_as_files_by_http():
    first, second = parse(CERN_INDEX, source="index").files
    assert first.url == (
        "https://opendata.cern.ch/eos/opendata/cms/datascience/train/ntuple_merged_10.h5"
    )
    assert (second.name, second.size, second.checksum) == (
        "ntuple_merged_11.h5",
        5,
        "adler32:062c0215",
    )


@pytest.mark.parametrize("record", [{"metadata": CERN_METADATA}, CERN_METADATA])
def test_reads_what_the_indices_of_cern_open_data_list_instead_of_them(record):
    names = [file.name for file in parse(record, source="record").files]
    assert names == ["reindex.h5", "ntuple_merged_10.h5", "ntuple_merged_11.h5"]


def test_reads_a_record_of_cern_open_data_that_has_indices_alone():
    record = {"metadata": {"recid": "12102", "_file_indices": CERN_INDICES}}
    names = [file.name for file in parse(record, source="record").files]
    assert names == ["ntuple_merged_10.h5", "ntuple_merged_11.h5"]


def test_reads_a_record_of_cern_open_data_without_indices():
    record = {"metadata": {"files": CERN_FILES, "_file_indices": []}}
    assert len(parse(record, source="record").files) == len(CERN_FILES)


def test_an_archive_is_asked_at_its_address():
    assert url_of("zenodo/2603256") == ZENODO
    assert url_of("cernopendata/12102") == "https://opendata.cern.ch/api/records/12102"
    assert url_of("https://host/index.json") == "https://host/index.json"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"message": "gone"}, "it lists no files"),
        ({"files": []}, "files: Tuple should have at least 1 item"),
        ([{"uri": f"{EOS}/a.h5", "size": 1}], "no 'checksum'"),
        ([CERN_INDEX[0], CERN_INDEX[0]], "there are 2 files 'ntuple_merged_10.h5'"),
        ([CERN_INDEX[0] | {"checksum": "crc:12"}], "checksum: String should match"),
        ([CERN_INDEX[0] | {"uri": "ftp://host/a.h5"}], "url: String should match"),
        ("text", "it lists no files"),
    ],
)
def test_another_answer_is_refused_by_its_address(answer, says):
    with pytest.raises(ValueError, match=f"here: no list of files .*{re.escape(says)}"):
        parse(answer, source="here")


@pytest.fixture
def listed(tmp_path):
    """A list of three files in a repository."""
    files = [
        {"name": f"{name}.npz", "url": f"https://host/{name}", "checksum": "md5:00"}
        for name in ("one", "two", "other")
    ]
    write_json({"source": "https://host", "files": files}, tmp_path / "jets.json")
    return tmp_path / "jets.json"


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ((), ["one.npz", "two.npz", "other.npz"]),
        (("two.npz", "one.npz"), ["two.npz", "one.npz"]),
        (("o*.npz", "*.npz"), ["one.npz", "other.npz", "two.npz"]),
    ],
)
def test_names_are_known_without_a_network(listed, files, names):
    assert names_of(Fetch(manifest=listed, files=files)) == names


def test_a_list_of_several_formats_needs_a_pattern(listed):
    listed.write_text(listed.read_text().replace("two.npz", "two.root"))
    says = "https://host has files of several formats: 2 of .npz, 1 of .root; say which in `files`"
    with pytest.raises(ValueError, match=re.escape(f"{says}, such as `files: ['*.root*']`")):
        files_of(Read(manifest=listed), read_manifest(listed))
    chosen = files_of(Read(manifest=listed, files=("*.root*",)), read_manifest(listed))
    assert [file.name for file in chosen] == ["two.root"]
    assert len(files_of(Read(manifest=listed, files=("*",)), read_manifest(listed))) == 3


def test_the_number_of_a_try_is_no_format(listed):
    text = listed.read_text()
    for number, name in enumerate(("one", "two", "other")):
        text = text.replace(f"{name}.npz", f"DAOD.37._00000{number}.pool.root.{number}")
    listed.write_text(text)
    assert len(files_of(Read(manifest=listed), read_manifest(listed))) == 3


def test_the_nearest_name_is_said(listed):
    with pytest.raises(ValueError, match=r"has no file 'tow.npz'; did you mean 'two.npz'"):
        names_of(Fetch(manifest=listed, files=("tow.npz",)))


def test_the_nearest_list_is_said(listed):
    with pytest.raises(ValueError, match=r"no manifest .*jet.json'; did you mean .*jets.json'"):
        read_manifest(listed.with_name("jet.json"))


def test_a_mistake_in_a_list_is_said_with_its_file(listed):
    listed.write_text(listed.read_text().replace('"checksum"', '"checksam"', 1))
    with pytest.raises(ValueError, match=r"jets.json: .*unknown key 'checksam'.*did you mean"):
        read_manifest(listed)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"fetch": {"files": ["a.h5"]}}, "either `manifest` or `record`"),
        ({"fetch": {"manifest": "a.json", "record": "zenodo/1"}}, "either `manifest` or `record`"),
        ({"fetch": {"record": "zenodo/1"}}, "needs the names of `files`"),
        ({"fetch": {"record": "zenodo/1", "files": ["*.h5"]}}, "without wildcards"),
        ({"fetch": {"record": "zenod/1", "files": ["a.h5"]}}, "should match pattern"),
        ({"fetch": {"record": "zenodo/1", "files": ["../a.h5"]}}, "'../a.h5' is no file name"),
        ({"fetch": {"record": "zenodo/1", "file": ["a.h5"]}}, "did you mean 'files'"),
        (
            {"fetch": {"record": "zenodo/1", "files": ["a.h5"]}, "files": ["a.h5"]},
            "one of `generate`, `fetch`, `read`, `toy` and `files`",
        ),
        ({"read": {"record": "zenodo/1", "checksum": "md5:0"}}, "is that of a file index"),
        ({"read": {"files": ["a.h5"]}}, "`read` has either `manifest` or `record`"),
        (
            {"read": {"record": "zenodo/1"}, "fetch": {"record": "zenodo/1", "files": ["a.h5"]}},
            "one of `generate`, `fetch`, `read`, `toy` and `files`",
        ),
        ({}, "one of `generate`, `fetch`, `read`, `toy` and `files`"),
    ],
)
def test_a_mistake_of_the_configuration_is_named(entry, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        Dataset(**entry)


@pytest.mark.parametrize(
    "manifest", sorted((ROOT / "config/manifests").glob("*.json")), ids=lambda path: path.stem
)
def test_every_list_in_the_repository_is_valid(manifest):
    assert all(file.name in file.url for file in read_manifest(manifest).files)


@pytest.mark.parametrize(
    ("dataset", "names"),
    [
        ("top_tagging_validation", ["val.h5"]),
        ("energyflow_pythia_train", ["QG_jets.npz", *(f"QG_jets_{n}.npz" for n in range(1, 16))]),
        ("energyflow_pythia_validation", ["QG_jets_16.npz", "QG_jets_17.npz"]),
        ("energyflow_pythia_test", ["QG_jets_18.npz", "QG_jets_19.npz"]),
        ("energyflow_herwig", [f"QG_jets_herwig_{n}.npz" for n in range(20)]),
        ("energyflow_pythia_withbc", [f"QG_jets_withbc_{n}.npz" for n in range(20)]),
        ("jetclass_train", [f"JetClass_Pythia_train_100M_part{n}.tar" for n in range(10)]),
    ],
)
def test_the_catalogue_names_the_published_files(dataset, names, monkeypatch):
    monkeypatch.chdir(ROOT)
    entries = yaml.safe_load((ROOT / "config/datasets.yaml").read_text())["datasets"]
    assert names_of(Dataset(**entries[dataset]).fetch) == names

"""Events without ids are known by the name of their file, wherever it is."""

import tarfile
from functools import partial

import pytest

from tagline.data.jets import read_jets
from tagline.settings.records import RemoteFile
from tests import http_server
from tests.skims import adler_of, skim_into
from tests.toys import published_branches, toy_jets, write_tree


@pytest.fixture
def web():
    with http_server.serving() as server:
        yield server


@pytest.fixture
def run(tmp_path):
    """Return a skim of files, and what it wrote."""
    return partial(skim_into, tmp_path)


def runs_of(folder):
    """Return the run of each file without event ids, which stands for its name."""
    jets = [read_jets(folder / f"{number:04d}").jets for number in range(2)]
    return [int(columns["run"][0]) for columns in jets]


@pytest.fixture
def published(web, tmp_path):
    """Two files without event ids, here as `0.root` and `1.root` and as Zenodo serves them."""
    for number in range(2):
        path = tmp_path / "published" / f"{number}.root"
        branches = published_branches(toy_jets(30, seed=number))
        write_tree(path, "tree", branches=branches)
        web.files[f"/files/{number}.root/content"] = path.read_bytes()
    return tmp_path / "published"


@pytest.mark.parametrize("copy_first", [True, False])
@pytest.mark.parametrize("is_listed", [True, False])
def test_events_are_those_of_the_name_wherever_a_file_is(
    web, run, published, tmp_path, copy_first, is_listed
):
    here = run([str(published / f"{number}.root") for number in range(2)])
    expected = runs_of(here.rename(tmp_path / "here"))
    assert len(set(expected)) == 2
    urls = [web.url(f"/files/{number}.root/content") for number in range(2)]
    listed = [
        RemoteFile(name=f"{number}.root", url=url, checksum=adler_of(web, url)).listed
        for number, url in enumerate(urls)
    ]
    assert runs_of(run(listed if is_listed else urls, copy_first=copy_first)) == expected


def test_events_are_the_same_at_a_mirror(web, run, published, tmp_path):
    here = run([str(published / f"{number}.root") for number in range(2)])
    expected = runs_of(here.rename(tmp_path / "here"))
    lost = [web.url(f"/lost/{number}.root") for number in range(2)]
    for number in range(2):
        web.files[f"/{number}.bin"] = web.files[f"/files/{number}.root/content"]
    mirrors = {url: web.url(f"/{number}.bin") for number, url in enumerate(lost)}
    assert runs_of(run(lost, mirrors=mirrors)) == expected


def test_files_of_one_name_in_two_folders_have_different_events(run, published):
    folders = ("a", "b")
    for number, name in enumerate(folders):
        (published / name).mkdir()
        (published / f"{number}.root").rename(published / name / "0.root")
    assert len(set(runs_of(run([str(published / name / "0.root") for name in folders])))) == 2


def write_archive(path, members):
    """Write a tar archive of files, by their names in it."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, file in members.items():
            archive.add(file, name)
    return str(path)


def all_runs(folder):
    """Return the runs of all jets, which stand for the names of their files."""
    parts = sorted(folder.glob("0*"))
    return {int(run) for part in parts for run in read_jets(part).jets["run"]}


def test_members_of_two_archives_with_the_same_names_have_different_events(
    run, published, tmp_path
):
    alone = all_runs(run([str(published / "0.root")]))
    folders = [
        write_archive(tmp_path / n / "a.tar", {"0.root": published / "0.root"}) for n in "xy"
    ]
    names = [write_archive(tmp_path / f"{n}.tar", {"0.root": published / "0.root"}) for n in "xy"]
    assert len(all_runs(run(folders))) == len(all_runs(run(names))) == 2
    assert all_runs(run(names[:1])) == alone


def test_members_of_two_folders_of_an_archive_have_different_events(run, published, tmp_path):
    members = {"x/0.root": "0.root", "y/0.root": "0.root", "y/1.root": "1.root"}
    members = {name: published / file for name, file in members.items()}
    found = all_runs(run([write_archive(tmp_path / "a.tar", members)]))
    alone = all_runs(run([str(published / "1.root")]))
    assert len(found) == 3
    assert alone < found

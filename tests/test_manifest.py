import pytest

from tagline.reading.manifest import expand_files, names_apart


@pytest.fixture
def folder(tmp_path):
    for name in ("b.root", "a.root", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "c.root").mkdir()
    return tmp_path


def test_sorts_the_files_of_a_pattern_and_leaves_urls_alone(folder):
    urls = ["root://host//b/*.root", "https://host/a.root"]
    expected = [str(folder / "a.root"), str(folder / "b.root")]
    assert expand_files([urls[0], f"{folder}/*.root", urls[1]]) == [urls[0], *expected, urls[1]]


@pytest.mark.parametrize("pattern", ["missing.root", "missing*.root", "c.root"])
def test_refuses_a_pattern_without_files(folder, pattern):
    with pytest.raises(ValueError, match=f"no file matches .*{pattern.replace('*', '.')}"):
        expand_files([f"{folder}/{pattern}"])


def test_refuses_a_file_that_is_listed_twice(folder):
    with pytest.raises(ValueError, match=r"a.root' is listed twice"):
        expand_files([f"{folder}/*.root", f"{folder}/a.root"])


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/here/a/1.root", "2.root"], ["1.root", "2.root"]),
        (["x/a/1.root", "x/b/1.root", "x/b/2.root"], ["a/1.root", "b/1.root", "2.root"]),
        (["a/1.root", "1.root", "x/a/1.root"], ["a/1.root", "1.root", "x/a/1.root"]),
        (["https://zenodo.org/api/records/1/files/a.tar/content"], ["a.tar"]),
        (["https://zenodo.org/records/1/files/a.h5?download=1"], ["a.h5"]),
        (
            ["https://host/a.h5?b", "https://host/a.h5"],
            ["https://host/a.h5?b", "https://host/a.h5"],
        ),
    ],
)
def test_a_file_is_called_as_its_path_ends_unless_others_end_alike(paths, names):
    assert names_apart(paths) == dict(zip(paths, names, strict=True))

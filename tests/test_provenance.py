"""Every kind of artefact says how it was made, in the same bytes each time."""

import pytest

from tagline.artefacts import provenance
from tagline.artefacts.embedded import READERS, read
from tagline.artefacts.files import read_json, write_json
from tagline.learning.model import load_model
from tests.records import WRITERS, toy_record
from tests.tasks import taggers


@pytest.fixture
def record():
    """What the job of this test remembers."""
    provenance.remember(toy_record())
    yield toy_record()
    provenance.remember(None)


@pytest.mark.parametrize("suffix", READERS)
def test_reads_back_what_was_embedded(suffix, record, tmp_path):
    WRITERS[suffix](tmp_path / f"artefact{suffix}")
    assert read(tmp_path / f"artefact{suffix}") == record


@pytest.mark.parametrize("suffix", READERS)
def test_nothing_is_embedded_outside_jobs(suffix, tmp_path):
    WRITERS[suffix](tmp_path / f"artefact{suffix}")
    assert read(tmp_path / f"artefact{suffix}") is None


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.usefixtures("record")
def test_two_folders_get_the_same_bytes_without_their_names(suffix, tmp_path):
    contents = set()
    for folder in ("first", "second"):
        path = tmp_path / folder / f"artefact{suffix}"
        WRITERS[suffix](path)
        contents.add(path.read_bytes())
    (content,) = contents
    assert str(tmp_path).encode() not in content


@pytest.mark.parametrize("suffix", READERS)
def test_a_damaged_file_is_named(suffix, tmp_path):
    path = tmp_path / f"artefact{suffix}"
    path.write_bytes(b"{")
    if suffix in (".md", ".pdf", ".tex"):
        assert read(path) is None
    else:
        with pytest.raises(ValueError, match=f"artefact{suffix}: cannot be read"):
            read(path)


def test_other_files_say_nothing(tmp_path):
    (tmp_path / "data.txt").write_text("{}")
    assert read(tmp_path / "data.txt") is None
    assert read(tmp_path / "not_there.json") is None


def test_a_folder_is_told_by_its_first_file_and_a_csv_by_its_markdown(record, tmp_path):
    (tmp_path / "jets").mkdir()
    (tmp_path / "comparison.csv").write_text("")
    WRITERS[".md"](tmp_path / "comparison.md")
    assert read(tmp_path) == read(tmp_path / "comparison.csv") == record


@pytest.mark.usefixtures("record")
def test_readers_of_json_get_what_was_written(tmp_path):
    for number, values in enumerate(({"a": 1}, [1, 2], {})):
        write_json(values, tmp_path / f"{number}.json")
        assert read_json(tmp_path / f"{number}.json") == values


@pytest.mark.usefixtures("record")
def test_a_model_loads_with_its_record(tmp_path):
    WRITERS[".pt"](tmp_path / "model.pt")
    _, tagger, _ = load_model(tmp_path / "model.pt")
    assert tagger == taggers()["nsubjettiness_6"]

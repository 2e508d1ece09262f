"""Fingerprints follow the code and nothing else."""

import shutil
from pathlib import Path

import pytest

from tagline.artefacts import fingerprint, syntax


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that a test may edit."""
    shutil.copytree(fingerprint.SOURCE / "tagline", tmp_path / "tagline")
    monkeypatch.setattr(fingerprint, "SOURCE", tmp_path)

    def forget():
        for name in ("fingerprint", "path_of", "read", "imports_of"):
            getattr(fingerprint, name).cache_clear()

    forget()
    yield tmp_path / "tagline", forget
    forget()


def edited(package, file: str, old: str, new: str, module: str) -> bool:
    """Tell whether an edit changes the fingerprint of a module."""
    folder, forget = package
    before = fingerprint.fingerprint(module)
    path: Path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    forget()
    return fingerprint.fingerprint(module) != before


def test_ignores_comments_and_docstrings(package):
    assert not edited(
        package,
        "data/jets.py",
        '"""Join jets',
        '# a comment\n    """Join all jets',
        "tagline.data.jets",
    )


def test_follows_code(package):
    assert edited(
        package,
        "data/jets.py",
        "ROWS_PER_GROUP = 65_536",
        "ROWS_PER_GROUP = 7",
        "tagline.data.jets",
    )


def test_follows_imported_modules(package):
    assert edited(package, "artefacts/files.py", "indent=1", "indent=2", "tagline.data.jets")


def test_ignores_modules_that_are_not_imported(package):
    assert not edited(
        package, "data/columns.py", '"qcd": 1', '"qcd": 99', "tagline.artefacts.files"
    )


def test_ignores_the_configuration_layer(package):
    assert not edited(
        package,
        "settings/config.py",
        '"""The whole',
        'X = 1\n"""The whole',
        "tagline.representations",
    )


def test_names_a_module_that_does_not_exist():
    with pytest.raises(ValueError, match=r"tagline\.nothing"):
        fingerprint.fingerprint("tagline.nothing")


def test_reads_the_syntax_of_a_file_once(tmp_path, monkeypatch):
    path = tmp_path / "module.py"
    imports = "from tagline.data import jets\nimport tagline.artefacts.files\n"
    path.write_text(f'"""A module."""\n\n{imports}')
    first = syntax.syntax_of(path)
    assert first.imports == ("tagline.artefacts.files", "tagline.data", "tagline.data.jets")
    with monkeypatch.context() as patch:
        patch.delattr(syntax.ast, "parse")
        assert syntax.syntax_of(path) == first
    path.write_text("from tagline.artefacts import files\n")
    assert syntax.syntax_of(path).imports == ("tagline.artefacts", "tagline.artefacts.files")
    assert syntax.syntax_of(path).digest != first.digest


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"state": 1}'])
def test_does_without_what_is_remembered_wrongly(tmp_path, text):
    path = tmp_path / "module.py"
    path.write_text("import tagline.artefacts.files\n")
    expected = syntax.syntax_of(path)
    (kept,) = (tmp_path / "__pycache__").iterdir()
    kept.write_text(text)
    assert syntax.syntax_of(path) == expected


def test_does_without_a_place_to_remember(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("import tagline.artefacts.files\n")
    (tmp_path / "__pycache__").touch()
    assert syntax.syntax_of(path).imports == ("tagline.artefacts.files",)

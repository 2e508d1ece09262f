"""Fingerprints follow the code and nothing else."""

import shutil
from pathlib import Path

import pytest

from tagline import fingerprint


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package that a test may edit."""
    shutil.copytree(fingerprint.SOURCE / "tagline", tmp_path / "tagline")
    monkeypatch.setattr(fingerprint, "SOURCE", tmp_path)

    def forget():
        for name in ("fingerprint", "path_of", "parsed", "tree_of", "imports_of"):
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
        package, "jets.py", '"""Join jets', '# a comment\n    """Join all jets', "tagline.jets"
    )


def test_follows_code(package):
    assert edited(
        package, "jets.py", "ROWS_PER_GROUP = 65_536", "ROWS_PER_GROUP = 7", "tagline.jets"
    )


def test_follows_imported_modules(package):
    assert edited(package, "files.py", "indent=1", "indent=2", "tagline.jets")


def test_ignores_modules_that_are_not_imported(package):
    assert not edited(package, "columns.py", '"qcd": 1', '"qcd": 99', "tagline.files")


def test_ignores_the_configuration_layer(package):
    assert not edited(
        package, "config.py", '"""The whole', 'X = 1\n"""The whole', "tagline.representations"
    )


def test_names_a_module_that_does_not_exist():
    with pytest.raises(ValueError, match=r"tagline\.nothing"):
        fingerprint.fingerprint("tagline.nothing")

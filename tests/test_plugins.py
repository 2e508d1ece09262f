"""A plugin may be a file outside the package, and its mistakes are told before any job."""

from pathlib import Path

import pytest
import torch

from tagline.artefacts import fingerprint
from tagline.data.inputs import read_inputs
from tagline.learning.delivery import load
from tagline.learning.model import build, load_model, save_model
from tagline.settings import plugins
from tagline.settings.catalogue import Tagger
from tests.tasks import prepared_task, representations

OWN_TAGGER = (Path(__file__).parent / "own_tagger.py").read_text()
TRAINING = {"epochs": 1, "batch_size": 10, "learning_rate": 1e-3}


def entry(**changes):
    return {
        "architecture": "mine/own_tagger.py",
        "representation": "pfn_cloud",
        "training": TRAINING,
        **changes,
    }


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A tagger in a folder of the working directory."""
    for name in ("path_of", "read", "imports_of", "fingerprint"):
        getattr(fingerprint, name).cache_clear()
    for name in ("config_of", "has_base"):
        getattr(plugins, name).cache_clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(plugins.sys.modules, "mine/own_tagger.py", raising=False)
    path = tmp_path / "mine/own_tagger.py"
    path.parent.mkdir()
    path.write_text(OWN_TAGGER)
    return path


@pytest.mark.usefixtures("own")
def test_a_tagger_of_ones_own_is_built_and_saved_like_any_other(tmp_path):
    prepared = prepared_task(tmp_path, representations()["pfn_cloud"], num_jets=8)
    inputs = read_inputs(prepared / "inputs.json")
    tagger = Tagger(**entry(parameters={"width": 4}))
    network = build(tagger, inputs).eval()
    save_model(tmp_path / "model.pt", weights=network.state_dict(), tagger=tagger, inputs=inputs)
    batch = load(prepared / "test", inputs, protected=["mass"]).take(torch.arange(8))
    loaded, *_ = load_model(tmp_path / "model.pt")
    assert torch.equal(loaded(batch), network(batch))
    assert network.embed[0].out_features == 4


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"architecture": "mine/own_taggr.py"}, "did you mean 'mine/own_tagger.py'"),
        ({"parameters": {"witdh": 4}}, "did you mean 'width'"),
        ({"architecture": "mine/../../Tagger"}, "should match pattern"),
    ],
)
def test_a_mistake_in_the_entry_is_named(changes, says):
    with pytest.raises(ValueError, match=says):
        Tagger(**entry(**changes))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("width: int = 8", "width: int = = 8", r"own_tagger\.py, line \d+: invalid syntax"),
        ("width: int = 8", "width: int = WIDTH", "must stand alone, but name 'WIDTH'"),
        ("class Config(Strict)", "class Settings(Strict)", r"must declare `class Config\(Strict"),
        ("class Tagger(nn.Module)", "class Own(nn.Module)", "must declare `class Tagger`"),
    ],
)
def test_a_mistake_in_the_file_is_named(own, old, new, says):
    own.write_text(OWN_TAGGER.replace(old, new))
    with pytest.raises(ValueError, match=says):
        Tagger(**entry())


@pytest.mark.parametrize(
    ("old", "new", "follows"),
    [
        ("nn.Linear(config.width", "nn.Linear(1 * config.width", True),
        ("        super()", "        # a comment\n        super()", False),
    ],
)
def test_the_fingerprint_follows_its_code_and_nothing_else(own, old, new, follows):
    before = fingerprint.fingerprint("tagline.train", "mine/own_tagger.py")
    assert own.relative_to(own.parents[1]) in fingerprint.files_behind(before)
    own.write_text(OWN_TAGGER.replace(old, new))
    for name in ("fingerprint", "read"):
        getattr(fingerprint, name).cache_clear()
    after = fingerprint.fingerprint("tagline.train", "mine/own_tagger.py")
    assert (after != before) == follows

"""Starting from other weights: what comes along, what is new, what stays, and what is refused."""

import re

import pytest
import torch
from torch import nn

from tagline.data.inputs import Inputs, read_inputs
from tagline.learning.delivery import load
from tagline.learning.model import build, save_model
from tagline.learning.optimisers import groups_of, optimiser_of
from tagline.learning.transfer import begin, rest_frozen_norms
from tagline.networks.heads import head_of
from tagline.settings import config
from tagline.settings.training import StartFrom, Training
from tests.tasks import prepared_task, small, taggers
from tests.test_config import quickstart, with_entry
from tests.test_train import crash, disturb
from tests.trainings import Run, same_weights

CLOUD = ("pt_fraction", "eta", "phi")
OF_FILE = {"model": "weights.pt"}


def pfn(num_classes=2, features=CLOUD, **parameters):
    inputs = Inputs(constituent_features=features, max_constituents=20, num_classes=num_classes)
    tagger = taggers()["pfn"].model_copy(update={"parameters": parameters})
    return build(tagger, inputs), inputs


def saved(folder, network, inputs):
    path = folder / "source.pt"
    save_model(path, weights=network.state_dict(), tagger=taggers()["pfn"], inputs=inputs)
    return path


@pytest.fixture
def source(tmp_path):
    torch.manual_seed(1)
    network, inputs = pfn()
    return network, saved(tmp_path, network, inputs)


def same(first, second):
    return {name: torch.equal(first[name], second[name]) for name in second}


def test_weights_come_along_but_for_the_head(source):
    theirs, path = source
    torch.manual_seed(2)
    network, inputs = pfn()
    begin(network, path, StartFrom(**OF_FILE), inputs)
    equal = same(theirs.state_dict(), network.state_dict())
    assert {name for name, is_equal in equal.items() if not is_equal} == {
        "logits.weight",
        "logits.bias",
    }


def test_the_head_comes_along_if_it_is_not_new(source):
    theirs, path = source
    network, inputs = pfn()
    begin(network, path, StartFrom(**OF_FILE, new_head=False), inputs)
    assert all(same(theirs.state_dict(), network.state_dict()).values())


def test_a_new_head_has_other_classes(source):
    network, inputs = pfn(num_classes=5)
    begin(network, source[1], StartFrom(**OF_FILE), inputs)
    assert network.logits.out_features == 5


@pytest.mark.parametrize("name", sorted(name for name in taggers() if taggers()[name].training))
def test_the_head_of_every_tagger_is_all_that_depends_on_the_classes(name, tmp_path):
    tagger = taggers()[name]
    prepared = prepared_task(tmp_path, small(tagger.representation), num_jets=8)
    inputs = read_inputs(prepared / "inputs.json")
    network = build(tagger, inputs)
    save_model(tmp_path / "m.pt", weights=network.state_dict(), tagger=tagger, inputs=inputs)
    more = Inputs(**(vars(inputs) | {"num_classes": 4}))
    other = build(tagger, more)
    begin(other, tmp_path / "m.pt", StartFrom(**OF_FILE), more)
    batch = load(prepared / "train", more, protected=()).take(torch.arange(4))
    assert other.eval()(batch).shape == (4, 4)


@pytest.mark.parametrize(
    ("changes", "start", "says"),
    [
        (
            {"f": (50, 100, 100)},
            {},
            "f.0.weight has the shape (100, 256), in this network (50, 256)",
        ),
        ({"num_classes": 3}, {"new_head": False}, "logits.weight has the shape (2, 100)"),
        ({"num_classes": 3}, {"new_head": False}, "set `new_head: true`"),
        ({"features": ("eta", "phi")}, {}, "constituent_features are pt_fraction, eta, phi"),
        ({"phi": (100, 256)}, {}, "this network has no phi.4.weight"),
        ({"f": (100, 100, 100, 100)}, {}, "it lacks f.6.weight, f.6.bias"),
        ({}, {"freeze": ["psi.*"]}, "'psi.*' matches no parameter; they are in phi, f, logits"),
        ({}, {"freeze": ["*"], "new_head": False}, "leave nothing to be trained"),
    ],
)
def test_what_does_not_fit_is_named(changes, start, says, source):
    network, inputs = pfn(**changes)
    with pytest.raises(ValueError, match=re.escape(says)):
        begin(network, source[1], StartFrom(**OF_FILE, **start), inputs)


@pytest.mark.parametrize("contents", [b"no weights", {"a": 1}, [1.0]])
def test_another_file_is_named(contents, tmp_path):
    path = tmp_path / "other.pt"
    path.write_bytes(contents) if isinstance(contents, bytes) else torch.save(contents, path)
    network, inputs = pfn()
    with pytest.raises(ValueError, match=r"other\.pt"):
        begin(network, path, StartFrom(**OF_FILE), inputs)


def test_frozen_norms_rest_while_others_train():
    network = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 3), nn.BatchNorm1d(3))
    for parameter in network[0].parameters():
        parameter.requires_grad_(False)
    network.train()
    rest_frozen_norms(network)
    network(torch.randn(8, 3) + 5)
    assert not network[0].running_mean.any()
    assert network[2].running_mean.any()


def test_the_head_learns_faster_by_its_factor():
    training = Training(
        epochs=1, batch_size=1, learning_rate=1e-4, head_learning_rate_factor=50, optimiser="adamw"
    )
    network, _ = pfn()
    factors = {
        id(parameter): group["rate_factor"]
        for group in groups_of(training, network)
        for parameter in group["params"]
    }
    found = {name: factors[id(parameter)] for name, parameter in network.named_parameters()}
    assert {name for name, factor in found.items() if factor == 50} == {
        "logits.weight",
        "logits.bias",
    }
    assert set(found.values()) == {1, 50}


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "ranger", "lion"])
def test_what_is_frozen_is_not_given_to_the_optimiser(optimiser):
    training = Training(
        epochs=1, batch_size=1, learning_rate=1, optimiser=optimiser, weight_decay=0.1
    )
    network, _ = pfn()
    for parameter in network.phi.parameters():
        parameter.requires_grad_(False)
    groups = optimiser_of(training, network).param_groups
    held = {id(parameter) for group in groups for parameter in group["params"]}
    assert held == {id(each) for each in network.parameters() if each.requires_grad}


def test_a_head_may_be_declared():
    class TwoLayers(nn.Module):
        HEAD = ("dense", "logits")

    assert head_of(TwoLayers()) == ("dense", "logits")
    assert head_of(pfn()[0]) == ("logits",)


@pytest.fixture(scope="module")
def before(observables, tmp_path_factory):
    return Run(observables, tmp_path_factory.mktemp("before")).train(epochs=10, learning_rate=0.01)


def settings(before, **start):
    return {
        "source": before.folder / "model.pt",
        "start_from": StartFrom(**OF_FILE, **start),
        "seed": 2,
        "weight_decay": 0.1,
        "optimiser": "adamw",
    }


def test_a_training_leaves_what_is_frozen_bit_for_bit(before, new_run):
    run = new_run().train(**settings(before, freeze=["dense.0.*", "dense.3.*"]))
    equal = same(before.weights, run.weights)
    frozen = {name for name in equal if name.startswith(("dense.0.", "dense.3."))}
    assert {name for name, is_equal in equal.items() if is_equal} == frozen
    assert len(frozen) == 4


def test_only_a_new_head_is_trained_if_all_is_frozen(before, new_run):
    run = new_run().train(**settings(before, freeze=["*"]))
    equal = same(before.weights, run.weights)
    assert {name for name, is_equal in equal.items() if not is_equal} == {
        "logits.weight",
        "logits.bias",
    }
    assert run.history["num_parameters"] == 56_302  # of the network, not what was trained


def test_a_training_that_goes_on_begins_better_than_one_from_nothing(before, new_run):
    scratch = new_run().train(seed=2)
    further = new_run().train(**settings(before, new_head=False))
    assert further.losses[0]["train_loss"] < 0.9 * scratch.losses[0]["train_loss"]


def test_the_factor_of_the_head_acts_in_training(before, new_run):
    slow = {"learning_rate": 1e-9, "head_learning_rate_factor": 1e6}
    run = new_run().train(**settings(before) | slow | {"weight_decay": 0})
    still = new_run().train(**settings(before) | {"learning_rate": 1e-9, "weight_decay": 0})
    assert torch.allclose(run.weights["dense.0.weight"], still.weights["dense.0.weight"])
    assert not torch.allclose(
        run.weights["logits.weight"], still.weights["logits.weight"], atol=1e-4
    )


def test_a_killed_transfer_ends_as_if_undisturbed(before, new_run):
    arguments = settings(before, freeze=["dense.0.*"])
    undisturbed, run = new_run().train(**arguments), new_run()
    with pytest.MonkeyPatch.context() as patch:
        disturb(patch, at_step=6, how=crash)
        with pytest.raises(MemoryError):
            run.train(**arguments)
    assert same_weights(run.train(**arguments), undisturbed)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ({}, "either `model` or `tagger`"),
        ({"model": "a.pt", "tagger": "pfn"}, "either `model` or `tagger`"),
        ({"model": "a.pt", "seed": 1}, "go with `tagger`"),
        ({"tagger": "pnf"}, "did you mean 'pfn'"),
        ({"tagger": "efn", "task": "top_taging"}, "did you mean 'top_tagging'"),
        ({"tagger": "efn", "decorrelation": "ddt"}, "'ddt' is not declared"),
        ({"tagger": "efn"}, "'efn' has another architecture"),
        ({"tagger": "pfn"}, "pfn <- pfn never begins"),
    ],
)
def test_a_start_that_cannot_be_is_named(start, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        config.parse(with_entry("taggers/pfn/start_from", start))


def test_a_tagger_may_start_from_another_of_its_architecture():
    values = quickstart()
    values["taggers"]["pfn_again"] = values["taggers"]["pfn"] | {"start_from": {"tagger": "pfn"}}
    assert config.parse(values).taggers["pfn_again"].start_from.new_head

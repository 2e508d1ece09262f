"""Training: it is reproducible, survives being killed, and does what the configuration says."""

import signal

import numpy as np
import pytest
import torch

from tagline.data.inputs import read_inputs
from tagline.data.jets import read_jets, write_jets
from tagline.decorrelation import BaseDecorrelation
from tagline.learning.assignment import weighted
from tagline.learning.checkpoint import Checkpoints
from tagline.learning.delivery import load
from tagline.machine.termination import KILLED
from tagline.settings.catalogue import Decorrelation
from tests.trainings import Run, disturb, same_weights, terminate, terminated_and_resumed


@pytest.fixture(scope="module")
def undisturbed(observables, tmp_path_factory):
    return Run(observables, tmp_path_factory.mktemp("undisturbed")).train()


def crash():
    raise MemoryError


def test_learns(undisturbed):
    losses = [epoch["train_loss"] for epoch in undisturbed.history["epochs"]]
    assert losses[-1] < 0.9 * losses[0]


def test_the_same_seed_gives_the_same_weights(undisturbed, new_run):
    again = new_run().train()
    assert same_weights(again, undisturbed)
    assert again.losses == undisturbed.losses


def test_another_seed_gives_other_weights(undisturbed, new_run):
    assert not same_weights(new_run().train(seed=2), undisturbed)


@pytest.mark.parametrize("at_step", [1, 6, 8, 12])
def test_sigterm_saves_and_the_next_run_ends_as_if_undisturbed(
    at_step, undisturbed, new_run, monkeypatch
):
    run = new_run()
    with monkeypatch.context() as patch:
        disturb(patch, at_step=at_step, how=terminate)
        with pytest.raises(SystemExit) as stopped:
            run.train()
    assert stopped.value.code == KILLED == 143
    assert not (run.folder / "model.pt").exists()
    run.train()
    assert same_weights(run, undisturbed)
    assert run.losses == undisturbed.losses


def test_a_crash_loses_no_more_than_the_last_checkpoint(undisturbed, new_run, monkeypatch):
    run = new_run()
    with monkeypatch.context() as patch:
        disturb(patch, at_step=7, how=crash)
        with pytest.raises(MemoryError):
            run.train(checkpoint_minutes=0)
    progress = Checkpoints(run.checkpoints, key="key", minutes=1).load()["progress"]
    assert (progress["epoch"], progress["step"]) == (1, 2)
    run.train()
    assert same_weights(run, undisturbed)
    assert run.losses == undisturbed.losses
    assert run.history["usage"]["attempts"] == 2
    assert run.history["usage"]["earlier_seconds"] > 0


def test_removes_its_checkpoints_at_the_end(undisturbed):
    assert not undisturbed.checkpoints.exists()


def test_leaves_the_signal_handler_as_it_was(undisturbed):
    assert undisturbed.history
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_keeps_the_weights_of_the_best_epoch(new_run):
    run = new_run().train(learning_rate=0.3, epochs=4)
    losses = [epoch["validation_loss"] for epoch in run.history["epochs"]]
    assert run.history["best_epoch"] == int(np.argmin(losses))
    by_accuracy = new_run().train(learning_rate=0.3, epochs=4, monitor="accuracy")
    accuracies = [epoch["validation_accuracy"] for epoch in by_accuracy.history["epochs"]]
    assert by_accuracy.history["best_epoch"] == int(np.argmax(accuracies))


def test_stops_when_the_validation_loss_no_longer_falls(new_run):
    losses = [
        epoch["validation_loss"]
        for epoch in new_run().train(learning_rate=0.3, epochs=50, patience=2).history["epochs"]
    ]
    assert len(losses) < 50
    assert min(losses[-2:]) >= min(losses[:-2])


def test_a_loss_that_is_not_finite_names_the_batch(observables, tmp_path):
    jets = read_jets(observables / "train")
    feature = read_inputs(observables / "inputs.json").jet_features[0]
    jets.jets[f"feature_{feature}"] = np.full(len(jets), np.nan, np.float32)
    write_jets(jets, tmp_path / "train", provenance={})
    write_jets(jets, tmp_path / "validation", provenance={})
    (tmp_path / "inputs.json").write_text((observables / "inputs.json").read_text())
    with pytest.raises(FloatingPointError, match=r"nan in epoch 0, step 0.*events \d+, \d+"):
        Run(tmp_path, tmp_path).train()


class Doubled(BaseDecorrelation):
    """Doubles all weights."""

    def weight(self, protected_JR, label_J, weight_J):
        assert protected_JR.shape == (len(label_J), 1)
        return 2 * weight_J


def test_a_decorrelation_may_change_the_training_weights(observables):
    inputs = read_inputs(observables / "inputs.json")
    jets = load(observables / "train", inputs, protected=["mass"])
    assert torch.equal(weighted(jets, Doubled()).weight_J, 2 * jets.weight_J)


def test_a_penalty_is_part_of_the_loss_that_is_made_small_and_monitored(new_run, undisturbed):
    disco = Decorrelation(method="disco", when="training", parameters={"strength": 10})
    run = new_run().train(decorrelation=disco, monitor="accuracy", epochs=12)
    epochs = run.history["epochs"]
    assert all(0 < epoch["penalty"] < epoch["validation_loss"] for epoch in epochs)
    losses = [epoch["validation_loss"] for epoch in epochs]
    assert run.history["best_epoch"] == int(np.argmin(losses))
    assert all(epoch["penalty"] == 0 for epoch in undisturbed.history["epochs"])


def test_the_history_tells_what_was_trained(undisturbed):
    history = undisturbed.history
    assert history["num_parameters"] == 56_302
    assert history["train_jets"] == history["validation_jets"] == 70
    assert [epoch["epoch"] for epoch in history["epochs"]] == [0, 1, 2]
    assert history["seconds"] > 0


def test_the_history_tells_what_it_took(undisturbed):
    usage = undisturbed.history["usage"]
    jets_per_second = 3 * 64 / undisturbed.history["seconds"]
    assert usage == {
        "device": "cpu",
        "num_devices": 1,
        "peak_memory_mb": 0,
        "utilisation": None,
        "jets_per_second": pytest.approx(jets_per_second),
        "attempts": 1,
        "earlier_seconds": 0.0,
    }


@pytest.mark.parametrize(
    "training",
    [
        {"optimiser": "ranger", "schedule": "flat_decay", "weight_decay": 0.01},
        {"optimiser": "lion", "schedule": "cosine", "warmup_epochs": 1.5},
        {"optimiser": "adamw", "schedule": "piecewise", "knots": ((0, 0.1), (1.5, 1), (3, 0))},
    ],
    ids=lambda training: training["optimiser"],
)
def test_every_optimiser_and_schedule_resumes_exactly(training, new_run, monkeypatch):
    expected = new_run().train(**training)
    run = terminated_and_resumed(new_run(), monkeypatch, **training)
    assert same_weights(run, expected)
    assert run.losses == expected.losses

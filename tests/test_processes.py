"""Several processes of one training: the same result as one, and none that stays behind."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
import torch

from tagline.data.inputs import read_inputs
from tagline.decorrelation import method_of
from tagline.learning.assignment import jets_of
from tagline.learning.checkpoint import Checkpoints
from tagline.learning.sharing import share_of
from tagline.learning.trainer import Trainer
from tagline.machine import processes
from tagline.machine.devices import Place
from tagline.machine.termination import KILLED
from tagline.machine.usage import Meter
from tagline.settings.catalogue import Decorrelation
from tests.tasks import NONE, prepared_task, small, taggers
from tests.trainings import ONE_CPU, Run

TWO_CPUS = Place("cpu", (0, 1))
THREE_CPUS = Place("cpu", (0, 1, 2))
DISCO = Decorrelation(method="disco", when="training", parameters={"strength": 10})
ADVERSARY = Decorrelation(method="adversary", when="training", parameters={"strength": 10})


@pytest.fixture(scope="module")
def new_run(tmp_path_factory):
    def make(name):
        representation = small(taggers()[name].representation)
        prepared = prepared_task(tmp_path_factory.mktemp("task"), representation, num_jets=70)
        return Run(prepared, tmp_path_factory.mktemp("run"))

    return make


def children():
    """List the other processes of trainings that this process has started."""
    of_any = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_text() for child in of_any]
    return [command for command in commands if processes.__name__ in command]


def gradients(fabric, assignment, num_rows):
    """Return the gradient of the first batch; Adam would hide a wrong factor of all of it."""
    torch.set_num_threads(1)
    inputs = read_inputs(assignment.prepared / "inputs.json")
    method, jets = method_of(assignment.decorrelation), jets_of("train", assignment, inputs)
    torch.manual_seed(1)
    method.begin(jets.protected_JR.double().numpy(), jets.label_J.numpy())
    trainer = Trainer(
        fabric, assignment.tagger, inputs, method=method, seed=1, meter=Meter(gpus=())
    )
    jets = replace(jets, weight_J=jets.weight_J * torch.linspace(0.1, 3, len(jets)))
    fabric.backward(trainer._losses(jets, torch.arange(num_rows)).loss)
    trained = [trainer.network.module, method.adversary or torch.nn.Identity()]
    named = (network.named_parameters() for network in trained)
    return {name: weight.grad for name, weight in chain.from_iterable(named)}


@pytest.mark.parametrize(
    ("name", "decorrelation", "num_rows", "place"),
    [
        ("pfn", DISCO, 17, TWO_CPUS),
        ("pfn", ADVERSARY, 17, TWO_CPUS),
        ("cnn", NONE, 2, THREE_CPUS),
    ],
)
def test_the_gradient_is_that_of_the_whole_batch(name, decorrelation, num_rows, place, new_run):
    assignment = new_run(name).assignment(name=name, decorrelation=decorrelation)
    expected = processes.run(ONE_CPU, "32-true", gradients, assignment, num_rows)
    shared = processes.run(place, "32-true", gradients, assignment, num_rows)
    for weight, gradient in expected.items():
        scale = gradient.abs().max()
        torch.testing.assert_close(shared[weight], gradient, rtol=1e-4, atol=1e-5 * scale.item())


def test_training_gives_the_result_of_one(new_run):
    run = new_run("pfn")
    expected = Run(run.prepared, run.folder / "expected").train(name="pfn", decorrelation=DISCO)
    run.train(name="pfn", decorrelation=DISCO, place=TWO_CPUS)
    for name, weight in expected.weights.items():
        difference = (run.weights[name] - weight).abs().max()
        assert difference < 1e-4  # 12 steps of Adam have moved weights by up to 1e-2
    for epoch, expected_epoch in zip(run.losses, expected.losses, strict=True):
        assert epoch == pytest.approx(expected_epoch, rel=1e-4)
    assert run.history["usage"]["num_devices"] == 2
    assert not run.checkpoints.exists()
    assert not children()


@pytest.mark.parametrize("num_rows", [1, 2, 7, 8, 9])
def test_every_row_has_its_place_behind_which_some_come_again(num_rows):
    shares = [share_of(num_rows, rank, 4) for rank in range(4)]
    assert len({len(share) for share in shares}) == 1
    gathered = torch.stack(shares, dim=1).flatten()
    assert gathered[:num_rows].tolist() == list(range(num_rows))
    assert len(gathered) - num_rows < 4


def started_with_two(run, **settings):
    """Start a training in two processes, and return both once there is a checkpoint."""
    process = run.start(name="pfn", epochs=40, checkpoint_minutes=0, place=TWO_CPUS, **settings)
    newest = Checkpoints(run.checkpoints, key="key", minutes=1).newest
    while process.is_alive() and not newest.exists():
        time.sleep(0.01)
    (other,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return process, int(other)


def assert_ends(process_id):
    for _ in range(500):
        if not Path(f"/proc/{process_id}").exists():
            return
        time.sleep(0.02)
    pytest.fail("it still runs")


def test_a_signal_stops_all_of_them_and_another_run_continues(new_run):
    run = new_run("pfn")
    process, other = started_with_two(run)
    os.kill(other, signal.SIGTERM)  # Slurm signals all processes; the first speaks for all
    os.kill(process.pid, signal.SIGTERM)
    process.join(60)
    assert process.exitcode == KILLED
    assert_ends(other)
    assert not (run.folder / "model.pt").exists()
    run.train(name="pfn", epochs=40, place=TWO_CPUS)
    expected = Run(run.prepared, run.folder / "expected").train(name="pfn", epochs=40)
    assert run.losses[-1] == pytest.approx(expected.losses[-1], rel=0.01)
    assert run.history["usage"]["attempts"] == 2


def test_none_stays_behind_when_the_first_is_killed(new_run):
    process, other = started_with_two(new_run("pfn"))
    process.kill()
    process.join(60)
    assert_ends(other)


def test_the_first_fails_when_another_is_killed(new_run):
    process, other = started_with_two(new_run("pfn"))
    os.kill(other, signal.SIGKILL)
    process.join(60)
    assert process.exitcode == 1


def test_an_error_of_all_is_the_error_of_the_first(new_run):
    run = new_run("pfn")
    with pytest.raises(FloatingPointError, match="the loss is"):
        run.train(name="pfn", learning_rate=1e30, epochs=40, place=TWO_CPUS)
    assert not children()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("num_gpus", [1, 2])
def test_gpus_give_the_result_of_a_cpu(num_gpus, new_run):
    if torch.cuda.device_count() < num_gpus:
        pytest.skip(f"needs {num_gpus} GPUs")
    run = new_run("pfn")
    expected = Run(run.prepared, run.folder / "expected").train(name="pfn", decorrelation=DISCO)
    place = Place("cuda", tuple(range(num_gpus)))
    run.train(name="pfn", decorrelation=DISCO, place=place)
    for epoch, expected_epoch in zip(run.losses, expected.losses, strict=True):
        assert epoch == pytest.approx(expected_epoch, rel=1e-2)
    usage = run.history["usage"]
    assert usage["num_devices"] == num_gpus
    assert usage["device"] == torch.cuda.get_device_name()
    assert usage["peak_memory_mb"] > 0


SNAKEFILE = """
rule train:
    output: "model.pt"
    script: "train.py"
"""
SCRIPT = f"""
import pickle
from pathlib import Path
from tagline.machine.devices import Place
from tagline.machine.termination import Termination
from tagline.train import train_on

train_on({TWO_CPUS}, pickle.loads(Path("assignment").read_bytes()), Termination())
"""


@pytest.mark.slow
def test_a_script_of_snakemake_starts_them(new_run):
    run = new_run("pfn")
    (run.folder / "Snakefile").write_text(SNAKEFILE)
    (run.folder / "train.py").write_text(SCRIPT)
    (run.folder / "assignment").write_bytes(pickle.dumps(run.assignment(name="pfn")))
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    done = subprocess.run(command, cwd=run.folder, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert run.history["usage"]["num_devices"] == 2

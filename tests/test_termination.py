"""Signals to a training: it saves and ends, and its Slurm job goes back into the queue."""

import os
import random
import signal
import time

import pytest

from tagline.learning.checkpoint import Checkpoints
from tagline.machine.termination import KILLED, requeued, signals_noted
from tests.trainings import PROCESSES, Run, same_weights


@pytest.fixture
def run(observables, tmp_path):
    return Run(observables, tmp_path)


@pytest.fixture
def in_slurm(tmp_path, monkeypatch):
    """Return a function that puts a `scontrol` on the path, which notes what it is asked for."""

    def install(code):
        scontrol = tmp_path / "bin" / "scontrol"
        scontrol.parent.mkdir()
        scontrol.write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho refused >&2\nexit {code}\n'
        )
        scontrol.chmod(0o755)
        monkeypatch.setenv("PATH", f"{scontrol.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("SLURM_JOB_ID", "42")
        return tmp_path / "asked"

    return install


def newest(run):
    return Checkpoints(run.checkpoints, key="key", minutes=1).newest


def wait_for(path, process=None):
    while not path.exists():
        assert process is None or process.is_alive()
        time.sleep(0.005)


def ignore_usr1():
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_saves_and_ends_with_143(number, run):
    process = run.start(before=ignore_usr1, epochs=10_000)
    wait_for(newest(run), process)
    os.kill(process.pid, number)
    process.join(30)
    assert process.exitcode == KILLED == 143
    state = Checkpoints(run.checkpoints, key="key", minutes=1).load()
    assert state["progress"]["step"] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_before_the_first_step_ends_at_once(number, run, monkeypatch):
    def send_and_read(*_arguments):
        os.kill(os.getpid(), number)
        time.sleep(60)
        pytest.fail("it went on")

    monkeypatch.setattr("tagline.train.jets_of", send_and_read)
    with pytest.raises(SystemExit) as stopped:
        run.train()
    assert stopped.value.code == KILLED
    assert not newest(run).exists()


def test_a_job_near_its_limit_goes_back_into_the_queue_and_waits_for_its_end(run, in_slurm):
    asked = in_slurm(code=0)
    process = PROCESSES.Process(target=in_environment, args=(dict(os.environ), run))
    process.start()
    wait_for(newest(run), process)
    os.kill(process.pid, signal.SIGUSR1)
    wait_for(asked, process)
    process.join(0.5)
    assert process.is_alive()
    assert asked.read_text() == "requeue 42\n"
    os.kill(process.pid, signal.SIGTERM)
    process.join(30)
    assert process.exitcode == KILLED


def in_environment(environment, run):
    os.environ |= environment
    run.train(epochs=10_000)


def test_a_job_that_may_not_be_requeued_ends_with_143(in_slurm, caplog):
    in_slurm(code=1)
    with pytest.raises(SystemExit) as stopped, signals_noted():
        os.kill(os.getpid(), signal.SIGUSR1)
    assert stopped.value.code == KILLED
    assert "job 42 does not go back into the queue: refused" in caplog.text


def test_sigterm_never_requeues(in_slurm):
    asked = in_slurm(code=0)
    with pytest.raises(SystemExit), signals_noted():
        os.kill(os.getpid(), signal.SIGTERM)
    assert not asked.exists()


def test_there_is_nothing_to_requeue_outside_slurm(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert not requeued()


def test_leaves_the_handlers_as_they_were(run):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)]
    run.train(epochs=1)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)] == before


@pytest.mark.parametrize("seed", range(2))
def test_ends_as_if_undisturbed_however_often_and_however_it_is_killed(seed, run):
    generator = random.Random(seed)
    undisturbed = Run(run.prepared, run.folder / "undisturbed").train(epochs=60)
    starts = Checkpoints(run.checkpoints, key="key", minutes=1).starts
    for attempt in range(5):
        process = run.start(before=ignore_usr1, epochs=60, checkpoint_minutes=0)
        while process.is_alive() and (not starts.exists() or starts.stat().st_size <= attempt):
            time.sleep(0.002)
        process.join(generator.uniform(0.01, 0.3))
        os.kill(process.pid, generator.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1]))
        process.join(30)
        assert process.exitcode in (KILLED, -signal.SIGKILL)
    run.train(epochs=60)
    assert same_weights(run, undisturbed)
    assert run.losses == undisturbed.losses
    assert run.history["usage"]["attempts"] == 6

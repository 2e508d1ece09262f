"""GPUs of a node are taken evenly by the trainings that see them, and given back by dead ones."""

import os
import signal
import time
from collections import Counter

import pytest
import torch

from tagline.machine import devices
from tagline.machine.devices import Place, claimed, gpus_of, least_used, place_of, visible_gpus
from tests.trainings import PROCESSES

FOUR = ("GPU-a", "GPU-b", "GPU-c", "GPU-d")
WAIT = 30


@pytest.mark.parametrize(
    ("users", "number", "expected"),
    [
        ([0], 1, (0,)),
        ([0, 0], 1, (0,)),
        ([1, 0], 1, (1,)),
        ([3, 2, 2, 1], 2, (1, 3)),
        ([0, 1, 0, 0], 3, (0, 2, 3)),
        ([5, 5], 2, (0, 1)),
    ],
)
def test_the_least_used_are_chosen(users, number, expected):
    assert least_used(users, number) == expected


def test_eight_trainings_share_two_gpus_evenly():
    users = [0, 0]
    for _ in range(8):
        (chosen,) = least_used(users, 1)
        users[chosen] += 1
    assert users == [4, 4]


def test_claims_in_one_process_count_too_and_end_with_their_block(tmp_path):
    with claimed(FOUR, number=3, folder=tmp_path) as first:
        with claimed(FOUR, number=2, folder=tmp_path) as second:
            assert (first, second) == ((0, 1, 2), (0, 3))
        with claimed(FOUR, number=1, folder=tmp_path) as third:
            assert third == (3,)
    with claimed(FOUR, number=1, folder=tmp_path) as fourth:
        assert fourth == (0,)


def test_a_gpu_is_known_by_its_identity_whatever_its_position(tmp_path):
    with (
        claimed(["GPU-b"], number=1, folder=tmp_path),
        claimed(["GPU-b", "GPU-a"], number=1, folder=tmp_path) as chosen,
    ):
        assert chosen == (1,)


def hold(folder, gpus, number, chosen):
    with claimed(gpus, number=number, folder=folder) as indices:
        chosen.put(indices)
        time.sleep(WAIT)


@pytest.fixture
def start(tmp_path):
    """Start processes that claim GPUs at the same time; return them with what they got."""
    started = []

    def start_many(count, *, gpus=FOUR, number=1):
        chosen = PROCESSES.Queue()
        processes = [
            PROCESSES.Process(target=hold, args=(tmp_path, gpus, number, chosen))
            for _ in range(count)
        ]
        started.extend(processes)
        for process in processes:
            process.start()
        return processes, [chosen.get(timeout=WAIT) for _ in processes]

    yield start_many
    for process in started:
        process.kill()
        process.join()


def test_processes_that_start_together_spread_evenly(start):
    _, chosen = start(8)
    assert Counter(chosen) == {(0,): 2, (1,): 2, (2,): 2, (3,): 2}


def test_processes_with_several_gpus_take_different_ones(start):
    _, chosen = start(2, number=2)
    assert sorted(chosen) == [(0, 1), (2, 3)]


def test_in_a_job_of_one_gpu_all_take_that(start):
    _, chosen = start(3, gpus=FOUR[2:3])
    assert chosen == [(0,)] * 3


def test_the_gpu_of_a_killed_process_is_free(start, tmp_path):
    processes, _ = start(1, number=4)
    (process,), (held,) = start(1)
    assert held == (0,)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    os.kill(processes[0].pid, signal.SIGKILL)
    processes[0].join()
    with claimed(FOUR, number=4, folder=tmp_path) as chosen:
        assert chosen == (0, 1, 2, 3)
        assert len(list(tmp_path.glob("GPU-*"))) == 4  # nothing is left of the killed


@pytest.fixture
def pretend(monkeypatch, tmp_path):
    """Return a function that pretends so many GPUs."""

    def see(number):
        monkeypatch.setattr(devices, "visible_gpus", lambda: list(FOUR[:number]))
        monkeypatch.setattr(devices, "claims_folder", lambda: tmp_path)

    return see


def test_without_a_gpu_a_training_runs_in_one_process(pretend, caplog):
    pretend(0)
    caplog.set_level("INFO")
    with place_of(4) as place:
        assert place == Place("cpu", (0,))
        assert gpus_of(place) == []
    assert "no GPU is visible" in caplog.text


def test_a_training_takes_so_many_gpus_as_configured(pretend):
    pretend(4)
    with place_of(2) as first, place_of(2) as second:
        assert (first, second) == (Place("cuda", (0, 1)), Place("cuda", (2, 3)))
        assert gpus_of(second) == ["GPU-c", "GPU-d"]


def test_a_training_takes_fewer_gpus_where_there_are_fewer(pretend, caplog):
    pretend(2)
    with place_of(4) as place:
        assert place == Place("cuda", (0, 1))
    assert "4 GPUs asked for, 2 visible" in caplog.text


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_visible_gpus_are_those_of_cuda():
    assert len(visible_gpus()) == len(set(visible_gpus())) == torch.cuda.device_count()

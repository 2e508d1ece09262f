"""What a training takes of its GPUs is measured where the node's tools tell."""

import os
import time

import pytest
import torch

from tagline.machine import usage
from tagline.machine.devices import visible_gpus
from tagline.machine.usage import Meter, Usage, measured, utilisation_of


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Return a function that puts a `nvidia-smi` on the path, which prints a text."""

    def install(text):
        program = tmp_path / "nvidia-smi"
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nprintf "{text}"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda: 3_000_000)
        return tmp_path / "asked"

    return install


def test_the_utilisation_of_each_gpu_is_asked_for(nvidia_smi):
    asked = nvidia_smi("40\\n80\\n")
    assert utilisation_of(["GPU-a", "GPU-b"]) == pytest.approx([0.4, 0.8])
    assert "--id=GPU-a,GPU-b --query-gpu=utilization.gpu" in asked.read_text()


@pytest.mark.parametrize("text", ["[N/A]\\n", "no devices were found"])
def test_what_the_tool_does_not_know_is_left_out(text, nvidia_smi):
    nvidia_smi(text)
    assert utilisation_of(["GPU-a"]) == []


def test_a_meter_samples_while_its_block_lasts(nvidia_smi, monkeypatch):
    nvidia_smi("50\\n")
    monkeypatch.setattr(usage, "SECONDS_BETWEEN_SAMPLES", 0.01)
    with measured(["GPU-a"]) as meter:
        while len(meter.samples) < 2:
            time.sleep(0.01)
    read = meter.read()
    assert read.utilisation == 0.5
    assert read.peak_memory_mb == 3


def test_nothing_is_known_of_a_cpu():
    with measured([]) as meter:
        assert meter.read() == Usage()
    assert Usage().utilisation is None


def test_a_reading_begins_where_the_last_one_ended(nvidia_smi):
    nvidia_smi("0")
    meter = Meter(["GPU-a"], samples=[0.5])
    assert meter.read().num_samples == 1
    assert meter.read().num_samples == 0


def test_attempts_add_up():
    total = Usage(100, 1.0, 2) + Usage(300, 0.5, 1)
    assert total == Usage(300, 1.5, 3)
    assert total.utilisation == 0.5


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_real_gpu_tells_its_utilisation():
    gpus = visible_gpus()
    assert all(0 <= share <= 1 for share in utilisation_of(gpus))
    assert len(utilisation_of(gpus)) == len(gpus)

"""Checkpoints: two of them, whole or passed over, never of another training, gone at the end."""

import errno
import os
import resource
import signal
from pathlib import Path

import pytest
import torch

from tagline.learning import checkpoint
from tagline.learning.checkpoint import Checkpoints
from tests.disks import small_disk
from tests.trainings import Run, die, same_weights

STATE_BYTES = 400_000


def state(number, *, num_bytes=40):
    return {"progress": {"step": number}, "network": {"w": torch.zeros(num_bytes // 4)}}


def step_of(loaded):
    return loaded["progress"]["step"]


@pytest.fixture
def saved(tmp_path):
    return Checkpoints(tmp_path / "checkpoints", key="key", minutes=1)


@pytest.fixture
def run(observables, tmp_path):
    return Run(observables, tmp_path)


@pytest.fixture
def soon_full(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, megabytes=1):
        yield folder


def test_there_is_nothing_to_load_at_first(saved):
    assert saved.load() is None


def test_the_two_newest_are_kept(saved):
    for number in range(4):
        assert saved.save(state(number))
    assert step_of(saved.load()) == 3
    assert sorted(path.name for path in saved.newest.parent.iterdir()) == ["newest.pt", "older.pt"]
    saved.newest.unlink()
    assert step_of(saved.load()) == 2


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.999])
def test_the_older_serves_where_the_newest_is_truncated(share, saved, caplog):
    saved.save(state(1))
    saved.save(state(2))
    os.truncate(saved.newest, int(share * saved.newest.stat().st_size))
    assert step_of(saved.load()) == 1
    assert f"cannot resume from {saved.newest}: it is truncated or damaged" in caplog.text


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_older_serves_where_one_bit_of_the_newest_has_changed(share, saved, caplog):
    saved.save(state(1))
    saved.save(state(2))
    contents = bytearray(saved.newest.read_bytes())
    contents[int(share * len(contents))] ^= 1
    saved.newest.write_bytes(contents)
    assert step_of(saved.load()) == 1
    assert "damaged" in caplog.text


def test_a_state_of_another_key_is_not_read(saved, caplog):
    other = Checkpoints(saved.folder, key="other", minutes=1)
    other.save(state(1))
    assert saved.load() is None
    saved.newest.parent.mkdir()
    other.newest.rename(saved.newest)
    assert saved.load() is None
    assert "belongs to another configuration, data or code" in caplog.text


def test_states_of_earlier_keys_go_with_the_rest_at_the_end(saved):
    Checkpoints(saved.folder, key="earlier", minutes=1).save(state(1))
    saved.save(state(2))
    saved.remove()
    assert not saved.folder.exists()


def test_starts_are_counted(saved):
    assert [saved.count_start() for _ in range(3)] == [1, 2, 3]


def test_is_due_after_so_many_minutes_whether_written_or_not(saved, monkeypatch):
    assert not saved.due
    monkeypatch.setattr("time.monotonic", lambda: saved.tried_at + 60)
    assert saved.due
    monkeypatch.setattr(checkpoint, "write_synced", no_space)
    assert not saved.save(state(1))
    monkeypatch.setattr("time.monotonic", lambda: saved.tried_at)
    assert not saved.due


def no_space(*_arguments, **_settings):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_the_older_states_whole(soon_full, caplog):
    saved = Checkpoints(soon_full / "checkpoints", key="key", minutes=1)
    assert saved.save(state(1, num_bytes=STATE_BYTES))
    assert saved.save(state(2, num_bytes=STATE_BYTES))
    assert not saved.save(state(3, num_bytes=STATE_BYTES))
    assert not saved.unfinished.exists()
    assert step_of(saved.load()) == 2
    saved.newest.unlink()
    assert step_of(saved.load()) == 1
    assert "no checkpoint: No space left on device (0.2 MB free in" in caplog.text
    assert str(saved.newest.parent) in caplog.text


def test_training_goes_on_where_no_checkpoint_can_be_written(run, soon_full, caplog):
    expected = Run(run.prepared, run.folder / "expected").train()
    (soon_full / "filling").write_bytes(bytes(900_000))
    full = Run(run.prepared, run.folder)
    full.checkpoints.symlink_to(soon_full)
    full.train()
    assert same_weights(full, expected)
    assert "no checkpoint: No space left on device" in caplog.text


def test_a_model_that_cannot_be_written_is_an_error_of_one_line(run, soon_full):
    full = Run(run.prepared, soon_full / "models")
    (soon_full / "filling").write_bytes(bytes(900_000))
    with pytest.raises(OSError, match=rf"no model: No space .* MB free in {full.folder}") as error:
        full.train()
    assert "\n" not in str(error.value)


def test_what_was_trained_is_not_lost_with_a_model_that_cannot_be_written(run, monkeypatch):
    expected = Run(run.prepared, run.folder / "expected").train()
    with monkeypatch.context() as patch:
        patch.setattr("tagline.learning.assignment.save_model", no_space)
        with pytest.raises(OSError, match="No space left"):
            run.train()
    monkeypatch.setattr("tagline.learning.trainer.Trainer._step", no_space)
    run.train()
    assert same_weights(run, expected)


def die_while_writing():
    """Be killed in the third checkpoint, after half of it."""
    numbers = iter(range(1, 100))

    def write_half(path, contents):
        if next(numbers) == 3:
            path.write_bytes(contents[: len(contents) // 2])
            die()
        path.write_bytes(contents)

    checkpoint.write_synced = write_half


def die_between_the_renames():
    """Be killed in the third checkpoint, when the newest has become the older."""
    rename, numbers = Path.replace, iter(range(1, 100))

    def rename_and_die(path, target):
        rename(path, target)
        if target.name == "older.pt" and next(numbers) == 2:
            die()

    Path.replace = rename_and_die


@pytest.mark.parametrize("before", [die_while_writing, die_between_the_renames])
def test_killed_while_it_writes_a_checkpoint_it_continues_from_the_last(before, run):
    expected = Run(run.prepared, run.folder / "expected").train()
    process = run.start(before=before, checkpoint_minutes=0)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    loaded = Checkpoints(run.checkpoints, key="key", minutes=1).load()
    assert step_of(loaded) == 2
    run.train(checkpoint_minutes=0)
    assert same_weights(run, expected)
    assert run.losses == expected.losses


def limit_files():
    """Let no file grow beyond a hundred kilobytes, as a quota would."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_training_that_may_not_write_fails_at_its_end_alone(run):
    process = run.start(before=limit_files)
    process.join(60)
    assert process.exitcode == 1
    assert not list(run.folder.rglob("*.pt"))

"""The start of a job: what it remembers, what its log keeps, and the one line of a failure."""

import shutil
import subprocess
import sys
import time

import pytest

from tagline import __version__
from tagline.artefacts.job import record_of
from tagline.artefacts.provenance import UNKNOWN
from tagline.artefacts.surroundings import PROJECT, commit_of, versions

SCRIPT = """
from tagline.artefacts import job
job.start("train pfn 1", log="logs/train/1.log", rule="train", wildcards={"seed": "1"},
          params={"code": "c0de", "width": 1}, inputs=["data.root"])
import logging
logging.info("reading")
"""
FAILURE = 'raise FloatingPointError("the loss is nan\\nin epoch 3")'


@pytest.fixture
def run(tmp_path):
    """Return a run of a script in a folder with its input, and what it printed."""
    (tmp_path / "data.root").write_text("jets")

    def run_script(last_line, **environment):
        environment = {"PYTHONPATH": str(PROJECT / "src"), **environment}
        command = [sys.executable, "-c", SCRIPT + last_line]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=environment
        )

    return run_script


def test_a_failure_is_one_line_that_names_job_error_and_log(run):
    done = run(FAILURE)
    assert done.returncode == 1
    last = "train pfn 1: the loss is nan in epoch 3 (logs/train/1.log)"
    assert done.stderr.splitlines() == ["train pfn 1: reading", last]
    assert done.stdout == ""


def test_errors_of_others_are_named(run):
    assert "train pfn 1: KeyError: 'jets' (logs" in run("{}['jets']").stderr
    assert "train pfn 1: AssertionError (logs" in run("assert False").stderr


def test_a_missing_input_is_a_failure_as_others(run, tmp_path):
    (tmp_path / "data.root").unlink()
    assert run("").stderr.endswith("'data.root' (logs/train/1.log)\n")


def test_an_exit_is_silent(run):
    done = run("raise SystemExit(143)")
    assert done.returncode == 143
    assert done.stderr == "train pfn 1: reading\n"


def test_the_log_keeps_the_tracebacks_of_all_attempts(run, tmp_path):
    log = tmp_path / "logs/train/1.log"
    run(FAILURE)
    log.unlink()  # as Snakemake does before it tries again
    run("raise ValueError('another')")
    text = log.read_text()
    first, second = text.split("===== attempt 2 =====")
    assert first.startswith("===== attempt 1 =====")
    assert "Traceback" in first
    assert "the loss is nan" in first
    assert "ValueError: another" in second


def toy_record(tmp_path, **changes):
    given = {"wildcards": {"b": "2", "a": "1"}, "params": {"code": "c0de", "width": 1}}
    path = tmp_path / "data.root"
    path.touch()
    return record_of(rule="train", inputs=[str(path)], cache=None, **(given | changes))


def test_a_record_tells_code_and_config_apart(tmp_path):
    record = toy_record(tmp_path)
    other_code = toy_record(tmp_path, params={"code": "others", "width": 1})
    other_config = toy_record(tmp_path, params={"code": "c0de", "width": 2})
    assert (record.code, other_code.code) == ("c0de", "others")
    assert record.config == other_code.config != other_config.config


def test_the_same_job_has_the_same_record(tmp_path):
    assert str(toy_record(tmp_path)) == str(toy_record(tmp_path))


def test_a_record_takes_less_than_a_fifth_of_a_second(tmp_path):
    started = time.perf_counter()
    toy_record(tmp_path)
    assert time.perf_counter() - started < 0.2


def test_versions_are_of_what_is_installed():
    found = versions()
    assert found["tagline"] == __version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["snakemake"]


def git(folder, *arguments):
    identity = ("-c", "user.name=toy", "-c", "user.email=toy@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """A project with one commit."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def test_the_commit_is_known_and_only_tracked_files_make_it_dirty(checkout):
    commit = git(checkout, "rev-parse", "HEAD")
    (checkout / "notes.txt").touch()
    assert commit_of(checkout) == (commit, False)
    (checkout / "code.py").write_text("2")
    assert commit_of(checkout) == (commit, True)


def test_the_commit_is_unknown_without_one(tmp_path, checkout, monkeypatch):
    (checkout / "inside").mkdir()
    assert commit_of(checkout / "inside") == (UNKNOWN, False)  # another project's repository
    git(tmp_path / "inside", "init", "--quiet")
    assert commit_of(checkout / "inside") == (UNKNOWN, False)  # no commit yet
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert commit_of(checkout) == (UNKNOWN, False)  # no git

"""The terminal of a run: one line a job, and one line that says why a job failed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from snakemake_logger_plugin_tagline import reasons
from snakemake_logger_plugin_tagline.progress import duration

SNAKEFILE = """
rule all:
    input: expand("after/{x}.txt", x=["a", "b", "c"])

rule make:
    output: "made/{x}.txt"
    log: "logs/make/{x}.log"
    script: "make.py"

rule after:
    input: "made/{x}.txt"
    output: "after/{x}.txt"
    shell: "cp {input} {output}"
"""
SCRIPT = """
import sys, traceback
from pathlib import Path

sys.excepthook = lambda *raised: traceback.print_exception(
    *raised, file=Path(snakemake.log[0]).open("w")
)
if snakemake.wildcards.x == "b" and not Path("mended").exists():
    raise ValueError("the loss is nan in epoch 3")
Path(snakemake.output[0]).write_text("made")
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A workflow of two rules, of which one job fails."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "make.py").write_text(SCRIPT)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run Snakemake with the logger; return its exit code and the lines of the terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments, "--cores", "2", "--logger", "tagline"],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"TERM": "dumb"},
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow
def test_a_failed_job_is_one_line_with_its_reason_and_log(project):
    code, lines = run(project, "--keep-going")
    assert code == 1
    about = [line for line in lines if "make b" in line]
    assert about == ["make b failed: the loss is nan in epoch 3; see logs/make/b.log"]
    assert not re.search("Traceback|Exception|CalledProcessError", "\n".join(lines))


@pytest.mark.slow
def test_the_other_jobs_finish_and_are_counted(project):
    _, lines = run(project, "--keep-going")
    assert lines[0] == "7 jobs: 3 make, 3 after, 1 all"
    finished = sorted(line.split("] ")[1] for line in lines if line.startswith("["))
    assert [re.sub(r"\d+ s", "T", line) for line in finished] == [
        "after a: T",
        "after c: T",
        "make a: T",
        "make c: T",
    ]
    assert {line[:6] for line in lines[1:-1]} >= {"[1/7] ", "[4/7] "}


@pytest.mark.slow
def test_the_end_says_what_is_left_and_the_same_command_resumes(project):
    _, lines = run(project, "--keep-going")
    end = re.sub(r"in \d+ s", "in T", lines[-1])
    assert end.startswith(
        "4 of 7 jobs done in T, 1 failed (1 make), 2 left undone (1 after, 1 all); "
        "the same command resumes (all details: .snakemake/log/"
    )
    (project / "mended").touch()
    code, lines = run(project, "--keep-going")
    assert code == 0
    assert re.fullmatch(r"3 jobs done in \d+ s", lines[-1])


@pytest.mark.slow
def test_each_attempt_is_one_line(project):
    _, lines = run(project, "--keep-going", "--retries", "1")
    reason = "the loss is nan in epoch 3; see logs/make/b.log"
    assert [line for line in lines if "make b" in line] == [
        f"make b failed: {reason}; tried again",
        f"make b failed in attempt 2: {reason}",
    ]


@pytest.mark.slow
def test_the_log_of_the_run_keeps_what_snakemake_says(project):
    _, lines = run(project, "--keep-going")
    log = project / lines[-1].split("all details: ")[1].removesuffix(")")
    assert {"rule make", "Error in rule make:", "CalledProcessError"} <= set(
        re.findall("rule make|Error in rule make:|CalledProcessError", log.read_text())
    )


@pytest.mark.slow
def test_an_output_that_is_missing_is_a_failure_like_others(project):
    (project / "make.py").write_text("")
    code, lines = run(project, "made/a.txt", "--latency-wait", "0")
    assert code == 1
    assert lines[1] == "make a failed: it ended without its output made/a.txt; see logs/make/a.log"


@pytest.mark.slow
def test_a_dry_run_prints_what_snakemake_prints(project):
    code, lines = run(project, "--dry-run")
    assert code == 0
    assert "rule make:" in lines
    assert "    wildcards: x=b" in lines


@pytest.mark.slow
def test_errors_of_snakemake_come_through_in_full(project):
    code, lines = run(project, "no/such/file.txt")
    assert code == 1
    assert lines[0].startswith("MissingRuleException:")
    (project / "Snakefile").write_text(SNAKEFILE + "\nassert False, 'a bug in a rule file'\n")
    code, lines = run(project)
    assert code == 1
    assert "a bug in a rule file" in "\n".join(lines)


@pytest.mark.slow
def test_quiet_is_quiet_about_all_but_failures(project):
    _, lines = run(project, "--keep-going", "--quiet", "progress")
    assert lines[0].startswith("make b failed")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["2026-11-22 06:45:01,123 INFO 3 jets", "ValueError: no jets"], "no jets"),
        (["2026-11-22 06:45:01,123 ERROR no jets.", "  context"], "no jets"),
        (["slurmstepd-c1: error: Exceeded job memory limit"], "Exceeded job memory limit"),
        (["KeyError: 'mass'"], "KeyError: 'mass'"),
        (["torch.OutOfMemoryError: CUDA"], "torch.OutOfMemoryError: CUDA"),
        (["an Error in words: 3", "all is well"], ""),
    ],
)
def test_the_reason_is_the_last_error_of_the_log(lines, reason):
    assert reasons.last_error(lines) == reason


def test_the_reason_is_sought_in_the_log_that_has_one(tmp_path, monkeypatch):
    (tmp_path / "rule.log").write_text("all is well\n")
    (tmp_path / "cluster.log").write_text("slurmstepd: x\nOSError: disk full\n")
    monkeypatch.chdir(tmp_path)
    assert reasons.find(["missing.log", "rule.log", "cluster.log"]) == ("cluster.log", "disk full")
    assert reasons.find(["missing.log", "rule.log"]) == ("rule.log", "")


def test_what_a_cluster_says_is_added_to_what_the_job_said():
    said = "SLURM-job '12' failed, SLURM status is: 'TIMEOUT'. For further details see the log."
    ended = reasons.of_executor(said)
    assert ended == "SLURM-job '12' failed, SLURM status is: 'TIMEOUT'"
    assert reasons.joined("stopped in epoch 3", ended) == f"stopped in epoch 3 ({ended})"
    assert reasons.joined("", ended) == ended
    assert reasons.joined("no jets", "exit status 1") == "no jets"
    assert reasons.joined("", "exit status 137") == "exit status 137"


def test_a_refused_submission_tells_what_the_cluster_answered():
    said = (
        "SLURM sbatch failed. The error message was 'sbatch: error: AssocMaxSubmitJobLimit\n"
        "sbatch: error: Batch job submission failed: Job violates 'cpu' limits'.\n"
        "    sbatch call:\n        sbatch --comment 'rule_train. It'.\nFor details see the log."
    )
    assert reasons.of_executor(said) == (
        "not submitted: AssocMaxSubmitJobLimit; "
        "Batch job submission failed: Job violates 'cpu' limits"
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "0 s"), (61, "1 min 1 s"), (3599.7, "1 h 0 min"), (7384, "2 h 3 min")],
)
def test_durations_are_told_in_two_units(seconds, told):
    assert duration(seconds) == told

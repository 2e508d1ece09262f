"""The profiles: each plans the study, is understood by Snakemake, and asks for GPUs to train."""

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from snakemake.cli import get_argument_parser

from snakemake_executor_plugin_tagline_htcondor.requests import requests
from tests.test_workflow import new_project

ROOT = Path(__file__).parent.parent
PROFILES = sorted(file.parent for file in ROOT.glob("workflow/profiles/*/config.yaml"))
PROFILES.append(ROOT / "slurm")
HTCONDOR = ROOT / "workflow/profiles/htcondor"
DEFINITION = (ROOT / "envs/tagline.def").read_text()

each_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)


def options_of_snakemake() -> set[str]:
    """Return the names of all options, as profiles write them."""
    parser = get_argument_parser()
    return {
        option.removeprefix("--")
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def planned(folder: Path, profile: Path) -> list[tuple[str, str]]:
    """Plan the toy study with a profile; return each job's rule and what is said of it."""
    command = ["-m", "snakemake", "--dry-run", "--configfile", "toy.yaml", "--profile"]
    done = subprocess.run(
        [sys.executable, *command, profile.relative_to(ROOT)],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    jobs = re.split(r"^ *(?:local)?rule (\w+):\n", done.stdout, flags=re.MULTILINE)[1:]
    return list(zip(jobs[::2], jobs[1::2], strict=True))


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A clone of the project with toy data."""
    return new_project(tmp_path_factory.mktemp("profiles") / "project")


@pytest.mark.slow
@each_profile
def test_plans_the_study_and_asks_for_gpus_for_trainings_alone(project, profile):
    jobs = planned(project, profile)
    assert {"skim_batch", "train", "evaluate", "compare"} <= {rule for rule, _ in jobs}
    assert {rule for rule, said in jobs if re.search(r"\bgpu=[1-9]", said)} == {"train"}


@pytest.mark.slow
def test_a_group_asks_for_the_memory_and_time_of_what_its_own_files_are_read_by(project):
    said_of = dict(planned(project, ROOT / "slurm"))
    for rule in ("decorrelate", "evaluate"):
        assert re.search(r"\bmem_mb=1000\b.* runtime=10\b", said_of[rule]), said_of[rule]


@each_profile
def test_snakemake_knows_every_key(profile):
    keys = yaml.safe_load((profile / "config.yaml").read_text())
    assert {key for key in keys if not key.startswith("__")} <= options_of_snakemake()


@each_profile
def test_goes_on_after_a_failure_and_tells_it_in_one_line(profile):
    keys = yaml.safe_load((profile / "config.yaml").read_text())
    assert keys["keep-going"] is True
    assert keys["rerun-incomplete"] is True
    assert keys["logger"] == ["tagline"]


def test_htcondor_is_asked_for_what_the_rule_asks_for():
    asked = {"mem_mb": 1500, "disk_mb": 2000, "runtime": 60, "gpu": 1}
    assert requests(asked) == {
        "htcondor_request_mem_mb": 1500,
        "htcondor_request_disk_mb": 2000,
        "request_gpus": 1,
        "classad_MaxRuntime": 3600,
        "classad_RequestRuntime": 3600,
    }
    assert requests({"mem_mb": 500, "gpu": 0}) == {"htcondor_request_mem_mb": 500}


def test_what_is_asked_in_the_words_of_htcondor_is_left_alone():
    assert requests({"mem_mb": 1500, "request_memory": "4GB"}) == {}
    asked = {"runtime": 60, "classad_MaxRuntime": 10, "classad_RequestRuntime": 10}
    assert requests(asked) == {}


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("snakemake_executor_plugin_htcondor") is None, reason="needs the extra htcondor"
)
def test_htcondor_gets_submissions_that_run(project):
    arguments = [
        "--configfile",
        "toy.yaml",
        "--profile",
        "workflow/profiles/htcondor",
        "--until",
        "split",
    ]
    done = subprocess.run(
        [sys.executable, ROOT / "tests/htcondor_stand_in.py", *arguments, "--profile", HTCONDOR],
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    assert (project / "results/toy_tagging/split/train").is_dir()
    assert "MY.MaxRuntime = 3600" in (project / "submitted.txt").read_text()


@pytest.mark.skipif(
    find_spec("snakemake_executor_plugin_htcondor") is not None, reason="the extra is installed"
)
def test_htcondor_without_its_package_says_what_to_install(tmp_path):
    (tmp_path / "Snakefile").write_text("rule all:\n    output: 'a'\n    shell: 'touch a'\n")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--executor", "tagline-htcondor", "--jobs", "1"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 1
    assert "'.[htcondor]'" in done.stderr


def test_the_container_has_extras_that_exist_and_the_pinned_versions():
    extras = re.search(r"^ +extras=(\S+)$", DEFINITION, flags=re.MULTILINE)[1].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras) <= set(project["optional-dependencies"])
    assert DEFINITION.count("--constraint constraints.txt") == DEFINITION.count("/pip install")


def test_the_container_has_every_file_that_its_installation_reads():
    section = re.search(r"%files\n(.*?)\n\n", DEFINITION, flags=re.DOTALL)[1]
    files = [line.split()[0] for line in section.splitlines()]
    assert all((ROOT / file).exists() for file in files)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"pyproject.toml", "constraints.txt", "src", project["readme"]} <= set(files)
    assert set(project["license-files"]) <= set(files)

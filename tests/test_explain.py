"""What would run and why, in words: reasons, what follows them, and what it would take."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from tagline.accounting.accounts import Run
from tagline.accounting.explain import Job, reasons
from tagline.accounting.explain_changes import Change, changes
from tagline.accounting.explain_estimates import Size, estimates
from tests.test_workflow import COMMAND, CONFIG, edit, new_project, snakemake

STAGES = ["prepare", "train", "score", "compare"]


def trained(number: int, *, tagger: str = "pfn", seed: int = 1, **known) -> Job:
    return Job(number, "train", {"task": "tops", "tagger": tagger, "seed": str(seed)}, **known)


def compared(number: int, *, after: set[int]) -> Job:
    return Job(number, "compare", {"study": "toy"}, after=frozenset(after), resources={"cores": 1})


def test_a_width_is_named_where_it_changed():
    before = ["['mass']", "'0123456789abcdef'", "{'parameters': {'phi': [16, 16], 'f': [8]}}"]
    now = {
        "tagger": "{'parameters': {'phi': [16, 24], 'f': [8]}}",
        "protected": "['mass']",
        "code": "'0123456789abcdef'",
    }
    assert [(change.name, str(change)) for change in changes(before, now)] == [
        ("tagger", "parameters.phi [16, 16] -> [16, 24]")
    ]


def test_two_changed_mappings_are_each_compared_with_their_own():
    before = ["{'method': 'disco', 'strength': 1.0}", "{'width': 8, 'epochs': 2}"]
    now = {
        "tagger": "{'width': 9, 'epochs': 2}",
        "decorrelation": "{'method': 'disco', 'strength': 5.0}",
    }
    found = {change.name: str(change) for change in changes(before, now)}
    assert found == {"tagger": "width 8 -> 9", "decorrelation": "strength 1.0 -> 5.0"}


def test_keys_that_came_and_went_are_told():
    (change,) = changes(["{'a': 1, 'b': 2}"], {"tagger": "{'a': 1, 'c': 3}"})
    assert change.differences == ("b 2 is gone", "c 3 is new")


def test_a_change_of_code_is_not_taken_for_one_of_a_word():
    before = ["'0123456789abcdef'", "'a caption'"]
    now = {"code": "'fedcba9876543210'", "caption": "'a longer caption'"}
    assert {change.name for change in changes(before, now)} == {"code", "caption"}
    assert "caption" in str(changes(before, now)[1])


def test_what_is_no_literal_is_compared_as_text():
    (change,) = changes(["{'cut': nan}"], {"task": "{'cut': inf}"})
    assert "nan" in str(change)


def test_equal_reasons_are_told_once_with_what_follows():
    change = Change("tagger", ("parameters.phi [16, 16] -> [16, 24]",))
    jobs = [
        *(trained(number, seed=number, changes=(change,)) for number in range(3)),
        *(Job(10 + n, "score", {"seed": str(n)}, after=frozenset({n})) for n in range(3)),
        compared(20, after={10, 11, 12}),
    ]
    assert reasons(jobs, STAGES) == (
        "tagger pfn: parameters.phi [16, 16] -> [16, 24]\n"
        "    train x3\n"
        "    then score x3, compare x1"
    )


def test_what_follows_from_several_reasons_is_told_apart():
    jobs = [
        trained(1, changes=(Change("tagger", ("width 8 -> 9",)),)),
        trained(2, tagger="cnn", is_forced=True),
        compared(3, after={1, 2}),
    ]
    assert reasons(jobs, STAGES).endswith("after more than one of these\n    compare x1")


def test_new_seeds_are_told_as_such():
    lost = {"is_recorded": False, "missing": ("model.pt",)}
    jobs = [
        trained(1, would_run=False),
        trained(2, seed=2, **lost),
        trained(3, seed=3, **lost),
        compared(4, after={2, 3}),
    ]
    assert reasons(jobs, STAGES) == ("seeds 2, 3 are new\n    train x2\n    then compare x1")


def test_a_lost_output_is_not_new():
    jobs = [trained(1, would_run=False), trained(2, seed=2, missing=("model.pt",))]
    assert reasons(jobs, STAGES) == "output is missing\n    train x1"


def test_a_first_run_has_one_reason():
    jobs = [
        trained(1, is_recorded=False, missing=("model.pt",)),
        Job(2, "score", {}, is_recorded=False, missing=("test",), after=frozenset({1})),
    ]
    assert reasons(jobs, STAGES) == "not made yet\n    train x1, score x1"


def test_changed_code_names_the_stage_its_part_and_the_files():
    changed = {"changes": (Change("code", ("'a' -> 'b'",)),), "edited": ("taggers/pfn.py",)}
    jobs = [
        trained(1, **changed),
        trained(2, seed=2, **changed),
        trained(3, tagger="cnn", would_run=False),
    ]
    first = reasons(jobs, STAGES).splitlines()[0]
    assert first == "code of train (tagger pfn) changed; edited since: taggers/pfn.py"


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"was_interrupted": True, "is_forced": True}, "was interrupted"),
        ({"is_forced": True}, "forced"),
        ({"newer": ("data/a.root",)}, "input data/a.root is newer"),
        ({"script": "train.py"}, "train.py is newer than what it made"),
        ({"new_inputs": ("b", "c")}, "other inputs: 2 more, such as b"),
        ({"software_changed": True}, "environment of train changed"),
    ],
)
def test_each_reason_has_its_words(known, says):
    assert reasons([trained(1, **known)], STAGES).splitlines()[0] == says


def run_of(*, seconds: float, memory_mib: float = 100.0, **wildcards: str) -> Run:
    return Run("train", {"task": "tops", "seed": "1", **wildcards}, seconds, 1.0, memory_mib, 0, 0)


def test_estimates_come_from_the_same_tagger_where_there_is_one():
    runs = [run_of(tagger="pfn", seconds=60), run_of(tagger="cnn", seconds=6000)]
    text = estimates([trained(1)], STAGES, runs=runs, sizes=(), limits={"cores": 2})
    assert "60 s" in text
    assert "from 1 earlier run" not in text
    assert "1 earlier run" in text
    text = estimates([trained(1, tagger="efn")], STAGES, runs=runs, sizes=(), limits={})
    assert "50.5 min" in text
    assert "2 earlier runs" in text


def test_what_ran_on_other_data_is_no_estimate():
    runs = [run_of(task="bottoms", tagger="pfn", seconds=60)]
    text = estimates([trained(1)], STAGES, runs=runs, sizes=(), limits={})
    assert text == "No earlier run is comparable: time, memory and disk are unknown."


def test_unknown_jobs_are_counted_and_left_out():
    jobs = [trained(1), compared(2, after={1})]
    runs = [run_of(tagger="pfn", seconds=60)]
    text = estimates(jobs, STAGES, runs=runs, sizes=(), limits={})
    assert "for want of an earlier run: compare x1" in text


def test_the_time_on_the_clock_is_bounded_by_the_chain_and_by_every_limit():
    runs = [run_of(tagger="pfn", seconds=60), Run("compare", {"study": "toy"}, 30, 1, 1, 0, 0)]
    asked = {"cores": 1, "gpu": 1}
    jobs = [*(trained(n, seed=n, resources=asked) for n in range(4)), compared(9, after={0})]

    def bound(limits: dict[str, int]) -> str:
        text = estimates(jobs, STAGES, runs=runs, sizes=(), limits=limits)
        return next(line for line in text.splitlines() if line.startswith("At least"))

    assert bound({"cores": 100}) == "At least 90 s on the clock, set by the longest chain of jobs."
    assert bound({"cores": 2}) == "At least 2.25 min on the clock, set by 2 cores."
    assert bound({"cores": 2, "gpu": 1}) == "At least 4 min on the clock, set by 1 gpu."


def test_hours_of_cores_and_gpus_and_disk_are_added():
    jobs = [trained(n, seed=n, resources={"cores": 4, "gpu": 2}) for n in (1, 2)]
    runs = [run_of(tagger="pfn", seconds=1800)]
    sizes = [Size("train", {"task": "tops", "tagger": "pfn", "seed": "1"}, 3 * 2**20)]
    text = estimates(jobs, STAGES, runs=runs, sizes=sizes, limits={})
    assert "Together 4 core-hours, 2 GPU-hours" in text
    assert "6 MiB of disk" in text


TARGET = "results/toy_tagging/metrics/pfn_tiny/none/1.json"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A project that has measured one tagger."""
    folder = new_project(tmp_path_factory.mktemp("explained") / "project")
    snakemake(folder, "--cores", "2", "--resources", "mem_mb=6000", "--", TARGET)
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project that a test may change."""
    return shutil.copytree(finished, tmp_path / "project", symlinks=True)


def explained(folder: Path, *arguments: str) -> str:
    """Return what the explanation puts on standard output."""
    arguments = ("--executor", "explain", "--cores", "2", *arguments, "--", TARGET)
    done = subprocess.run([*COMMAND, *arguments], cwd=folder, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def contents(folder: Path) -> dict[Path, int]:
    """Return when every file outside Snakemake's own folder was written."""
    files = (path for path in folder.rglob("*") if ".snakemake" not in path.parts)
    return {
        path: path.stat().st_mtime_ns
        for path in files
        if path.is_file() and path.suffix not in (".pyc", ".nbi", ".nbc")
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_plan_of_a_finished_run_is_nothing(finished):
    assert explained(finished) == "Nothing would run: every result is there and up to date.\n"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_changed_width_is_explained_and_nothing_is_touched(project):
    edit(project / CONFIG, "phi: [16, 16]", "phi: [16, 24]")
    before = contents(project)
    text = explained(project)
    assert text.startswith(
        "3 jobs would run.\n\n"
        "tagger pfn_tiny: parameters.phi [16, 16] -> [16, 24]\n"
        "    train x1\n"
        "    then score x1, evaluate x1\n"
    )
    assert "1 earlier run" in text
    assert contents(project) == before


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_changed_code_names_the_file(project):
    edit(project / "src/tagline/taggers/pfn.py", "class Tagger", "X = 1\n\n\nclass Tagger")
    assert "edited since: src/tagline/taggers/pfn.py\n" in explained(project)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_interrupted_job_is_told_as_such(project):
    model = "results/toy_tagging/models/pfn_tiny/none/1/model.pt"
    mark = base64.urlsafe_b64encode(model.encode()).decode()
    (project / ".snakemake/incomplete" / mark).write_text("{}")
    text = explained(project, "--rerun-incomplete")
    assert "was interrupted\n    train x1\n    then score x1, evaluate x1\n" in text

"""The account of a study: what is read of its benchmarks, how it adds up, and how it looks."""

from pathlib import Path

import pytest

from tagline import figures
from tagline.accounting.accounts import read_runs, show_size, show_time
from tagline.accounts_table import Account, Row, account, add_up, markdown, read, write
from tagline.artefacts.files import write_json
from tagline.draw import draw
from tagline.figures import where_time_went
from tests.scores import toy_legend

PATTERNS = {
    "split": "results/benchmarks/split/{task}.tsv",
    "train": "results/benchmarks/train/{task}/{tagger}/{decorrelation}/{seed}.tsv",
}
HISTORIES = "results/{task}/models/{tagger}/{decorrelation}/{seed}/history.json"
ONLY = {"task": ["tops"], "tagger": ["pfn", "cnn"]}
SEEDS = {"pfn": ["1", "2"], "cnn": ["1"]}
HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
USAGE = {
    "device": "NVIDIA H200",
    "num_devices": 2,
    "peak_memory_mb": 1048.576,
    "utilisation": 0.5,
    "jets_per_second": 2000.0,
    "attempts": 1,
    "earlier_seconds": 0.0,
}


def write_benchmark(path: Path, *, seconds: float, rest: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rest = rest or f"500\t600\t400\t450\t10\t20\t150\t{1.5 * seconds}"
    path.write_text(f"{HEADER}{seconds}\t0:00:10\t{rest}\n")


@pytest.fixture
def root(tmp_path) -> Path:
    """Three trainings of the study, one of another, and a split too short to be measured."""
    trainings = tmp_path / "results/benchmarks/train/tops"
    write_benchmark(trainings / "pfn/none/1.tsv", seconds=10)
    write_benchmark(trainings / "pfn/none/2.tsv", seconds=30)
    write_benchmark(trainings / "cnn/none/1.tsv", seconds=200)
    write_benchmark(trainings / "efn/none/1.tsv", seconds=7000)
    split = tmp_path / "results/benchmarks/split/tops.tsv"
    write_benchmark(split, seconds=0.1, rest="\t".join(["NA"] * 8))
    return tmp_path


@pytest.fixture
def rows(root) -> list[Row]:
    runs = read_runs(PATTERNS, only=ONLY, root=root)
    seed_1, seed_2 = (
        (("decorrelation", "none"), ("seed", seed), ("tagger", "pfn"), ("task", "tops"))
        for seed in "12"
    )
    usages = {
        seed_1: USAGE,
        seed_2: {**USAGE, "utilisation": None, "jets_per_second": 4000.0, "attempts": 3},
    }
    return add_up(runs, usages=usages, taggers=["pfn", "cnn"])


def test_reads_the_jobs_of_the_study_alone(root):
    runs = read_runs(PATTERNS, only=ONLY, root=root)
    assert [(run.rule, run.wildcards.get("tagger"), run.seconds) for run in runs] == [
        ("split", None, 0.1),
        ("train", "cnn", 200),
        ("train", "pfn", 10),
        ("train", "pfn", 30),
    ]


def test_what_was_not_measured_is_not_a_number(root):
    (split, *_) = read_runs(PATTERNS, only=ONLY, root=root)
    assert split.cpu_seconds is split.memory_mib is split.read_mib is None


def test_a_missing_file_is_no_error(tmp_path):
    assert read_runs(PATTERNS, only={}, root=tmp_path) == []


def test_a_file_of_another_kind_is_named(tmp_path):
    path = tmp_path / "results/benchmarks/split/tops.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("time\n3\n")
    with pytest.raises(ValueError, match=r"split/tops\.tsv: expected a header with column 's'"):
        read_runs(PATTERNS, only={}, root=tmp_path)


def test_jobs_add_up_by_stage_and_tagger(rows):
    assert [(row.stage, row.tagger, row.jobs) for row in rows] == [
        ("split", "", 1),
        ("train", "pfn", 2),
        ("train", "cnn", 1),
    ]
    pfn = rows[1]
    assert (pfn.wall_s, pfn.wall_s_median, pfn.wall_s_longest) == (40, 20, 30)
    assert (pfn.cpu_s, pfn.mean_load, pfn.peak_memory_mib, pfn.read_mib) == (60, 1.5, 500, 20)


def test_trainings_tell_of_their_gpus(rows):
    pfn = rows[1]
    assert pfn.device == "2 x NVIDIA H200"
    assert (pfn.gpu_utilisation, pfn.jets_per_second, pfn.starts) == (0.5, 3000, 4)
    assert pfn.peak_gpu_memory_mib == pytest.approx(1000)


def test_a_history_without_usage_leaves_its_columns_empty(rows):
    cnn = rows[2]
    assert cnn.device == ""
    assert cnn.gpu_utilisation is cnn.jets_per_second is cnn.starts is None


def test_the_table_reads_back_as_it_was_written(rows, tmp_path):
    write(rows, tmp_path / "time.csv")
    assert list(read(tmp_path / "time.csv")) == rows


def test_a_person_reads_units_and_the_sum(rows):
    lines = markdown(rows).splitlines()
    assert (
        "| train | pfn | 2 | 40 s | 20 s | 30 s | 60 s | 1.50 | 500 MiB | 20 MiB | 40 MiB |"
        in lines
    )
    assert any(line.startswith("| all |  | 4 | 4 min |  | 3.33 min |") for line in lines)
    assert "| pfn | 2 x NVIDIA H200 | 50% | 1e+03 MiB | 3,000 | 4 |" not in lines
    assert any(line.startswith("| pfn | 2 x NVIDIA H200 | 50% |") for line in lines)


def test_units_change_before_numbers_grow_long():
    assert list(map(show_time, (None, 0.5, 99, 150, 7200))) == [
        "",
        "0.5 s",
        "99 s",
        "2.5 min",
        "2 h",
    ]
    assert list(map(show_size, (None, 0.05, 20, 2048))) == ["", "51.2 KiB", "20 MiB", "2 GiB"]


def test_the_account_of_files_is_drawn(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    history = Path(HISTORIES.format(task="tops", tagger="pfn", decorrelation="none", seed=1))
    write_json({"usage": USAGE, "epochs": []}, history)
    table, note = tmp_path / "time.csv", tmp_path / "time.md"
    account(
        PATTERNS,
        only=ONLY,
        seeds=SEEDS,
        histories=HISTORIES,
        csv_file=table,
        markdown_file=note,
    )
    assert "NVIDIA H200" in note.read_text()
    png, pdf = tmp_path / "figure.png", tmp_path / "figure.pdf"
    draw("where_time_went", [table], legend=toy_legend(), png=png, pdf=pdf)
    assert png.stat().st_size > 0


def test_a_number_that_is_no_seed_of_a_tagger_does_not_count(root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    write_benchmark(root / "results/benchmarks/train/tops/cnn/none/2.tsv", seconds=9)
    table, note = tmp_path / "time.csv", tmp_path / "time.md"
    account(
        PATTERNS,
        only=ONLY,
        seeds=SEEDS,
        histories=HISTORIES,
        csv_file=table,
        markdown_file=note,
    )
    assert {row.tagger: row.jobs for row in read(table)} == {"": 1, "pfn": 2, "cnn": 1}


def test_a_training_in_several_attempts_counts_whole(root):
    runs = read_runs(PATTERNS, only={"tagger": ["cnn"]}, root=root)
    (of_training,) = [tuple(sorted(run.wildcards.items())) for run in runs if run.rule == "train"]
    usages = {of_training: {**USAGE, "attempts": 3, "earlier_seconds": 400.0}}
    row = add_up(runs, usages=usages, taggers=["cnn"])[-1]
    assert row.wall_s == row.wall_s_longest == row.wall_s_median == 200 + 400
    assert row.mean_load == 1.5


def test_the_figure_shows_every_hour_once(rows):
    figure = where_time_went.draw(Account(toy_legend(), tuple(rows)))
    widths = sum(bar.get_width() for bar in figure.axes[0].patches)
    unit = {"s": 1, "min": 60, "h": 3600}[figure.axes[0].get_xlabel().split("[")[1].rstrip("]")]
    assert widths * unit == pytest.approx(sum(row.wall_s for row in rows))


def test_nothing_that_ran_draws_an_empty_figure(tmp_path):
    figure = where_time_went.draw(Account(toy_legend(), ()))
    figures.save(figure, png=tmp_path / "a.png", pdf=tmp_path / "a.pdf")

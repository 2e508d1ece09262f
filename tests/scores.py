"""Synthetic score tables, and a whole comparison made of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tagline.artefacts.files import write_json
from tagline.compare import Comparison, Key
from tagline.data.jets import Columns, write_columns
from tagline.evaluate import measure
from tagline.measures.metrics import Estimate, Histogram, Metrics
from tagline.measures.sculpting import MASS_EDGES
from tagline.reporting.score_tables import ScoreTables
from tagline.reporting.score_tables import load as load_score_tables
from tagline.settings.legend import DecorrelationLabel, Legend, TaggerLabel, TaskLabel
from tagline.settings.published import OutputCorrelations, Published, PublishedNumber

TOP_MASS, TOP_WIDTH = 172.0, 18.0
QUALITY = {"pfn": 2.9, "cnn": 2.7, "topodnn": 2.3}
SCULPTING = {"none": 0.7, "disco": 0.15, "ddt": 0.0}
NUM_EPOCHS = 8


def score_table(num_jets: int, *, seed: int, quality: float, sculpting: float) -> Columns:
    """Return scores of tops at a mass peak and falling QCD, the higher the nearer to the peak.

    Args:
        num_jets: half of them tops.
        seed: of the random numbers.
        quality: distance of the classes in standard deviations of the logit.
        sculpting: how much the logit of QCD prefers the mass peak.
    """
    random = np.random.default_rng(seed)
    label = np.arange(num_jets) % 2
    mass = np.where(
        label == 1, random.normal(TOP_MASS, TOP_WIDTH, num_jets), random.gamma(4, 30, num_jets)
    )
    nearness = np.exp(-0.5 * ((mass - TOP_MASS) / (2 * TOP_WIDTH)) ** 2)
    logit = random.normal(0, 1, num_jets) * 1.3 + 2 * sculpting * (nearness - 0.3)
    logit += quality * (label - 0.5)
    return {
        "event_id": np.arange(num_jets, dtype=np.uint64),
        "jet_index": np.zeros(num_jets, np.uint16),
        "label": label.astype(np.int64),
        "weight": np.ones(num_jets, np.float32),
        "score": (1 / (1 + np.exp(-logit))).astype(np.float32),
        "pt": np.full(num_jets, 600, np.float32),
        "mass": mass.astype(np.float32),
    }


def history(*, seed: int, floor: float) -> dict[str, object]:
    """Return the history of a training whose validation loss turns up at its end."""
    random = np.random.default_rng(seed)
    epochs = np.arange(NUM_EPOCHS)
    train = floor + 0.2 * np.exp(-epochs / 2) + random.normal(0, 0.002, NUM_EPOCHS)
    validation = train + 0.004 + 0.0006 * epochs**2
    return {
        "epochs": [
            {
                "epoch": int(epoch),
                "train_loss": float(train[epoch]),
                "validation_loss": float(validation[epoch]),
                "validation_accuracy": 0.9,
                "learning_rate": 1e-3,
                "jets_per_second": 5e3,
                "penalty": 0.0,
            }
            for epoch in epochs
        ],
        "best_epoch": int(np.argmin(validation)),
        "num_parameters": 82_458,
        "train_jets": 20_000,
        "validation_jets": 5_000,
        "seconds": 60.0,
    }


def toy_comparison(*, num_jets: int, replicas: int) -> Comparison:
    """Return three taggers, three decorrelations and two seeds."""
    metrics = {
        Key("tops", tagger, decorrelation): {
            seed: measure(
                score_table(
                    num_jets,
                    seed=7,
                    quality=quality + 0.1 * seed - 0.3 * (sculpting < 0.5),
                    sculpting=sculpting,
                ),
                protected=["mass"],
                replicas=replicas,
                random=np.random.default_rng(seed),
                history=history(seed=seed, floor=0.7 / quality),
            )
            for seed in (1, 2)
        }
        for tagger, quality in QUALITY.items()
        for decorrelation, sculpting in SCULPTING.items()
    }
    return Comparison(toy_legend(), metrics)


def searched_comparison(comparison: Comparison, *, num_jets: int) -> Comparison:
    """Return a comparison with the mass spectra of other jets, of which QCD falls from 50 GeV on.

    Args:
        comparison: what has one training of each tagger and decorrelation at least.
        num_jets: of QCD, and as many tops.
    """
    centre = (MASS_EDGES[1:] + MASS_EDGES[:-1]) / 2
    qcd, top = np.exp(-centre / 50), np.exp(-0.5 * ((centre - TOP_MASS) / TOP_WIDTH) ** 2)
    metrics: dict[Key, dict[int, Metrics]] = {}
    for key, seeds in comparison.metrics.items():
        sculpted = np.exp(6 * SCULPTING[key.decorrelation] * (top - 0.7))
        passing = np.exp(-1.5 * QUALITY[key.tagger]) * sculpted
        for seed, one in seeds.items():
            random = np.random.default_rng(seed)
            spectra = {
                name: {
                    "all": _drawn(num_jets * shape / shape.sum(), random),
                    "passing_0.5": _drawn(num_jets * shape * efficiency / shape.sum(), random),
                }
                for name, shape, efficiency in (
                    ("protected", qcd, passing),
                    ("protected_signal", top, 0.5),
                )
            }
            metrics.setdefault(key, {})[seed] = one.model_copy(update=spectra)
    return Comparison(comparison.legend, metrics)


def sized_comparison(sizes: Sequence[int], *, num_jets: int) -> Comparison:
    """Return one tagger, better with each of the training sizes, which are tasks of their own."""
    metrics = {
        Key(f"tops_{size}", "pfn", "none"): {
            seed: measure(
                score_table(
                    num_jets, seed=7, quality=0.2 * np.log(size) + 0.05 * seed, sculpting=0
                ),
                protected=["mass"],
                replicas=5,
                random=np.random.default_rng(seed),
                history=history(seed=seed, floor=0.2) | {"train_jets": size},
            )
            for seed in (1, 2, 3)
        }
        for size in sizes
    }
    tasks = {key.task: TaskLabel(title=key.task, is_generated=True) for key in metrics}
    return Comparison(toy_legend().model_copy(update={"tasks": tasks}), metrics)


def varied_comparison(comparison: Comparison) -> Comparison:
    """Return a comparison with a variation, in which all values are lower by a third."""
    metrics = dict(comparison.metrics)
    for key, seeds in comparison.metrics.items():
        metrics[key._replace(task="noisy")] = {
            seed: one.model_copy(
                update={"values": {name: _reduced(value) for name, value in one.values.items()}}
            )
            for seed, one in seeds.items()
        }
    tasks = comparison.legend.tasks | {"noisy": TaskLabel(title="with noise", variation_of="tops")}
    return Comparison(comparison.legend.model_copy(update={"tasks": tasks}), metrics)


def _reduced(estimate: Estimate) -> Estimate:
    numbers = (estimate.value, estimate.low, estimate.high)
    value, low, high = (number if number is None else number * 2 / 3 for number in numbers)
    return Estimate(value=value, low=low, high=high)


def toy_score_tables(folder: Path, *, num_jets: int, jets: int = 0) -> ScoreTables:
    """Write the plain scores of three taggers and two seeds, and return the tables.

    Args:
        folder: gets the files where the workflow has them.
        num_jets: of each table.
        jets: added to the event ids of the last tagger, whose jets are then others.
    """
    files = []
    for tagger, quality in QUALITY.items():
        for seed in (1, 2):
            path = folder / f"tops/scores/{tagger}/none/{seed}/test.parquet"
            table = score_table(num_jets, seed=seed, quality=quality, sculpting=0.7)
            if tagger == "topodnn":
                table["event_id"] += np.uint64(jets)
            noise = np.random.default_rng(len(files)).normal(0, 0.05, num_jets)
            table["score"] = np.clip(table["score"] + noise, 0, 1).astype(np.float32)
            write_columns(table, path, provenance={})
            files.append(path)
    return load_score_tables(files, toy_legend())


def challenge_score_tables(folder: Path, *, num_events: int) -> ScoreTables:
    """Write scores of a task with a control channel: one is valid, one knows the simulation."""
    files = []
    for tagger, wrong in {"pfn": 0.0, "cnn": 0.5}.items():
        for seed in (1, 2):
            random = np.random.default_rng(100 + seed)
            label = np.arange(num_events) % 5
            logit = random.normal(size=num_events) + np.choose(label, [0, 0, 1, 1 + wrong, 2])
            path = folder / f"tops/scores/{tagger}/none/{seed}/test.parquet"
            table = score_table(num_events, seed=seed, quality=1, sculpting=0)
            score = (1 / (1 + np.exp(-logit))).astype(np.float32)
            write_columns(table | {"label": label, "score": score}, path, provenance={})
            files.append(path)
    legend = toy_legend()
    published = legend.published[0].model_copy(
        update={
            "numbers": (
                PublishedNumber(
                    system="PFN",
                    metric="disagreement",
                    value=0.06,
                    source="ACAT 2017",
                    location="Figure 7",
                ),
            )
        }
    )
    return load_score_tables(files, legend.model_copy(update={"published": (published,)}))


def toy_legend() -> Legend:
    """Return names, and two published numbers of each tagger."""
    titles = {"pfn": "PFN", "cnn": "CNN", "topodnn": "TopoDNN"}
    rejections = {"PFN": (891.0, 18.0), "CNN": (914.0, 14.0), "TopoDNN": (295.0, 5.0)}
    numbers = [
        PublishedNumber(
            system=system,
            metric="rejection_at_0.3",
            value=value,
            uncertainty=uncertainty,
            source="arXiv:1902.09914",
            location="Table 1",
        )
        for system, (value, uncertainty) in rejections.items()
    ]
    return Legend(
        title="Toy study",
        tasks={"tops": TaskLabel(title="tops", is_generated=True)},
        taggers={name: TaggerLabel(title=title, paper=title) for name, title in titles.items()},
        decorrelations={
            "none": _label("no decorrelation", decorrelates=False),
            "disco": _label("DisCo"),
            "ddt": _label("DDT"),
        },
        left_out=(),
        published=(
            Published(
                title="Landscape",
                source="arXiv:1902.09914",
                train_jets=1_211_000,
                test_jets=404_000,
                numbers=tuple(numbers),
                output_correlations=OutputCorrelations(
                    systems=("CNN", "TopoDNN", "LoLa", "PFN"),
                    below=((0.955,), (0.974, 0.970), (0.984, 0.961, 0.981)),
                    source="arXiv:1902.09914",
                    location="Table 2",
                ),
            ),
        ),
    )


def write_metrics_files(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the metrics of a comparison where the workflow has them."""
    paths = []
    for key, seeds in comparison.metrics.items():
        for seed, metrics in seeds.items():
            path = folder / key.task / "metrics" / key.tagger / key.decorrelation / f"{seed}.json"
            write_json(metrics.model_dump(mode="json"), path)
            paths.append(path)
    return paths


def _drawn(mean: np.ndarray, random: np.random.Generator) -> Histogram:
    counts = tuple(random.poisson(mean).astype(float))
    return Histogram(edges=tuple(MASS_EDGES), sums=counts, variances=counts)


def _label(title: str, *, decorrelates: bool = True) -> DecorrelationLabel:
    return DecorrelationLabel(title=title, decorrelates=decorrelates, family=title)

"""Functions that rules share; the typed configuration is checked here, before any job."""

import os
import signal
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import strip_wildcard_constraints
from snakemake.logging import logger

SOURCE = str(Path(workflow.basedir) / "src")
sys.path.insert(0, SOURCE)
os.environ.update(PYTHONPATH=SOURCE)  # so that scripts find the package in any environment

signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # a time limit is near: trainings alone act on it

from tagline import config as configuration
from tagline import manifest, plugins, records
from tagline.fingerprint import fingerprint
from tagline.legend import legend_of

try:
    CONFIG = configuration.parse(config)
except ValueError as mistake:
    raise WorkflowError(str(mistake)) from None

STUDY = CONFIG.study
LINEUP = CONFIG.lineup
CATALOGUE = configuration.changes_results(CONFIG)
LEGEND = legend_of(CONFIG).model_dump(mode="json")

if workflow.is_main_process:
    for tagger, decorrelation in CONFIG.left_out:
        logger.info(f"left out: {tagger} with {decorrelation}, which do not go together")


wildcard_constraints:
    dataset=configuration.one_of(CONFIG.datasets),
    task=configuration.one_of(CONFIG.tasks),
    representation=configuration.one_of(CONFIG.representations),
    tagger=configuration.one_of(LINEUP.entries),
    decorrelation=configuration.one_of(CONFIG.decorrelations),
    study=STUDY.name,
    seed=r"\d+",
    part=r"\d{4}",
    batch=r"\d{4}",
    file=r"[^/]+",


def entry(path):
    """Make a function that finds an entry of the catalogue, as `entry("taggers/{tagger}")`."""

    def of_job(wildcards):
        found = CATALOGUE
        for name in path.format(**wildcards).split("/"):
            found = found[name]
        return found

    return of_job


def num_batches(dataset):
    """Count the skim jobs of a dataset."""
    return -(-len(files_of_dataset(dataset)) // CONFIG.datasets[dataset].files_per_job)


def files_of_dataset(dataset):
    """List the files of a dataset, generated, published or given."""
    entry = CONFIG.datasets[dataset]
    if entry.generate:
        return expand(
            "results/datasets/{dataset}/raw/{part}.root",
            dataset=dataset,
            part=[f"{part:04d}" for part in range(entry.generate.parts)],
        )
    if entry.fetch:
        return expand(
            "results/datasets/{dataset}/files/{file}",
            dataset=dataset,
            file=records.names_of(entry.fetch),
        )
    return manifest.expand_files(entry.files)


def manifest_of_dataset(wildcards):
    """Return the list of a dataset's published files, in the repository or to be looked up."""
    committed = CONFIG.datasets[wildcards.dataset].fetch.manifest
    return committed or f"results/datasets/{wildcards.dataset}/record.json"


def listed_file(wildcards):
    """Return what a list in the repository says of a file; a record's is not read here."""
    committed = CONFIG.datasets[wildcards.dataset].fetch.manifest
    if not committed:
        return CATALOGUE["datasets"][wildcards.dataset]["fetch"]["record"]
    return records.read_manifest(committed).named(wildcards.file).model_dump()


def files_of_batch(wildcards):
    """List the files of one skim job."""
    size = CONFIG.datasets[wildcards.dataset].files_per_job
    first = int(wildcards.batch) * size
    return files_of_dataset(wildcards.dataset)[first : first + size]


def local_files_of_batch(wildcards):
    """List those files of one skim job that Snakemake can see, which are those without a URL."""
    return [file for file in files_of_batch(wildcards) if "://" not in file]


def skims_of_dataset(dataset):
    """List the skims of a dataset."""
    return expand(
        "results/datasets/{dataset}/skim/{batch}",
        dataset=dataset,
        batch=[f"{batch:04d}" for batch in range(num_batches(dataset))],
    )


def skims_of_task(wildcards):
    """List the skims that a task reads."""
    datasets = CONFIG.tasks[wildcards.task].datasets
    return [skim for dataset in datasets for skim in skims_of_dataset(dataset)]


def parts_of_dataset(wildcards):
    """List the generated parts of a dataset."""
    return files_of_dataset(wildcards.dataset)


def recipe_of_dataset(wildcards):
    """Return the recipe of a generated dataset."""
    return CATALOGUE["recipes"][CONFIG.datasets[wildcards.dataset].generate.recipe]


def pythia_of_dataset(wildcards):
    """Return the Pythia command file of a generated dataset."""
    return recipe_of_dataset(wildcards)["pythia"]


def reference_of_dataset(wildcards):
    """Return what the published jets of a generated dataset look like."""
    recipe = CONFIG.datasets[wildcards.dataset].generate.recipe
    return CONFIG.recipes[recipe].reference.model_dump(mode="json")


def code_of_reader(wildcards):
    """Fingerprint the skim and the reader of a dataset."""
    reader = CONFIG.datasets[wildcards.dataset].reader
    return fingerprint("tagline.skim", f"tagline.datasets.{reader}")


def code_of_representation(wildcards):
    """Fingerprint the preparation of one representation."""
    kind = CONFIG.representations[wildcards.representation].kind
    return fingerprint("tagline.prepare", f"tagline.representations.{kind}")


def modules_of_tagger(tagger):
    """List the plugins of a tagger that every stage with its network imports."""
    entry = CONFIG.taggers[tagger]
    architecture = plugins.module_of("taggers", entry.architecture)
    return architecture, f"tagline.objectives.{entry.objective}"


def code_of_training(wildcards):
    """Fingerprint the training of one tagger with one decorrelation."""
    method = CONFIG.decorrelations[wildcards.decorrelation].method
    modules = modules_of_tagger(wildcards.tagger)
    return fingerprint("tagline.train", *modules, f"tagline.decorrelation.{method}")


def code_of_stage(stage):
    """Make a function that fingerprints what a stage does with one tagger."""

    def of_tagger(wildcards):
        return fingerprint(stage, *modules_of_tagger(wildcards.tagger))

    return of_tagger


def code_of_decorrelation(wildcards):
    """Fingerprint a method that acts on scores."""
    method = CONFIG.decorrelations[wildcards.decorrelation].method
    return fingerprint("tagline.decorrelate", f"tagline.decorrelation.{method}")


def source_of_training(wildcards):
    """List the weights that a training starts from: none, or one file."""
    start = CONFIG.taggers[wildcards.tagger].start_from
    if start is None:
        return []
    if start.model:
        return [str(start.model)]
    return expand(
        "results/{task}/models/{tagger}/{decorrelation}/{seed}/model.pt",
        task=start.task or wildcards.task,
        tagger=start.tagger,
        decorrelation=start.decorrelation or CONFIG.plain,
        seed=wildcards.seed if start.seed is None else start.seed,
    )


def prepared_of_tagger(wildcards):
    """Return the prepared jets that a tagger reads."""
    representation = LINEUP.representation_of(wildcards.tagger)
    return f"results/{wildcards.task}/prepared/{representation}"


def representation_of_tagger(wildcards):
    """Return the catalogue entry of what a tagger reads."""
    return CATALOGUE["representations"][CONFIG.taggers[wildcards.tagger].representation]


def history_of_scores(wildcards):
    """Return the history of the training behind some scores."""
    trained = CONFIG.trained_as(wildcards.decorrelation)
    return f"results/{wildcards.task}/models/{wildcards.tagger}/{trained}/{wildcards.seed}/history.json"


def exports_of_study():
    """List the ONNX files that a study asks for."""
    files = [
        f"results/{task}/models/{tagger}/{CONFIG.trained_as(decorrelation)}/{seed}/model.onnx"
        for task in STUDY.tasks
        for tagger, decorrelation in CONFIG.compared
        if tagger in STUDY.export
        for seed in STUDY.seeds
    ]
    return list(dict.fromkeys(files))


def attributions_of_study():
    """List the attributions that a study asks for, of each tagger's first decorrelation."""
    first_of = dict(reversed(CONFIG.compared))
    return [
        f"results/{task}/attributions/{tagger}/{CONFIG.trained_as(first_of[tagger])}/{seed}.json"
        for task in STUDY.tasks
        for tagger in STUDY.interpret
        for seed in STUDY.seeds
    ]


def validations_of_study():
    """List the comparisons of generated samples with published ones."""
    datasets = dict.fromkeys(name for task in STUDY.tasks for name in CONFIG.tasks[task].datasets)
    return expand(
        "results/datasets/{dataset}/validation.json",
        dataset=[name for name in datasets if CONFIG.has_reference(name)],
    )


def source_of_figure(wildcards):
    """List what a figure reads: metrics, scores, attributions, images, samples or the time table."""
    match plugins.constant_of("figures", wildcards.figure, "READS"):
        case "metrics":
            return metrics_of_study()
        case "scores":
            return scores_of_study()
        case "attributions":
            return attributions_of_study()
        case "images":
            return expand(
                "results/{task}/prepared/{representation}",
                task=STUDY.tasks,
                representation=STUDY.images,
            )
        case "recipes":
            return validations_of_study()
        case "benchmarks":
            return expand("results/{study}/tables/time.csv", study=STUDY.name)


def caption_of_figure(wildcards):
    """Return the caption of a figure."""
    return plugins.constant_of("figures", wildcards.figure, "CAPTION")


def code_of_figure(wildcards):
    """Fingerprint one figure."""
    return fingerprint("tagline.draw", f"tagline.figures.{wildcards.figure}")


def tables_of_results():
    """List the tables of the study that hold results."""
    tables = ["comparison.csv", "comparison.md", "comparison.tex"]
    if validations_of_study():
        tables.append("samples.md")
    return expand("results/{study}/tables/{table}", study=STUDY.name, table=tables)


def tables_of_study():
    """List the tables of the study."""
    account = expand("results/{study}/tables/time.{kind}", study=STUDY.name, kind=["csv", "md"])
    return tables_of_results() + account


def names_of_figures():
    """List the figures of the study that show results."""
    return [
        figure
        for figure in STUDY.figures
        if plugins.constant_of("figures", figure, "READS") != "benchmarks"
    ]


def figures_of_results():
    """List the figures of the study that show results."""
    figures = names_of_figures()
    return expand("results/{study}/figures/{figure}.png", study=STUDY.name, figure=figures)


def figures_of_study():
    """List the figures of the study."""
    return expand("results/{study}/figures/{figure}.png", study=STUDY.name, figure=STUDY.figures)


def benchmarks_of_stages(wildcards):
    """Return where each stage leaves its benchmarks, but for the one that adds them up."""
    return {
        stage.name: strip_wildcard_constraints(stage.benchmark)
        for stage in workflow.rules
        if stage.benchmark and stage.name != "account"
    }


def histories_of_trainings(wildcards):
    """Return where trainings leave their histories."""
    return strip_wildcard_constraints(rules.train.output.history)


def names_of_study():
    """List the names that a study uses, by wildcard."""
    tasks = [CONFIG.tasks[task] for task in STUDY.tasks]
    taggers = LINEUP.behind(STUDY.taggers)
    read = [name for name in map(LINEUP.representation_of, taggers) if name]
    trained = [CONFIG.trained_as(decorrelation) for decorrelation in STUDY.decorrelations]
    return {
        "study": [STUDY.name],
        "task": list(STUDY.tasks),
        "dataset": list(dict.fromkeys(name for task in tasks for name in task.datasets)),
        "representation": list(dict.fromkeys([*read, *STUDY.images])),
        "tagger": taggers,
        "decorrelation": list(dict.fromkeys([*STUDY.decorrelations, *trained])),
        "figure": names_of_figures(),
    }


def seeds_of_study():
    """List the seeds of each tagger that a study uses."""
    taggers = LINEUP.behind(STUDY.taggers)
    return {tagger: list(map(str, LINEUP.seeds_of(tagger))) for tagger in taggers}


for task in STUDY.tasks:
    for dataset in CONFIG.tasks[task].datasets:
        files_of_dataset(dataset)  # a missing file is an error now, not a rule that never runs
for tagger in set(LINEUP.behind(STUDY.taggers)) & CONFIG.taggers.keys():
    start = CONFIG.taggers[tagger].start_from
    if start and start.model and not start.model.exists():
        raise WorkflowError(f"taggers.{tagger}.start_from.model: no file {str(start.model)!r}")

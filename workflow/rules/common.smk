"""Functions that rules share; the typed configuration is checked here, before any job."""

import os
import signal
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

SOURCE = str(Path(workflow.basedir) / "src")
sys.path.insert(0, SOURCE)
os.environ.update(PYTHONPATH=SOURCE)  # so that scripts find the package in any environment

signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # a time limit is near: trainings alone act on it

from tagline.settings import config as configuration
from tagline.settings import plugins
from tagline.artefacts.fingerprint import fingerprint
from tagline.settings.legend import legend_of

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
    toy=configuration.one_of(plugins.names("toys")),


def entry(path):
    """Make a function that finds an entry of the catalogue, as `entry("taggers/{tagger}")`."""

    def of_job(wildcards):
        found = CATALOGUE
        for name in path.format(**wildcards).split("/"):
            found = found[name]
        return found

    return of_job


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


def scores_of_training(split):
    """Make a function that names the scores of a split that a post-hoc method acts on."""

    def of_decorrelation(wildcards):
        trained = CONFIG.trained_as(wildcards.decorrelation)
        return f"results/{wildcards.task}/scores/{wildcards.tagger}/{trained}/{wildcards.seed}/{split}.parquet"

    return of_decorrelation


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


def folder_of_training(task, tagger, decorrelation, seed):
    """Return the folder of a training; a variation has those of its task."""
    if tagger in CONFIG.taggers:
        task = CONFIG.nominal(task)
    return f"results/{task}/models/{tagger}/{CONFIG.trained_as(decorrelation)}/{seed}"


def model_of_scores(wildcards):
    """Return the trained model behind some scores."""
    return f"{folder_of_training(**wildcards)}/model.pt"


def history_of_scores(wildcards):
    """Return the history of the training behind some scores."""
    return f"{folder_of_training(**wildcards)}/history.json"


def nominal_task(wildcards):
    """Return the catalogue entry of the task that a variation varies."""
    return CATALOGUE["tasks"][CONFIG.nominal(wildcards.task)]


def split_of_nominal(wildcards):
    """Return the split of the task that a variation varies."""
    return f"results/{CONFIG.nominal(wildcards.task)}/split"

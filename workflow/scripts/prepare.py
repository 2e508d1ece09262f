"""Turn jets into numbers."""

from pathlib import Path

from tagline.artefacts import job
from tagline.prepare import prepare
from tagline.settings.catalogue import Representation
from tagline.settings.task import Task

job.start(
    f"prepare {snakemake.wildcards.representation}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
task = Task(**snakemake.params.task)
prepare(
    Path(snakemake.input.split),
    representation=Representation(**snakemake.params.representation),
    protected=task.protected,
    class_names=list(task.classes),
    folder=Path(snakemake.output.prepared),
)

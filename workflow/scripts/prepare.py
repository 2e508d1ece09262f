"""Turn jets into numbers."""

from pathlib import Path

from tagline import logs
from tagline.catalogue import Representation, Task
from tagline.prepare import prepare

logs.start(snakemake.log[0], f"prepare {snakemake.wildcards.representation}")
task = Task(**snakemake.params.task)
prepare(
    Path(snakemake.input.split),
    representation=Representation(**snakemake.params.representation),
    protected=task.protected,
    class_names=list(task.classes),
    folder=Path(snakemake.output.prepared),
)

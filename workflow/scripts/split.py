"""Label the jets of a task and split them by event."""

from pathlib import Path

from tagline.artefacts import job
from tagline.settings.task import Task
from tagline.split import split

job.start(
    f"split {snakemake.wildcards.task}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
task = Task(**snakemake.params.task)
skims = [Path(folder) for folder in snakemake.input.skims]
split(
    {name: [skim for skim in skims if skim.parts[-3] == name] for name in task.datasets},
    task=task,
    folder=Path(snakemake.output.split),
    sampling=Path(snakemake.output.sampling),
)

"""Give the training and validation jets of a task other test jets, or some with noise."""

from pathlib import Path

from tagline.artefacts import job
from tagline.settings.task import Task
from tagline.variation import vary

job.start(
    f"vary {snakemake.wildcards.task}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
variation = Task(**snakemake.params.variation)
skims = [Path(folder) for folder in snakemake.input.skims]
vary(
    {name: [skim for skim in skims if skim.parts[-3] == name] for name in variation.datasets},
    variation=variation,
    nominal=Task(**snakemake.params.nominal),
    nominal_split=Path(snakemake.input.nominal),
    folder=Path(snakemake.output.split),
)

"""Decorrelate scores after the training."""

from pathlib import Path

from tagline.artefacts import job
from tagline.decorrelate import decorrelate
from tagline.settings.catalogue import Decorrelation

names = snakemake.wildcards
job.start(
    f"decorrelate {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=snakemake.input,
)
decorrelate(
    {split_name: Path(file) for split_name, file in snakemake.input.items()},
    decorrelation=Decorrelation(**snakemake.params.decorrelation),
    protected=snakemake.params.protected,
    outputs={split_name: Path(file) for split_name, file in snakemake.output.items()},
)

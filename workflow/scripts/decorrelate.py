"""Decorrelate scores after the training."""

from pathlib import Path

from tagline import logs
from tagline.catalogue import Decorrelation
from tagline.decorrelate import decorrelate

names = snakemake.wildcards
logs.start(snakemake.log[0], f"decorrelate {names.tagger} {names.decorrelation} {names.seed}")
decorrelate(
    {split_name: Path(file) for split_name, file in snakemake.input.items()},
    decorrelation=Decorrelation(**snakemake.params.decorrelation),
    protected=snakemake.params.protected,
    outputs={split_name: Path(file) for split_name, file in snakemake.output.items()},
)

"""Add up the ledgers of all skims of a study."""

from pathlib import Path

from tagline.artefacts import job
from tagline.cut_flow import tally

job.start(
    f"tally {snakemake.wildcards.study}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
skims = [Path(folder) for folder in snakemake.input.skims]
allowed = snakemake.params.allow_failed
tally(
    {name: [skim for skim in skims if skim.parts[-3] == name] for name in allowed},
    allow_failed=allowed,
    csv_file=Path(snakemake.output.csv),
)

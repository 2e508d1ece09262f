"""Add up what every job of a study took."""

from pathlib import Path

from tagline.accounts_table import account
from tagline.artefacts import job

job.start(
    f"account {snakemake.wildcards.study}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
account(
    snakemake.params.benchmarks,
    only=snakemake.params.names,
    seeds=snakemake.params.seeds,
    histories=snakemake.params.histories,
    csv_file=Path(snakemake.output.csv),
    markdown_file=Path(snakemake.output.markdown),
)

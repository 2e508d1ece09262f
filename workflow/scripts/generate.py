"""Make one part of a dataset."""

from pathlib import Path

from tagline.artefacts import job
from tagline.generate import generate
from tagline.settings.recipes import Recipe

dataset, part = snakemake.wildcards.dataset, snakemake.wildcards.part
job.start(
    f"generate {dataset} {part}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
generate(
    Recipe(**snakemake.params.recipe),
    dataset=dataset,
    part=int(part),
    num_jets=snakemake.params.num_jets,
    root_file=Path(snakemake.output.root),
    ledger_file=Path(snakemake.output.ledger),
)

"""Make one part of a dataset."""

from pathlib import Path

from tagline import logs
from tagline.catalogue import Recipe
from tagline.generate import generate

dataset, part = snakemake.wildcards.dataset, snakemake.wildcards.part
logs.start(snakemake.log[0], f"generate {dataset} {part}")
generate(
    Recipe(**snakemake.params.recipe),
    dataset=dataset,
    part=int(part),
    num_jets=snakemake.params.num_jets,
    root_file=Path(snakemake.output.root),
    ledger_file=Path(snakemake.output.ledger),
)

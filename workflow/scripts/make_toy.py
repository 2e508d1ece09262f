"""Make one file of a toy."""

from pathlib import Path

from tagline import toys
from tagline.artefacts import job

toy, file = snakemake.wildcards.toy, snakemake.wildcards.file
job.start(
    f"make_toy {toy} {file}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
toys.make(toy, Path(snakemake.output.file))

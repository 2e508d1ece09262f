"""Look up the files of a published record."""

from pathlib import Path

from tagline.artefacts import job
from tagline.fetch import look_up

job.begin(f"record {snakemake.wildcards.dataset}", log=snakemake.log[0])
look_up(
    snakemake.params.record,
    Path(snakemake.output.manifest),
    checksum=snakemake.params.checksum,
)

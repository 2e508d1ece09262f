"""Download one published file."""

from pathlib import Path

from tagline.artefacts import job
from tagline.fetch import fetch
from tagline.settings import records

dataset, name = snakemake.wildcards.dataset, snakemake.wildcards.file
job.begin(f"fetch {dataset} {name}", log=snakemake.log[0])
manifest = records.read_manifest(Path(snakemake.input.manifest))
fetch(manifest.named(name), Path(snakemake.output.file))

"""Download one published file."""

from pathlib import Path

from tagline.artefacts import job
from tagline.fetch import fetch
from tagline.settings import records
from tagline.settings.catalogue import Dataset

dataset, name = snakemake.wildcards.dataset, snakemake.wildcards.file
job.begin(f"fetch {dataset} {name}", log=snakemake.log[0])
file = records.read_manifest(Path(snakemake.input.manifest)).named(name)
places = Dataset(**snakemake.config["datasets"][dataset]).places_of(file.url)
fetch(file.listed, Path(snakemake.output.file), places=places)

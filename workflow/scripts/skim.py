"""Read a batch of ROOT files into flat Parquet."""

from pathlib import Path

from tagline.artefacts import job
from tagline.artefacts.fingerprint import digest
from tagline.settings.catalogue import Dataset, Skim
from tagline.settings.records import ListedFile
from tagline.skim import skim

dataset, params = snakemake.wildcards.dataset, snakemake.params
files = [ListedFile(**file) for file in params.files]
job.start(
    f"skim {dataset} {snakemake.wildcards.batch}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=params,
    inputs=[file.path for file in files],
)
where = Skim(**snakemake.config.get("skim", {}))
states = [(path.stat().st_size, path.stat().st_mtime_ns) for path in map(Path, snakemake.input)]
key = digest([params.selected, params.code, params.files, states])
skim(
    files,
    dataset=Dataset(**snakemake.config["datasets"][dataset]),
    folder=Path(snakemake.output.skim),
    processes=snakemake.threads,
    cache=Path("results/.checkpoints") / key,
    where=where,
    memory_mb=snakemake.resources.mem_mb,
    performance=Path(snakemake.log[0]).with_suffix(".html") if where.performance else None,
)

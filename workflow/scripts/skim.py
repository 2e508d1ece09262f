"""Read a batch of ROOT files into flat Parquet."""

from pathlib import Path

from tagline import job
from tagline.catalogue import Dataset
from tagline.fingerprint import digest
from tagline.skim import skim

dataset, params = snakemake.wildcards.dataset, snakemake.params
job.start(
    f"skim {dataset} {snakemake.wildcards.batch}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=params,
    inputs=params.files,
)
states = [(path.stat().st_size, path.stat().st_mtime_ns) for path in map(Path, snakemake.input)]
key = digest([params.dataset, params.code, params.files, states])
skim(
    params.files,
    dataset=Dataset(**params.dataset),
    folder=Path(snakemake.output.skim),
    processes=snakemake.threads,
    scheduler=snakemake.config.get("dask_scheduler", ""),
    cache=Path("results/.checkpoints") / key,
)

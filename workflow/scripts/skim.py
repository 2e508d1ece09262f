"""Read a batch of ROOT files into flat Parquet."""

from pathlib import Path

from tagline import logs
from tagline.catalogue import Dataset
from tagline.fingerprint import digest
from tagline.skim import skim

dataset, params = snakemake.wildcards.dataset, snakemake.params
logs.start(snakemake.log[0], f"skim {dataset} {snakemake.wildcards.batch}")
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

"""Train one tagger with one seed."""

from pathlib import Path

from tagline import logs
from tagline.catalogue import Decorrelation, Tagger
from tagline.fingerprint import digest
from tagline.train import train

names, params = snakemake.wildcards, snakemake.params
logs.start(snakemake.log[0], f"train {names.tagger} {names.decorrelation} {names.seed}")
prepared = Path(snakemake.input.prepared)
key = digest([dict(names), dict(params)], [file for file in prepared.rglob("*") if file.is_file()])
train(
    prepared,
    tagger=Tagger(**params.tagger),
    decorrelation=Decorrelation(**params.decorrelation),
    protected=params.protected,
    seed=int(names.seed),
    model_file=Path(snakemake.output.model),
    history_file=Path(snakemake.output.history),
    checkpoints=Path("results/.checkpoints") / key,
    threads=snakemake.threads,
)

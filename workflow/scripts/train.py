"""Train one tagger with one seed."""

from pathlib import Path

from tagline import job
from tagline.catalogue import Decorrelation, Tagger
from tagline.fingerprint import digest
from tagline.train import train

names, params = snakemake.wildcards, snakemake.params
job.start(
    f"train {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=params,
    inputs=snakemake.input,
)
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

"""Train one tagger with one seed."""

from pathlib import Path

from tagline.artefacts import job
from tagline.artefacts.checksums import CACHE, checksum
from tagline.artefacts.fingerprint import digest
from tagline.learning.assignment import Assignment
from tagline.settings.catalogue import Decorrelation, Tagger
from tagline.train import train

names, params = snakemake.wildcards, snakemake.params
job.start(
    f"train {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=params,
    inputs=snakemake.input,
)
checksums = [checksum(path, cache=CACHE) for path in snakemake.input]
train(
    Assignment(
        prepared=Path(snakemake.input.prepared),
        tagger=Tagger(**params.tagger),
        decorrelation=Decorrelation(**params.decorrelation),
        protected=tuple(params.protected),
        seed=int(names.seed),
        model_file=Path(snakemake.output.model),
        history_file=Path(snakemake.output.history),
        checkpoints=Path("results/.checkpoints", "train", *names),
        key=digest([dict(names), dict(params), *checksums]),
        threads=snakemake.threads,
        source=next(map(Path, snakemake.input.source), None),
    )
)

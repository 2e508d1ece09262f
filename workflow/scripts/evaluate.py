"""Measure one set of test scores."""

from pathlib import Path

from tagline.artefacts import job
from tagline.evaluate import evaluate

names = snakemake.wildcards
job.start(
    f"evaluate {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=snakemake.input,
)
evaluate(
    Path(snakemake.input.scores),
    Path(snakemake.input.history),
    protected=snakemake.params.protected,
    replicas=snakemake.params.replicas,
    seed=int(names.seed),
    metrics_file=Path(snakemake.output.metrics),
)

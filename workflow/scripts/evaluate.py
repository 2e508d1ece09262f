"""Measure one set of test scores."""

from pathlib import Path

from tagline import logs
from tagline.evaluate import evaluate

names = snakemake.wildcards
logs.start(snakemake.log[0], f"evaluate {names.tagger} {names.decorrelation} {names.seed}")
evaluate(
    Path(snakemake.input.scores),
    Path(snakemake.input.history),
    protected=snakemake.params.protected,
    replicas=snakemake.params.replicas,
    seed=int(names.seed),
    metrics_file=Path(snakemake.output.metrics),
)

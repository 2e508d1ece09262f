"""Score jets with a trained model."""

from pathlib import Path

from tagline.artefacts import job
from tagline.score import score

names = snakemake.wildcards
job.start(
    f"score {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=snakemake.input,
)
for split_name, score_file in snakemake.output.items():
    score(
        Path(snakemake.input.model),
        Path(snakemake.input.prepared),
        split_name=split_name,
        protected=snakemake.params.protected,
        score_file=Path(score_file),
        threads=snakemake.threads,
    )

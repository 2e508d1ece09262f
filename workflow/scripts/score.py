"""Score jets with a trained model."""

from pathlib import Path

from tagline import logs
from tagline.score import score

names = snakemake.wildcards
logs.start(snakemake.log[0], f"score {names.tagger} {names.decorrelation} {names.seed}")
for split_name, score_file in snakemake.output.items():
    score(
        Path(snakemake.input.model),
        Path(snakemake.input.prepared),
        split_name=split_name,
        protected=snakemake.params.protected,
        score_file=Path(score_file),
        threads=snakemake.threads,
    )

"""Combine the scores of several trainings."""

from pathlib import Path

from tagline.artefacts import job
from tagline.combine import combine
from tagline.settings.contenders import Combination

names, inputs, outputs = snakemake.wildcards, snakemake.input, snakemake.output
job.start(
    f"combine {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=inputs,
)
combine(
    {split: [Path(file) for file in inputs[split]] for split in ("validation", "test")},
    [Path(file) for file in inputs.histories],
    combination=Combination(**snakemake.params.combination),
    seed=int(names.seed),
    outputs={split: Path(outputs[split]) for split in ("validation", "test")},
    history_file=Path(outputs.history),
)

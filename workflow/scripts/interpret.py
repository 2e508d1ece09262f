"""Find what a trained network looks at."""

from pathlib import Path

from tagline.artefacts import job
from tagline.interpret import interpret
from tagline.settings.task import Task

names = snakemake.wildcards
job.start(
    f"interpret {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=snakemake.input,
)
interpret(
    Path(snakemake.input.model),
    Path(snakemake.input.prepared),
    class_names=list(Task(**snakemake.params.task).classes),
    seed=int(names.seed),
    attributions_file=Path(snakemake.output.attributions),
    threads=snakemake.threads,
)

"""Read scores that were made elsewhere."""

from pathlib import Path

from tagline.artefacts import job
from tagline.import_scores import import_scores
from tagline.settings.contenders import Outside

names, inputs, outputs = snakemake.wildcards, snakemake.input, snakemake.output
job.start(
    f"import scores {names.tagger} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=inputs,
)
outside = Outside(**snakemake.params.outside)
files = outside.files(task=names.task, seed=int(names.seed))
import_scores(
    {split: Path(file) for split, file in files.items()},
    Path(inputs.split),
    outside=outside,
    protected=snakemake.params.protected,
    outputs={split: Path(outputs[split]) for split in ("validation", "test")},
    history_file=Path(outputs.history),
)

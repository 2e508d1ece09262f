"""Score jets with an ONNX network that was made elsewhere."""

from pathlib import Path

from tagline.artefacts import job
from tagline.score_onnx import score_onnx
from tagline.settings.contenders import Outside

names, inputs, outputs = snakemake.wildcards, snakemake.input, snakemake.output
job.start(
    f"score ONNX {names.tagger} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=inputs,
)
score_onnx(
    Path(inputs.onnx[0]),
    Path(inputs.prepared),
    outside=Outside(**snakemake.params.outside),
    protected=snakemake.params.protected,
    outputs={split: Path(outputs[split]) for split in ("validation", "test")},
    history_file=Path(outputs.history),
    threads=snakemake.threads,
)

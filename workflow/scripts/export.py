"""Write a trained network as ONNX."""

from pathlib import Path

from tagline.artefacts import job
from tagline.export import export
from tagline.settings.catalogue import Representation
from tagline.settings.task import Task

names = snakemake.wildcards
job.start(
    f"export {names.tagger} {names.decorrelation} {names.seed}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=names,
    params=snakemake.params,
    inputs=snakemake.input,
)
export(
    Path(snakemake.input.model),
    Path(snakemake.input.prepared),
    representation=Representation(**snakemake.params.representation),
    class_names=list(Task(**snakemake.params.task).classes),
    onnx_file=Path(snakemake.output.onnx),
    parity_file=Path(snakemake.output.parity),
)

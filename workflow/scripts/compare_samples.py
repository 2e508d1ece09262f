"""Set the generated samples of a study beside the published ones."""

from pathlib import Path

from tagline.artefacts import job
from tagline.artefacts.files import read_json, write_text
from tagline.generate.validate import table

job.start(
    "compare samples",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
files = [Path(file) for file in snakemake.input.validations]
write_text(
    table({file.parent.name: read_json(file) for file in files}), Path(snakemake.output.table)
)

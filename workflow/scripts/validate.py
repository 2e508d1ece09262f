"""Compare a generated dataset with the published one."""

from pathlib import Path

from tagline.artefacts import job
from tagline.artefacts.files import write_json
from tagline.generate.validate import validate
from tagline.settings.recipes import Reference

job.start(
    f"validate {snakemake.wildcards.dataset}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
validation = validate(
    [Path(file) for file in snakemake.input.root],
    Reference(**snakemake.params.reference),
)
write_json(validation, Path(snakemake.output.validation))

"""Compare a generated dataset with the published one."""

from pathlib import Path

from tagline import logs
from tagline.catalogue import Reference
from tagline.files import write_json
from tagline.generate.validate import validate

logs.start(snakemake.log[0], f"validate {snakemake.wildcards.dataset}")
validation = validate(
    [Path(file) for file in snakemake.input.root],
    Reference(**snakemake.params.reference),
)
write_json(validation, Path(snakemake.output.validation))

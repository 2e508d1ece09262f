"""Set the generated samples of a study beside the published ones."""

from pathlib import Path

from tagline import logs
from tagline.files import read_json, whole_file
from tagline.generate.validate import table

logs.start(snakemake.log[0], "compare samples")
files = [Path(file) for file in snakemake.input.validations]
with whole_file(Path(snakemake.output.table)) as path:
    path.write_text(table({file.parent.name: read_json(file) for file in files}))

"""Set the metrics of a study beside the published numbers."""

from pathlib import Path

from tagline.artefacts import job
from tagline.compare import load
from tagline.settings.legend import Legend
from tagline.tables import write

job.start(
    f"compare {snakemake.wildcards.study}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
legend = Legend(**snakemake.params.legend)
write(
    load(map(Path, snakemake.input.metrics), legend),
    Path(snakemake.output.csv).parent,
)

"""Set the metrics of a study beside the published numbers."""

from pathlib import Path

from tagline import logs
from tagline.compare import load
from tagline.legend import Legend
from tagline.tables import write

logs.start(snakemake.log[0], f"compare {snakemake.wildcards.study}")
legend = Legend(**snakemake.params.legend)
write(
    load(map(Path, snakemake.input.metrics), legend),
    Path(snakemake.output.csv).parent,
)

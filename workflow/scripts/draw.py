"""Draw one figure of a study."""

from pathlib import Path

from tagline.artefacts import job
from tagline.draw import draw
from tagline.settings.legend import Legend

job.start(
    f"draw {snakemake.wildcards.figure}",
    log=snakemake.log[0],
    rule=snakemake.rule,
    wildcards=snakemake.wildcards,
    params=snakemake.params,
    inputs=snakemake.input,
)
draw(
    snakemake.wildcards.figure,
    [Path(file) for file in snakemake.input.source],
    legend=Legend(**snakemake.params.legend),
    png=Path(snakemake.output.png),
    pdf=Path(snakemake.output.pdf),
)

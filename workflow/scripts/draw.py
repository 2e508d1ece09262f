"""Draw one figure of a study."""

from pathlib import Path

from tagline import logs
from tagline.draw import draw
from tagline.legend import Legend

logs.start(snakemake.log[0], f"draw {snakemake.wildcards.figure}")
draw(
    snakemake.wildcards.figure,
    [Path(file) for file in snakemake.input.source],
    legend=Legend(**snakemake.params.legend),
    png=Path(snakemake.output.png),
    pdf=Path(snakemake.output.pdf),
)

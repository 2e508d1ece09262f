rule compare:
    """Set the metrics of a study beside the published numbers."""
    input:
        metrics=metrics_of_study(),
    output:
        csv=report(
            "results/{study}/tables/comparison.csv",
            caption="../report/comparison.rst",
            category="Tables",
        ),
        markdown="results/{study}/tables/comparison.md",
        tex="results/{study}/tables/comparison.tex",
    log:
        "logs/compare/{study}.log",
    benchmark:
        "results/benchmarks/compare/{study}.tsv"
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    params:
        legend=LEGEND,
        code=fingerprint("tagline.tables"),
    script:
        "../scripts/compare.py"


rule draw:
    """Draw one figure of a study."""
    input:
        source=source_of_figure,
    output:
        png=report(
            "results/{study}/figures/{figure}.png",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        pdf="results/{study}/figures/{figure}.pdf",
    log:
        "logs/draw/{study}/{figure}.log",
    benchmark:
        "results/benchmarks/draw/{study}/{figure}.tsv"
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=megabytes(1000, per_input=3),
        runtime=minutes(10),
    params:
        caption=caption_of_figure,
        legend=LEGEND,
        code=code_of_figure,
    script:
        "../scripts/draw.py"


rule compare_samples:
    """Set the generated samples of a study beside the published ones."""
    input:
        validations=validations_of_study(),
    output:
        table=report(
            "results/{study}/tables/samples.md",
            caption="../report/samples.rst",
            category="Tables",
        ),
    log:
        "logs/compare_samples/{study}.log",
    benchmark:
        "results/benchmarks/compare_samples/{study}.tsv"
    conda:
        "../../envs/generate.yaml"
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        code=fingerprint("tagline.generate.validate"),
    script:
        "../scripts/compare_samples.py"

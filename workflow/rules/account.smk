rule account:
    """Add up what every job of a study took, from the benchmark files that are there."""
    input:
        tables=tables_of_results(),
        figures=figures_of_results(),
    output:
        csv=report(
            "results/{study}/tables/time.csv",
            caption="../report/time.rst",
            category="Tables",
        ),
        markdown="results/{study}/tables/time.md",
    log:
        "logs/account/{study}.log",
    benchmark:
        "results/benchmarks/account/{study}.tsv"
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        benchmarks=benchmarks_of_stages,
        names=names_of_study(),
        histories=histories_of_trainings,
        code=fingerprint("tagline.accounts_table"),
    script:
        "../scripts/account.py"

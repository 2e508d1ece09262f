rule tally:
    """Add up the ledgers of all skims of a study, and stop if too many files failed."""
    input:
        skims=skims_of_study,
    output:
        csv=report(
            "results/{study}/tables/cut_flow.csv",
            caption="../report/cut_flow.rst",
            category="Tables",
        ),
        markdown="results/{study}/tables/cut_flow.md",
    log:
        "logs/tally/{study}.log",
    benchmark:
        "results/benchmarks/tally/{study}.tsv"
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        allow_failed=failures_allowed(),
        code=fingerprint("tagline.cut_flow"),
    script:
        "../scripts/tally.py"

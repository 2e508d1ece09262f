rule prepare:
    """Turn jets into numbers, with statistics from the training set alone."""
    input:
        split="results/{task}/split",
    output:
        prepared=directory("results/{task}/prepared/{representation}"),
    log:
        "logs/prepare/{task}/{representation}.log",
    benchmark:
        "results/benchmarks/prepare/{task}/{representation}.tsv"
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(1500, per_input=2),
        runtime=minutes(30, per_gigabyte=60),
    params:
        representation=entry("representations/{representation}"),
        task=entry("tasks/{task}"),
        code=code_of_representation,
    script:
        "../scripts/prepare.py"

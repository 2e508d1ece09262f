rule split:
    """Label the jets of a task and split them by event."""
    input:
        skims=skims_of_task,
    output:
        split=directory("results/{task}/split"),
    log:
        "logs/split/{task}.log",
    benchmark:
        "results/benchmarks/split/{task}.tsv"
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(1000, per_input=6),
        runtime=minutes(15, per_gigabyte=10),
    params:
        task=entry("tasks/{task}"),
        code=fingerprint("tagline.split"),
    script:
        "../scripts/split.py"

rule split:
    """Label the jets of a task and split them by event."""
    input:
        skims=skims_of_task,
    output:
        split=directory("results/{task}/split"),
        sampling="results/{task}/sampling.json",
    log:
        "logs/split/{task}.log",
    benchmark:
        "results/benchmarks/split/{task}.tsv"
    wildcard_constraints:
        task=configuration.one_of(CONFIG.tasks.keys() - CONFIG.variations.keys()),
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(1500, per_input=0.5),
        runtime=minutes(15, per_gigabyte=10),
    params:
        task=entry("tasks/{task}"),
        code=fingerprint("tagline.split"),
    script:
        "../scripts/split.py"


rule vary:
    """Give the training and validation jets of a task other test jets, or some with noise."""
    input:
        skims=skims_of_task,
        nominal=split_of_nominal,
    output:
        split=directory("results/{task}/split"),
    log:
        "logs/vary/{task}.log",
    benchmark:
        "results/benchmarks/vary/{task}.tsv"
    wildcard_constraints:
        task=configuration.one_of(CONFIG.variations),
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(1000, per_input=6),
        runtime=minutes(15, per_gigabyte=10),
    params:
        variation=entry("tasks/{task}"),
        nominal=nominal_task,
        code=fingerprint("tagline.variation"),
    script:
        "../scripts/vary.py"

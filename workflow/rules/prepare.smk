rule prepare:
    """Turn jets into numbers, with statistics from the training set alone."""
    input:
        split="results/{task}/split",
    output:
        prepared=directory("results/{task}/prepared/{representation}"),
    params:
        representation=lookup("representations/{representation}", within=CATALOGUE),
        task=lookup("tasks/{task}", within=CATALOGUE),
        code=code_of_representation,
    log:
        "logs/prepare/{task}/{representation}.log",
    resources:
        mem_mb=2000,
        runtime=120,
    conda:
        "../../envs/skim.yaml"
    script:
        "../scripts/prepare.py"

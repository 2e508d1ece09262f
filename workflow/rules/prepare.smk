rule prepare:
    """Turn jets into numbers, with statistics from the training set alone."""
    input:
        split="results/{task}/split",
    output:
        prepared=directory("results/{task}/prepared/{representation}"),
    log:
        "logs/prepare/{task}/{representation}.log",
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        representation=lookup("representations/{representation}", within=CATALOGUE),
        task=lookup("tasks/{task}", within=CATALOGUE),
        code=code_of_representation,
    script:
        "../scripts/prepare.py"

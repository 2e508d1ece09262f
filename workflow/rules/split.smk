rule split:
    """Label the jets of a task and split them by event."""
    input:
        skims=skims_of_task,
    output:
        split=directory("results/{task}/split"),
    params:
        task=lookup("tasks/{task}", within=CATALOGUE),
        code=fingerprint("tagline.split"),
    log:
        "logs/split/{task}.log",
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/skim.yaml"
    script:
        "../scripts/split.py"

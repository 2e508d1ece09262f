rule split:
    """Label the jets of a task and split them by event."""
    input:
        skims=skims_of_task,
    output:
        split=directory("results/{task}/split"),
    log:
        "logs/split/{task}.log",
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        task=lookup("tasks/{task}", within=CATALOGUE),
        code=fingerprint("tagline.split"),
    script:
        "../scripts/split.py"

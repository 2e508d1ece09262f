rule interpret:
    """Find what a trained network looks at, by its gradients and by exchanged features."""
    input:
        model=model_of_scores,
        prepared=prepared_of_tagger,
    output:
        attributions="results/{task}/attributions/{tagger}/{decorrelation}/{seed}.json",
    log:
        "logs/interpret/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/interpret/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        decorrelation=configuration.one_of(CONFIG.trained),
    conda:
        "../../envs/interpret.yaml"
    resources:
        mem_mb=megabytes(4000, per_input=6),
        runtime=minutes(120, per_gigabyte=10),
    params:
        task=entry("tasks/{task}"),
        code=code_of_stage("tagline.interpret"),
    script:
        "../scripts/interpret.py"

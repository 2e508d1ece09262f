rule train:
    """Train one tagger with one seed, resuming where a killed training stopped."""
    input:
        prepared=prepared_of_tagger,
        source=source_of_training,
    output:
        model="results/{task}/models/{tagger}/{decorrelation}/{seed}/model.pt",
        history="results/{task}/models/{tagger}/{decorrelation}/{seed}/history.json",
    log:
        "logs/train/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/train/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        task=configuration.one_of(CONFIG.tasks.keys() - CONFIG.variations.keys()),
        tagger=configuration.one_of(CONFIG.taggers),
        decorrelation=configuration.one_of(CONFIG.trained),
    conda:
        "../../envs/train.yaml"
    threads: threads_of_training
    resources:
        gpu=num_gpus,
        mem_mb=megabytes(2500, per_input=6),
        runtime=minutes(600),
    params:
        tagger=entry("taggers/{tagger}"),
        decorrelation=entry("decorrelations/{decorrelation}"),
        protected=entry("tasks/{task}/protected"),
        code=code_of_training,
    script:
        "../scripts/train.py"

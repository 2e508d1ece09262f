rule decorrelate:
    """Decorrelate the scores of a training, fitted on its validation scores."""
    input:
        validation=scores_of_training("validation"),
        test=scores_of_training("test"),
    output:
        validation="results/{task}/scores/{tagger}/{decorrelation}/{seed}/validation.parquet",
        test="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
    log:
        "logs/decorrelate/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/decorrelate/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        decorrelation=configuration.one_of(CONFIG.post_hoc),
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=megabytes(1000, per_input=10),
        runtime=minutes(10, per_gigabyte=60),
    params:
        decorrelation=entry("decorrelations/{decorrelation}"),
        protected=entry("tasks/{task}/protected"),
        code=code_of_decorrelation,
    script:
        "../scripts/decorrelate.py"

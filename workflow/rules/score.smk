rule score:
    """Score the validation and test jets with a trained model."""
    input:
        model=model_of_scores,
        prepared=prepared_of_tagger,
    output:
        validation="results/{task}/scores/{tagger}/{decorrelation}/{seed}/validation.parquet",
        test="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
    log:
        "logs/score/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/score/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        tagger=configuration.one_of(CONFIG.taggers),
        decorrelation=configuration.one_of(CONFIG.trained),
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=megabytes(1500, per_input=6),
        runtime=minutes(15, per_gigabyte=60),
    params:
        protected=entry("tasks/{task}/protected"),
        code=code_of_stage("tagline.score"),
    script:
        "../scripts/score.py"

rule score:
    """Score the validation and test jets with a trained model."""
    input:
        model="results/{task}/models/{tagger}/{decorrelation}/{seed}/model.pt",
        prepared=prepared_of_tagger,
    output:
        validation="results/{task}/scores/{tagger}/{decorrelation}/{seed}/validation.parquet",
        test="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
    params:
        protected=lookup("tasks/{task}/protected", within=CATALOGUE),
        code=code_of_scoring,
    wildcard_constraints:
        decorrelation=configuration.one_of(CONFIG.trained),
    log:
        "logs/score/{task}/{tagger}/{decorrelation}/{seed}.log",
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/train.yaml"
    script:
        "../scripts/score.py"

rule combine:
    """Make one score of several trainings, fitted on their validation scores if it has to be."""
    input:
        validation=scores_of_members("validation"),
        test=scores_of_members("test"),
        histories=histories_of_members,
    output:
        validation="results/{task}/scores/{tagger}/{decorrelation}/{seed}/validation.parquet",
        test="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
        history="results/{task}/models/{tagger}/{decorrelation}/{seed}/history.json",
    log:
        "logs/combine/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/combine/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        tagger=configuration.one_of(CONFIG.combinations),
        decorrelation=configuration.one_of(CONFIG.trained),
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=megabytes(1000, per_input=6),
        runtime=minutes(30, per_gigabyte=120),
    params:
        combination=entry("combinations/{tagger}"),
        code=code_of_combination,
    script:
        "../scripts/combine.py"

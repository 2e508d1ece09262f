rule import_scores:
    """Read scores that were made elsewhere, for exactly the jets of a task."""
    input:
        scores=files_of_outside,
        split="results/{task}/split",
    output:
        validation="results/{task}/scores/{tagger}/{decorrelation}/{seed}/validation.parquet",
        test="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
        history="results/{task}/models/{tagger}/{decorrelation}/{seed}/history.json",
    log:
        "logs/import_scores/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/import_scores/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        tagger=configuration.one_of(LINEUP.imported),
        decorrelation=CONFIG.plain,
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=megabytes(1000, per_input=6),
        runtime=minutes(10, per_gigabyte=30),
    params:
        outside=entry("outside/{tagger}"),
        protected=entry("tasks/{task}/protected"),
        code=fingerprint("tagline.import_scores"),
    script:
        "../scripts/import_scores.py"


rule score_onnx:
    """Score the validation and test jets with an ONNX network that was made elsewhere."""
    input:
        onnx=files_of_outside,
        prepared=prepared_of_tagger,
    output:
        validation="results/{task}/scores/{tagger}/{decorrelation}/{seed}/validation.parquet",
        test="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
        history="results/{task}/models/{tagger}/{decorrelation}/{seed}/history.json",
    log:
        "logs/score_onnx/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/score_onnx/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        tagger=configuration.one_of(LINEUP.onnx),
        decorrelation=CONFIG.plain,
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=megabytes(1500, per_input=6),
        runtime=minutes(15, per_gigabyte=120),
    params:
        outside=entry("outside/{tagger}"),
        protected=entry("tasks/{task}/protected"),
        code=fingerprint("tagline.score_onnx"),
    script:
        "../scripts/score_onnx.py"

rule evaluate:
    """Measure one set of test scores, with bootstrap intervals."""
    input:
        scores="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
        history=history_of_scores,
    output:
        metrics="results/{task}/metrics/{tagger}/{decorrelation}/{seed}.json",
    log:
        "logs/evaluate/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    conda:
        "../../envs/plot.yaml"
    resources:
        mem_mb=megabytes(1000, per_input=10),
        runtime=minutes(10, per_gigabyte=120),
    params:
        protected=entry("tasks/{task}/protected"),
        replicas=STUDY.bootstrap_replicas,
        code=fingerprint("tagline.evaluate"),
    script:
        "../scripts/evaluate.py"

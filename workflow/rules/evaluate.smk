rule evaluate:
    """Measure one set of test scores, with bootstrap intervals."""
    input:
        scores="results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet",
        history=history_of_scores,
    output:
        metrics="results/{task}/metrics/{tagger}/{decorrelation}/{seed}.json",
    params:
        protected=lookup("tasks/{task}/protected", within=CATALOGUE),
        replicas=STUDY.bootstrap_replicas,
        code=fingerprint("tagline.evaluate"),
    log:
        "logs/evaluate/{task}/{tagger}/{decorrelation}/{seed}.log",
    resources:
        mem_mb=1000,
        runtime=30,
    conda:
        "../../envs/plot.yaml"
    script:
        "../scripts/evaluate.py"

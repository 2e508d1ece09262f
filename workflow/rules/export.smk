rule export:
    """Write a trained network as ONNX, and how well it agrees with torch."""
    input:
        model="results/{task}/models/{tagger}/{decorrelation}/{seed}/model.pt",
        prepared=prepared_of_tagger,
    output:
        onnx="results/{task}/models/{tagger}/{decorrelation}/{seed}/model.onnx",
        parity="results/{task}/models/{tagger}/{decorrelation}/{seed}/parity.json",
    log:
        "logs/export/{task}/{tagger}/{decorrelation}/{seed}.log",
    benchmark:
        "results/benchmarks/export/{task}/{tagger}/{decorrelation}/{seed}.tsv"
    wildcard_constraints:
        decorrelation=configuration.one_of(CONFIG.trained),
    conda:
        "../../envs/export.yaml"
    resources:
        mem_mb=megabytes(4000, per_input=6),
        runtime=minutes(30, per_gigabyte=10),
    params:
        representation=representation_of_tagger,
        task=entry("tasks/{task}"),
        code=code_of_stage("tagline.export"),
    script:
        "../scripts/export.py"

rule generate:
    """Make one part of a dataset with Pythia, a detector and FastJet."""
    input:
        pythia=pythia_of_dataset,
    output:
        root="results/datasets/{dataset}/raw/{part}.root",
        ledger="results/datasets/{dataset}/raw/{part}.ledger.json",
    log:
        "logs/generate/{dataset}/{part}.log",
    benchmark:
        "results/benchmarks/generate/{dataset}/{part}.tsv"
    conda:
        "../../envs/generate.yaml"
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes_of_generation,
    params:
        recipe=recipe_of_dataset,
        num_jets=entry("datasets/{dataset}/generate/jets_per_part"),
        code=fingerprint("tagline.generate"),
    script:
        "../scripts/generate.py"


rule make_toy:
    """Make one file of a toy."""
    output:
        file="results/toys/{toy}/{file}",
    log:
        "logs/make_toy/{toy}/{file}.log",
    benchmark:
        "results/benchmarks/make_toy/{toy}/{file}.tsv"
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(500),
        runtime=minutes(10),
    params:
        code=code_of_toy,
    script:
        "../scripts/make_toy.py"


rule validate:
    """Compare a generated dataset with the published one."""
    input:
        root=parts_of_dataset,
    output:
        validation="results/datasets/{dataset}/validation.json",
    log:
        "logs/validate/{dataset}.log",
    benchmark:
        "results/benchmarks/validate/{dataset}.tsv"
    conda:
        "../../envs/generate.yaml"
    resources:
        mem_mb=megabytes(500, per_input=3),
        runtime=minutes(10, per_gigabyte=5),
    params:
        reference=reference_of_dataset,
        code=fingerprint("tagline.generate.validate"),
    script:
        "../scripts/validate.py"

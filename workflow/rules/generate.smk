rule generate:
    """Make one part of a dataset with Pythia, a detector and FastJet."""
    input:
        pythia=pythia_of_dataset,
    output:
        root="results/datasets/{dataset}/raw/{part}.root",
        ledger="results/datasets/{dataset}/raw/{part}.ledger.json",
    params:
        recipe=recipe_of_dataset,
        num_jets=lookup("datasets/{dataset}/generate/jets_per_part", within=CATALOGUE),
        code=fingerprint("tagline.generate"),
    log:
        "logs/generate/{dataset}/{part}.log",
    resources:
        mem_mb=1000,
        runtime=240,
    conda:
        "../../envs/generate.yaml"
    script:
        "../scripts/generate.py"


rule validate:
    """Compare a generated dataset with the published one."""
    input:
        root=parts_of_dataset,
    output:
        validation="results/datasets/{dataset}/validation.json",
    params:
        reference=reference_of_dataset,
        code=fingerprint("tagline.generate.validate"),
    log:
        "logs/validate/{dataset}.log",
    resources:
        mem_mb=1000,
        runtime=20,
    conda:
        "../../envs/generate.yaml"
    script:
        "../scripts/validate.py"

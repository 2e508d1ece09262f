rule generate:
    """Make one part of a dataset with Pythia, a detector and FastJet."""
    input:
        pythia=pythia_of_dataset,
    output:
        root="results/datasets/{dataset}/raw/{part}.root",
        ledger="results/datasets/{dataset}/raw/{part}.ledger.json",
    log:
        "logs/generate/{dataset}/{part}.log",
    conda:
        "../../envs/generate.yaml"
    resources:
        mem_mb=1000,
        runtime=240,
    params:
        recipe=recipe_of_dataset,
        num_jets=lookup("datasets/{dataset}/generate/jets_per_part", within=CATALOGUE),
        code=fingerprint("tagline.generate"),
    script:
        "../scripts/generate.py"


rule validate:
    """Compare a generated dataset with the published one."""
    input:
        root=parts_of_dataset,
    output:
        validation="results/datasets/{dataset}/validation.json",
    log:
        "logs/validate/{dataset}.log",
    conda:
        "../../envs/generate.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        reference=reference_of_dataset,
        code=fingerprint("tagline.generate.validate"),
    script:
        "../scripts/validate.py"

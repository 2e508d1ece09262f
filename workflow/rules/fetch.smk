checkpoint record:
    """Look up the files of a published record."""
    output:
        manifest="results/datasets/{dataset}/record.json",
    log:
        "logs/record/{dataset}.log",
    benchmark:
        "results/benchmarks/record/{dataset}.tsv"
    localrule: True
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(200),
        runtime=minutes(30),
    params:
        record=record_of_dataset,
        checksum=checksum_of_record,
    script:
        "../scripts/record.py"


rule fetch:
    """Download one published file, from where a killed run left it, and check it."""
    input:
        manifest=ancient(manifest_of_dataset),
    output:
        file=update("results/datasets/{dataset}/files/{file}"),
    log:
        "logs/fetch/{dataset}/{file}.log",
    benchmark:
        "results/benchmarks/fetch/{dataset}/{file}.tsv"
    localrule: True
    conda:
        "../../envs/skim.yaml"
    resources:
        mem_mb=megabytes(200),
        runtime=minutes(2000),
    params:
        listed=listed_file,
    script:
        "../scripts/fetch.py"

rule skim:
    """Read a batch of ROOT files into flat Parquet, with Dask, and account for every event."""
    input:
        root=local_files_of_batch,
    output:
        skim=directory("results/datasets/{dataset}/skim/{batch}"),
    params:
        files=files_of_batch,
        dataset=lookup("datasets/{dataset}", within=CATALOGUE),
        code=code_of_reader,
    log:
        "logs/skim/{dataset}/{batch}.log",
    threads: 2
    resources:
        mem_mb=3000,
        runtime=240,
    conda:
        "../../envs/skim.yaml"
    script:
        "../scripts/skim.py"

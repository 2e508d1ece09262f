rule skim:
    """Read a batch of ROOT files into flat Parquet, with Dask, and account for every event."""
    input:
        root=local_files_of_batch,
    output:
        skim=directory("results/datasets/{dataset}/skim/{batch}"),
    log:
        "logs/skim/{dataset}/{batch}.log",
    conda:
        "../../envs/skim.yaml"
    threads: 2
    resources:
        mem_mb=3000,
        runtime=240,
    params:
        files=files_of_batch,
        dataset=lookup("datasets/{dataset}", within=CATALOGUE),
        code=code_of_reader,
    script:
        "../scripts/skim.py"

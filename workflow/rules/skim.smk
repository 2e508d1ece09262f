rule skim_batch:
    """Read a batch of ROOT files into flat Parquet, with Dask, and account for every event."""
    input:
        root=local_files_of_batch,
    output:
        skim=directory("results/datasets/{dataset}/skim/{batch}"),
    log:
        "logs/skim_batch/{dataset}/{batch}.log",
    benchmark:
        "results/benchmarks/skim_batch/{dataset}/{batch}.tsv"
    conda:
        "../../envs/skim.yaml"
    threads: 2
    resources:
        mem_mb=megabytes_of_threads,
        runtime=minutes(60, per_gigabyte=10),
    params:
        files=listed_files_of_batch,
        selected=selection_of_dataset,
        code=code_of_reader,
    script:
        "../scripts/skim.py"

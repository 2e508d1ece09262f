"""Functions about datasets: their files, their skims, and the published jets they are like."""

from tagline.reading import manifest
from tagline.settings import records


def num_batches(dataset):
    """Count the skim jobs of a dataset."""
    return -(-len(files_of_dataset(dataset)) // CONFIG.datasets[dataset].files_per_job)


def files_of_dataset(dataset):
    """List the files of a dataset, generated, downloaded, listed, made as a toy or given."""
    entry = CONFIG.datasets[dataset]
    if entry.generate:
        return expand(
            "results/datasets/{dataset}/raw/{part}.root",
            dataset=dataset,
            part=[f"{part:04d}" for part in range(entry.generate.parts)],
        )
    if entry.fetch:
        return expand(
            "results/datasets/{dataset}/files/{file}",
            dataset=dataset,
            file=records.names_of(entry.fetch),
        )
    if entry.read:
        return [file.url for file in files_to_read(dataset)]
    if entry.toy:
        return expand("results/toys/{file}", file=entry.toy)
    return manifest.expand_files(entry.files)


def files_to_read(dataset):
    """List the files that are read in place, with what their list says of them."""
    return records.files_of(
        CONFIG.datasets[dataset].read, records.read_manifest(Path(list_to_read(dataset)))
    )


def list_to_read(dataset):
    """Return the list of files that are read in place; a record is looked up before."""
    committed = CONFIG.datasets[dataset].read.manifest
    return committed or checkpoints.record.get(dataset=dataset).output.manifest


def record_of_dataset(wildcards):
    """Return the record of a dataset that is downloaded, or read in place."""
    return listed_in(wildcards).record


def checksum_of_record(wildcards):
    """Return the checksum that a dataset's file index must have, if one is known."""
    return listed_in(wildcards).checksum


def listed_in(wildcards):
    """Return what lists the files of a dataset that is downloaded, or read in place."""
    entry = CONFIG.datasets[wildcards.dataset]
    return entry.fetch or entry.read


def manifest_of_dataset(wildcards):
    """Return the list of a dataset's published files, in the repository or to be looked up."""
    committed = CONFIG.datasets[wildcards.dataset].fetch.manifest
    return committed or f"results/datasets/{wildcards.dataset}/record.json"


def listed_file(wildcards):
    """Return what a list in the repository says of a file; a record's is not read here."""
    committed = CONFIG.datasets[wildcards.dataset].fetch.manifest
    if not committed:
        return CATALOGUE["datasets"][wildcards.dataset]["fetch"]["record"]
    return records.read_manifest(committed).named(wildcards.file).model_dump()


def files_of_batch(wildcards):
    """List the files of one skim job."""
    size = CONFIG.datasets[wildcards.dataset].files_per_job
    first = int(wildcards.batch) * size
    return files_of_dataset(wildcards.dataset)[first : first + size]


def listed_files_of_batch(wildcards):
    """List the files of one skim job with what is known of them."""
    if CONFIG.datasets[wildcards.dataset].read:
        read = [file.listed for file in files_to_read(wildcards.dataset)]
        listed = manifest.archives_apart(read)
    else:
        listed = manifest.listed(files_of_dataset(wildcards.dataset))
    known = {file.path: file for file in listed}
    return [known[path].model_dump() for path in files_of_batch(wildcards)]


def selection_of_dataset(wildcards):
    """Return what a skim does with any of its files, whichever there are, and wherever they are."""
    entry = CATALOGUE["datasets"][wildcards.dataset]
    return {key: entry[key] for key in ("reader", "options", "select")}


def local_files_of_batch(wildcards):
    """List those files of one skim job that Snakemake can see, which are those without a URL."""
    return [file for file in files_of_batch(wildcards) if "://" not in file]


def skims_of_dataset(dataset):
    """List the skims of a dataset."""
    return expand(
        "results/datasets/{dataset}/skim/{batch}",
        dataset=dataset,
        batch=[f"{batch:04d}" for batch in range(num_batches(dataset))],
    )


def skims_of_task(wildcards):
    """List the skims that a task reads."""
    datasets = CONFIG.tasks[wildcards.task].datasets
    return [skim for dataset in datasets for skim in skims_of_dataset(dataset)]


def datasets_of_study():
    """List the datasets of a study, each once."""
    return list(
        dict.fromkeys(name for task in STUDY.tasks for name in CONFIG.tasks[task].datasets)
    )


def failures_allowed():
    """Return how many files of each dataset of a study may fail."""
    return {name: CONFIG.datasets[name].allow_failed for name in datasets_of_study()}


def parts_of_dataset(wildcards):
    """List the generated parts of a dataset."""
    return files_of_dataset(wildcards.dataset)


def recipe_of_dataset(wildcards):
    """Return the recipe of a generated dataset."""
    return CATALOGUE["recipes"][CONFIG.datasets[wildcards.dataset].generate.recipe]


def pythia_of_dataset(wildcards):
    """Return the Pythia command files of a generated dataset: of its events, and of pile-up."""
    recipe = recipe_of_dataset(wildcards)
    return [each["pythia"] for each in (recipe, recipe["pile_up"]) if each]


def reference_of_dataset(wildcards):
    """Return what the published jets of a generated dataset look like."""
    recipe = CONFIG.datasets[wildcards.dataset].generate.recipe
    return CONFIG.recipes[recipe].reference.model_dump(mode="json")


def code_of_reader(wildcards):
    """Fingerprint the skim and the reader of a dataset."""
    reader = CONFIG.datasets[wildcards.dataset].reader
    return fingerprint("tagline.skim", f"tagline.datasets.{reader}")


def code_of_toy(wildcards):
    """Fingerprint a toy."""
    return fingerprint("tagline.toys", f"tagline.toys.{wildcards.toy}")


def validations_of_study():
    """List the comparisons of generated samples with published ones."""
    return expand(
        "results/datasets/{dataset}/validation.json",
        dataset=[name for name in datasets_of_study() if CONFIG.has_reference(name)],
    )


def skims_of_study(wildcards):
    """List the skims of all datasets of the study."""
    return [skim for dataset in datasets_of_study() for skim in skims_of_dataset(dataset)]


def require_files():
    """Stop if a dataset of the study has no files, as far as that is known without a network."""
    for dataset in datasets_of_study():
        read = CONFIG.datasets[dataset].read
        if not read or not read.record:
            files_of_dataset(dataset)


require_files()  # a missing file is an error now, not a rule that never runs

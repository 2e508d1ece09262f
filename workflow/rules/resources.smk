"""What jobs ask for: memory and time by the size of the input, more after each failure."""

from pathlib import Path


def megabytes(base, per_input=0):
    """Make a function that asks for memory by the size of the input, more after each failure."""
    return growing(base, per_input / 1e6)


def minutes(base, per_gigabyte=0):
    """Make a function that asks for time by the size of the input, more after each failure."""
    return growing(base, per_gigabyte / 1e9)


def megabytes_of_threads(wildcards, threads, attempt):
    """Ask for the memory of each process that reads files, and for what starts them."""
    return (500 + 1250 * threads) * attempt


def growing(base, per_byte):
    """Make a function that asks for a resource in proportion to the attempt."""

    def of_any_input(wildcards, attempt):
        return base * attempt

    def of_input(wildcards, input, attempt):
        return int((base + per_byte * num_bytes(input)) * attempt)

    return of_input if per_byte else of_any_input


def num_bytes(paths):
    """Add up files and what is in folders; nothing for those that the same group has yet to make."""
    return sum(size_of(Path(path)) for path in paths if Path(path).exists())


def size_of(path):
    """Return the bytes of a file, or of what is in a folder."""
    return sum(file.stat().st_size for file in path.glob("**/*")) or path.stat().st_size


def minutes_of_generation(wildcards, attempt):
    """Ask for the time that ten jets a second take, a tenth of what one core has been seen to make."""
    return (30 + CONFIG.datasets[wildcards.dataset].generate.jets_per_part // 600) * attempt


def num_gpus(wildcards):
    """Return the GPUs of one training, none for a fit."""
    return CONFIG.taggers[wildcards.tagger].devices


def threads_of_training(wildcards):
    """Ask for one thread for each GPU, and for one without."""
    return max(1, num_gpus(wildcards))

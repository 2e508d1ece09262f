"""Functions about what a study ends in: its tables, its figures, and what it asks for beside them."""

from snakemake.io import strip_wildcard_constraints


def exports_of_study():
    """List the ONNX files that a study asks for."""
    files = [
        f"{folder_of_training(task, tagger, decorrelation, seed)}/model.onnx"
        for task in STUDY.tasks
        for tagger, decorrelation in CONFIG.compared
        if tagger in STUDY.export
        for seed in STUDY.seeds
    ]
    return list(dict.fromkeys(files))


def attributions_of_study():
    """List the attributions that a study asks for, of each tagger's first decorrelation."""
    first_of = dict(reversed(CONFIG.compared))
    return [
        f"results/{task}/attributions/{tagger}/{CONFIG.trained_as(first_of[tagger])}/{seed}.json"
        for task in STUDY.tasks
        for tagger in STUDY.interpret
        for seed in STUDY.seeds
    ]


def source_of_figure(wildcards):
    """List what a figure reads: metrics, scores, attributions, images, samples, sampling, the cut flow or the time table."""
    match plugins.constant_of("figures", wildcards.figure, "READS"):
        case "metrics":
            return metrics_of_study()
        case "scores":
            return scores_of_study()
        case "decorrelated_scores":
            return decorrelated_scores_of_study()
        case "attributions":
            return attributions_of_study()
        case "images":
            return expand(
                "results/{task}/prepared/{representation}",
                task=STUDY.tasks,
                representation=STUDY.images,
            )
        case "recipes":
            return validations_of_study()
        case "sampling":
            nominal = dict.fromkeys(map(CONFIG.nominal, STUDY.tasks))
            return expand("results/{task}/sampling.json", task=nominal)
        case "ledgers":
            return expand("results/{study}/tables/cut_flow.csv", study=STUDY.name)
        case "benchmarks":
            return expand("results/{study}/tables/time.csv", study=STUDY.name)


def caption_of_figure(wildcards):
    """Return the caption of a figure."""
    return plugins.constant_of("figures", wildcards.figure, "CAPTION")


def code_of_figure(wildcards):
    """Fingerprint one figure."""
    return fingerprint("tagline.draw", f"tagline.figures.{wildcards.figure}")


def tables_of_results():
    """List the tables of the study that hold results."""
    tables = ["comparison.csv", "comparison.md", "comparison.tex", "cut_flow.csv", "cut_flow.md"]
    if validations_of_study():
        tables.append("samples.md")
    return expand("results/{study}/tables/{table}", study=STUDY.name, table=tables)


def tables_of_study():
    """List the tables of the study."""
    account = expand("results/{study}/tables/time.{kind}", study=STUDY.name, kind=["csv", "md"])
    return tables_of_results() + account


def names_of_figures():
    """List the figures of the study that show results."""
    return [
        figure
        for figure in STUDY.figures
        if plugins.constant_of("figures", figure, "READS") != "benchmarks"
    ]


def figures_of_results():
    """List the figures of the study that show results."""
    figures = names_of_figures()
    return expand("results/{study}/figures/{figure}.png", study=STUDY.name, figure=figures)


def figures_of_study():
    """List the figures of the study."""
    return expand("results/{study}/figures/{figure}.png", study=STUDY.name, figure=STUDY.figures)


def benchmarks_of_stages(wildcards):
    """Return where each stage leaves its benchmarks, but for the one that adds them up."""
    return {
        stage.name: strip_wildcard_constraints(stage.benchmark)
        for stage in workflow.rules
        if stage.benchmark and stage.name != "account"
    }


def histories_of_trainings(wildcards):
    """Return where trainings leave their histories."""
    return strip_wildcard_constraints(rules.train.output.history)


def names_of_study():
    """List the names that a study uses, by wildcard."""
    tasks = [CONFIG.tasks[task] for task in STUDY.tasks]
    taggers = LINEUP.behind(STUDY.taggers)
    read = [name for name in map(LINEUP.representation_of, taggers) if name]
    trained = [CONFIG.trained_as(decorrelation) for decorrelation in STUDY.decorrelations]
    return {
        "study": [STUDY.name],
        "task": list(dict.fromkeys([*STUDY.tasks, *map(CONFIG.nominal, STUDY.tasks)])),
        "dataset": list(dict.fromkeys(name for task in tasks for name in task.datasets)),
        "representation": list(dict.fromkeys([*read, *STUDY.images])),
        "tagger": taggers,
        "decorrelation": list(dict.fromkeys([*STUDY.decorrelations, *trained])),
        "figure": names_of_figures(),
    }


def seeds_of_study():
    """List the seeds of each tagger that a study uses."""
    taggers = LINEUP.behind(STUDY.taggers)
    return {tagger: list(map(str, LINEUP.seeds_of(tagger))) for tagger in taggers}

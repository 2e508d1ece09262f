"""Functions about all that has scores, trained here or not."""


def metrics_of_study():
    """List the metrics that a study compares."""
    return [
        f"results/{task}/metrics/{tagger}/{decorrelation}/{seed}.json"
        for task in STUDY.tasks
        for tagger, decorrelation in CONFIG.compared
        for seed in LINEUP.seeds_of(tagger)
    ]


def scores_of_study():
    """List the plain test scores of a study, of subsets no more than there are seeds."""
    return [
        f"results/{task}/scores/{tagger}/{CONFIG.plain}/{seed}/test.parquet"
        for task in STUDY.tasks
        for tagger in STUDY.taggers
        for seed in LINEUP.seeds_of(tagger)[: len(STUDY.seeds)]
    ]


def decorrelated_scores_of_study():
    """List all test scores of a study."""
    return [
        f"results/{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet"
        for task in STUDY.tasks
        for tagger, decorrelation in CONFIG.compared
        for seed in LINEUP.seeds_of(tagger)
    ]


def members_of_combination(wildcards):
    """List the trainings that a combination reads."""
    return LINEUP.members_of(wildcards.tagger, int(wildcards.seed))


def scores_of_members(split):
    """Make a function that lists the scores of a split that a combination reads."""

    def of_combination(wildcards):
        return [
            f"results/{wildcards.task}/scores/{member.tagger}/{wildcards.decorrelation}/{member.seed}/{split}.parquet"
            for member in members_of_combination(wildcards)
        ]

    return of_combination


def histories_of_members(wildcards):
    """List the histories of the trainings that a combination reads."""
    return [
        f"{folder_of_training(wildcards.task, member.tagger, wildcards.decorrelation, member.seed)}/history.json"
        for member in members_of_combination(wildcards)
    ]


def code_of_combination(wildcards):
    """Fingerprint a method that combines scores."""
    method = CONFIG.combinations[wildcards.tagger].method
    return fingerprint("tagline.combine", f"tagline.combinations.{method}")


def files_of_outside(wildcards):
    """List the files of what was made elsewhere, each once."""
    outside = CONFIG.outside[wildcards.tagger]
    return list(
        dict.fromkeys(outside.files(task=wildcards.task, seed=int(wildcards.seed)).values())
    )


def require_outside_files():
    """Stop if a file of the study that was made elsewhere is not there."""
    for tagger in LINEUP.behind(STUDY.taggers):
        for task in STUDY.tasks if tagger in CONFIG.outside else []:
            for seed in LINEUP.seeds_of(tagger):
                for file in CONFIG.outside[tagger].files(task=task, seed=seed).values():
                    if not Path(file).is_file():
                        raise WorkflowError(f"outside.{tagger}: there is no file {file!r}")


def require_first_weights():
    """Stop if a file of weights that a training of the study starts from is not there."""
    for tagger in set(LINEUP.behind(STUDY.taggers)) & CONFIG.taggers.keys():
        start = CONFIG.taggers[tagger].start_from
        if start and start.model and not start.model.exists():
            raise WorkflowError(f"taggers.{tagger}.start_from.model: no file {str(start.model)!r}")


require_outside_files()  # a missing file is an error now, not a rule that never runs
require_first_weights()

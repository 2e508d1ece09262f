"""From ROOT files to a published comparison of jet taggers.

generate   recipe     -> results/datasets/{dataset}/raw/{part}.root
make_toy              -> results/toys/{toy}/{file}
fetch      record     -> results/datasets/{dataset}/files/{file}
skim       ROOT       -> results/datasets/{dataset}/skim/{batch}/
tally      ledgers    -> results/{study}/tables/cut_flow.csv
split      skims      -> results/{task}/split/
prepare    split      -> results/{task}/prepared/{representation}/
train      prepared   -> results/{task}/models/{tagger}/{decorrelation}/{seed}/
score      model      -> results/{task}/scores/{tagger}/{decorrelation}/{seed}/
interpret  model      -> results/{task}/attributions/{tagger}/{decorrelation}/{seed}.json
export     model      -> results/{task}/models/{tagger}/{decorrelation}/{seed}/model.onnx
import_scores, score_onnx: what was made elsewhere -> results/{task}/scores/...
combine    scores     -> results/{task}/scores/... of ensembles and of networks that read scores
decorrelate  scores   -> results/{task}/scores/... of methods that act after training
evaluate   scores     -> results/{task}/metrics/{tagger}/{decorrelation}/{seed}.json
compare    metrics    -> results/{study}/tables/ and results/{study}/figures/
account    benchmarks -> results/{study}/tables/time.csv
"""


configfile: "config/recipes.yaml"
configfile: "config/datasets.yaml"
configfile: "config/tasks.yaml"
configfile: "config/representations.yaml"
configfile: "config/taggers.yaml"
configfile: "config/combinations.yaml"
configfile: "config/decorrelations.yaml"
configfile: "config/published/landscape.yaml"
configfile: "config/published/since.yaml"
configfile: "config/published/flavours_of_physics.yaml"


if "name" not in config.get("study", {}):  # a study of its own takes nothing from the quickstart

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/lineup.smk"
include: "workflow/rules/study.smk"


rule all:
    input:
        tables_of_study(),
        figures_of_study(),
        exports_of_study(),
        attributions_of_study(),


rule skim:
    """Make the skims of the study's datasets, and add up their ledgers."""
    input:
        f"results/{STUDY.name}/tables/cut_flow.csv",


include: "workflow/rules/generate.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/skim.smk"
include: "workflow/rules/tally.smk"
include: "workflow/rules/split.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/interpret.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/outside.smk"
include: "workflow/rules/combine.smk"
include: "workflow/rules/decorrelate.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/account.smk"

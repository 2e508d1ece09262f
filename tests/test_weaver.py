"""Equal weights give the logits of weaver-core's networks, written by the papers' authors."""

import pytest
import torch

from tagline.data.inputs import Inputs
from tagline.networks.layers import padded
from tagline.taggers import particle_transformer, particlenet
from tests.clouds import random_cloud, randomise
from tests.tasks import taggers

COUNTS = [40, 3, 17, 64, 1, 25, 16, 30]  # some jets have fewer particles than neighbours
PADDED_TO = 70
FEATURES = (
    "log_pt",
    "log_energy",
    "log_relative_pt",
    "log_relative_energy",
    "d_eta",
    "d_phi",
    "d_r",
)
NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
LINEAR = ("weight", "bias")


def rename(weights, names, entries):
    """Return weights by weaver's names, those of each (our name, weaver's name, kind)."""
    return {
        f"{theirs}.{entry}": weights[f"{ours}.{entry}"]
        for ours, theirs in names
        for entry in entries
    }


def for_weaver(batch):
    """Return features (B, F, N) and mask (B, 1, N)."""
    mask_BN = torch.arange(PADDED_TO) < batch.num_constituents_B[:, None]
    return padded(batch, PADDED_TO).transpose(1, 2), mask_BN[:, None]


def particlenet_of_weaver(config, weights):
    from weaver.nn.model.ParticleNet import ParticleNet

    network = ParticleNet(
        len(FEATURES),
        2,
        conv_params=[(config.neighbours, block) for block in config.blocks],
        fc_params=[(config.dense, config.dropout)],
        use_fusion=False,
    )
    norms, linears = [("norm", "bn_fts")], [("dense", "fc.0.0"), ("logits", "fc.1")]
    convolutions, shortcuts = [], []
    for number, block in enumerate(config.blocks):
        ours, theirs = f"convolutions.{number}", f"edge_convs.{number}"
        norms.append((f"{ours}.shortcut_norm", f"{theirs}.sc_bn"))
        shortcuts.append((f"{ours}.shortcut", f"{theirs}.sc"))
        convolutions.append((f"{ours}.first", f"{theirs}.convs.0"))
        layers = range(len(block))
        norms += [(f"{ours}.norms.{n}", f"{theirs}.bns.{n}") for n in layers]
        convolutions += [(f"{ours}.linears.{n - 1}", f"{theirs}.convs.{n}") for n in layers[1:]]
    named = rename(weights, norms, NORM) | rename(weights, linears, LINEAR)
    for name, weight in rename(weights, convolutions, ["weight"]).items():
        named[name] = weight[:, :, None, None]
    for name, weight in rename(weights, shortcuts, ["weight"]).items():
        named[name] = weight[:, :, None]
    network.load_state_dict(named)
    return network.eval()


@pytest.mark.parametrize("name", ["particlenet", "particlenet_lite"])
def test_particlenet(name):
    config = particlenet.Config(**taggers()[name].parameters)
    ours = particlenet.Tagger(config, Inputs(FEATURES, max_constituents=PADDED_TO))
    randomise(ours).eval()
    theirs = particlenet_of_weaver(config, ours.state_dict())
    batch = random_cloud(COUNTS)
    features_BFN, mask_B1N = for_weaver(batch)
    coordinates = [FEATURES.index(coordinate) for coordinate in particlenet.COORDINATES]
    with torch.inference_mode():
        expected_BC = theirs(features_BFN[:, coordinates], features_BFN, mask_B1N)
        torch.testing.assert_close(ours(batch), expected_BC, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours(batch), expected_BC, rtol=1e-5, atol=1e-5)


def part_of_weaver(config, weights, *, num_features):
    """Return weaver's network of the configuration that its authors use for top tagging."""
    from weaver.nn.model.ParticleTransformer import ParticleTransformer

    network = ParticleTransformer(num_features, 2, use_pre_activation_pair=False)
    linears = [("last_norm", "norm"), ("logits", "fc.0")]
    linears += [(f"embedding.{n}", f"embed.embed.{n}") for n in (0, 1, 3, 4, 6, 7)]
    norms = [("norm", "embed.input_bn")]
    pair_norms = [0, *(3 * n + 2 for n in range(len(config.pair_embedding) + 1))]
    norms += [(f"pair_bias.embedding.{n}", f"pair_embed.embed.{n}") for n in pair_norms]
    convolutions = [
        (f"pair_bias.embedding.{3 * n + 1}", f"pair_embed.embed.{3 * n + 1}")
        for n in range(len(config.pair_embedding) + 1)
    ]
    named = {"cls_token": weights["token_D"][None, None]}
    for ours, theirs, count in (
        ("blocks", "blocks", config.blocks),
        ("class_blocks", "cls_blocks", config.class_blocks),
    ):
        for number in range(count):
            block, its = f"{ours}.{number}", f"{theirs}.{number}"
            linears += [
                (f"{block}.{name}", f"{its}.{other}") for name, other in PART_BLOCK.items()
            ]
            named[f"{its}.c_attn"] = weights[f"{block}.head_factor"]
            named[f"{its}.w_resid"] = weights[f"{block}.residual_factor"]
    named |= rename(weights, norms, NORM) | rename(weights, linears, LINEAR)
    for name, weight in rename(weights, convolutions, LINEAR).items():
        named[name] = weight[:, :, None] if weight.dim() == 2 else weight
    network.load_state_dict(named)
    return network.eval()


PART_BLOCK = {
    "before_attention": "pre_attn_norm",
    "projection": "attn.in_proj",
    "mixing": "attn.out_proj",
    "after_attention": "post_attn_norm",
    "before_dense": "pre_fc_norm",
    "first": "fc1",
    "inside_dense": "post_fc_norm",
    "second": "fc2",
}


def test_particle_transformer():
    config = particle_transformer.Config()
    names = (*FEATURES, *particle_transformer.MOMENTUM)
    ours = particle_transformer.Tagger(config, Inputs(names, max_constituents=PADDED_TO))
    randomise(ours).eval()
    theirs = part_of_weaver(config, ours.state_dict(), num_features=len(FEATURES))
    batch = random_cloud(COUNTS, num_features=len(names))
    momentum_P4 = batch.constituents_PF[:, -4:]
    momentum_P4[:, 3] = momentum_P4[:, :3].norm(dim=1) + 0.1
    x_BFN, mask_B1N = for_weaver(batch)
    with torch.inference_mode():
        expected_BC = theirs(x_BFN[:, :-4], x_BFN[:, -4:], mask_B1N)
        torch.testing.assert_close(ours(batch), expected_BC, rtol=1e-5, atol=1e-5)

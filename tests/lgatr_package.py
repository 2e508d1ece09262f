"""The network of the package `lgatr`, by the papers' authors, with the weights of ours."""

from dataclasses import dataclass

import torch
from lgatr import LGATr
from lgatr.layers.attention.config import SelfAttentionConfig
from lgatr.layers.mlp.config import MLPConfig
from torch import Tensor, nn

from tagline.networks.layers import padded

PLANE, TIME = 8, 1  # components: 1, e_0 .. e_3, e_01, e_02, e_03, e_12, e_13, e_23, ...
NUM_FIRST = 3  # tokens: the jet's own, the plane, the time
SCALAR, VECTOR, BIVECTOR, AXIAL, PSEUDOSCALAR = range(5)  # their maps of each grade to itself
OTHERS = 5  # those of each grade times I, in the same order


class Package(nn.Module):
    """Their network on packed jets; padding them is part of its work."""

    def __init__(self, ours, config):
        super().__init__()
        network = network_of(config, num_classes=ours.logits.out_features)
        self.network = network.to(ours.logits.weight.dtype)
        copy_weights(ours, self.network)

    def forward(self, batch):
        multivectors, scalars, mask = tokens_of(batch)
        out, _ = self.network(multivectors, scalars=scalars, attn_mask=mask)
        return out[:, 0, :, 0]


def network_of(config, *, num_classes):
    """Return their network in the configuration that they use for top tagging."""
    return LGATr(
        num_blocks=config.blocks,
        in_mv_channels=1,
        out_mv_channels=num_classes,
        hidden_mv_channels=config.multivectors,
        in_s_channels=1,
        out_s_channels=None,
        hidden_s_channels=config.scalars,
        attention=SelfAttentionConfig(
            num_heads=config.heads,
            multi_query=False,
            increase_hidden_channels=config.expansion,
            head_scale=True,
        ),
        mlp=MLPConfig(increase_hidden_channels=config.expansion),
    )


def tokens_of(batch):
    """Return multivectors (B, N, 1, 16), scalars (B, N, 1) and mask (B, 1, 1, N), padded."""
    longest = NUM_FIRST + int(batch.num_constituents_B.max())
    p_BN4 = padded(batch, longest - NUM_FIRST)[:, :, :4]
    multivectors = p_BN4.new_zeros(len(batch), longest, 1, 16)
    multivectors[:, 1, 0, PLANE] = 1
    multivectors[:, 2, 0, TIME] = 1
    multivectors[:, NUM_FIRST:, 0, 1:5] = p_BN4
    scalars = p_BN4.new_zeros(len(batch), longest, 1)
    scalars[:, 0] = 1
    mask_BN = torch.arange(longest) < NUM_FIRST + batch.num_constituents_B[:, None]
    return multivectors, scalars, mask_BN[:, None, None]


@torch.no_grad()
def copy_weights(ours, theirs):
    """Give their network our weights; what they have beyond that meets zeros or is not read."""
    copy_embedding(ours.embedding, theirs.linear_in)
    for our_block, block in zip([*ours.blocks, ours.last_block], theirs.blocks, strict=True):
        product, _, second = block.mlp.layers
        attention = block.attention
        copy_linear(our_block.projection, attention.qkv_module.in_linear, heads_are_last=True)
        copy_linear(our_block.mixing, attention.out_linear)
        attention.head_scale.copy_(our_block.head_factor)
        for group, linear in enumerate((product.linear_left, product.linear_right)):
            copy_linear(our_block.factors, linear, groups=[group])
        copy_linear(our_block.first, product.linear_out)
        if our_block is not ours.last_block:
            copy_linear(our_block.second, second)
    outside, inside = our_block.projection.num_in, our_block.first.num_out
    copy_scalars(ours.last_block.second, second, places(inside), places(outside))
    copy_logits(ours.logits, theirs.linear_out)


def copy_embedding(ours, theirs):
    both, channels = len(ours.vector_D), len(ours.vector_D) // 2
    alternating = torch.arange(both).view(2, channels).T.flatten()
    weight, bias = ours.scalars.weight, ours.scalars.bias
    theirs.s2mvs.weight.copy_(weight[alternating])
    theirs.s2mvs.bias.copy_(bias[alternating])
    theirs.s2s.weight.copy_(weight[both:])
    theirs.mvs2s.bias.copy_(bias[both:])
    theirs.weight[:, 0, VECTOR], theirs.weight[:, 0, OTHERS + VECTOR] = ours.vector_D.chunk(2)
    theirs.weight[:, 0, BIVECTOR], theirs.weight[:, 0, OTHERS + BIVECTOR] = ours.bivector_2C


def copy_logits(ours, theirs):
    channels = theirs.weight.shape[1]
    theirs.weight[..., SCALAR] = ours.weight[:, :channels]
    theirs.weight[..., OTHERS + PSEUDOSCALAR] = -ours.weight[:, channels : 2 * channels]
    theirs.s2mvs.weight[0::2] = ours.weight[:, 2 * channels :]
    theirs.s2mvs.bias[0::2] = ours.bias


@dataclass
class Places:
    """Our columns (of scalars; of vectors) in the order of their channels."""

    scalar: Tensor
    pseudoscalar: Tensor
    beside: Tensor
    first: Tensor
    times_i: Tensor

    @property
    def alternating(self):
        return torch.stack([self.scalar, self.pseudoscalar], dim=1).flatten()


def places(width, *, groups=None, heads_are_last=False):
    """Return the columns of some groups; with queries, keys, values, then channels, then heads."""
    groups_G1 = torch.tensor(groups or range(width.groups))[:, None]
    channels, beside = torch.arange(width.multivectors), torch.arange(width.scalars)
    begin_G1 = groups_G1 * (2 * width.multivectors + width.scalars)
    first_GC = groups_G1 * 2 * width.multivectors + channels
    columns = (
        begin_G1 + channels,
        begin_G1 + width.multivectors + channels,
        begin_G1 + 2 * width.multivectors + beside,
        first_GC,
        first_GC + width.multivectors,
    )
    if heads_are_last:
        columns = (each.unflatten(0, (3, -1)).transpose(1, 2) for each in columns)
    return Places(*(each.flatten() for each in columns))


def copy_linear(ours, theirs, *, groups=None, heads_are_last=False):
    num_in = places(ours.num_in)
    num_out = places(ours.num_out, groups=groups, heads_are_last=heads_are_last)
    copy_scalars(ours.scalars, theirs, num_in, num_out)
    columns, rows = (num_in.first, num_in.times_i), (num_out.first, num_out.times_i)
    write_halves(theirs, ours.vectors_DD, rows, columns, (VECTOR, AXIAL))
    bivectors_DD = ours._of_bivectors()
    theirs.weight[..., BIVECTOR] = bivectors_DD[num_out.first][:, num_in.first]
    theirs.weight[..., OTHERS + BIVECTOR] = bivectors_DD[num_out.times_i][:, num_in.first]


def copy_scalars(ours, theirs, num_in, num_out):
    weight, bias = ours.weight, ours.bias
    columns, rows = (num_in.scalar, num_in.pseudoscalar), (num_out.scalar, num_out.pseudoscalar)
    write_halves(theirs, weight, rows, columns, (SCALAR, PSEUDOSCALAR))
    theirs.s2mvs.weight.copy_(weight[num_out.alternating][:, num_in.beside])
    theirs.s2mvs.bias.copy_(bias[num_out.alternating])
    if theirs.mvs2s is not None:
        theirs.mvs2s.weight.copy_(weight[num_out.beside][:, num_in.alternating])
        theirs.mvs2s.bias.copy_(bias[num_out.beside])
        theirs.s2s.weight.copy_(weight[num_out.beside][:, num_in.beside])


def write_halves(theirs, weight, rows, columns, grades):
    """Write a map between x and x I, where (x I) I = -x."""
    first, second = grades
    theirs.weight[..., first] = weight[rows[0]][:, columns[0]]
    theirs.weight[..., second] = weight[rows[1]][:, columns[1]]
    theirs.weight[..., OTHERS + first] = weight[rows[1]][:, columns[0]]
    theirs.weight[..., OTHERS + second] = -weight[rows[0]][:, columns[1]]

"""A plain transformer: attention between the particles of a jet, without features of pairs.

The baseline of Spinner et al., "Lorentz Local Canonicalization", 2025, https://arxiv.org/abs/2505.20280,
and of Brehmer et al., "A Lorentz-Equivariant Transformer for All of the LHC", 2024, https://arxiv.org/abs/2411.00446.
"""

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.attention import Slots, attend, heads, slots_of
from tagline.networks.layers import jet_sum
from tagline.networks.pieces import by_pieces
from tagline.settings.strict import Strict


class Config(Strict):
    """The network that the authors train for top tagging."""

    width: int = Field(128, gt=0, description="of a particle")
    heads: int = Field(8, gt=0, description="of each attention")
    blocks: int = Field(12, gt=0, description="of attention and two dense layers")
    expansion: int = Field(2, gt=0, description="of the hidden layer of a block")


class Block(nn.Module):
    """Attention, then two dense layers, each behind a norm without parameters."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.num_heads = config.heads
        self.projection = nn.Linear(width, 3 * width)
        self.mixing = nn.Linear(width, width)
        self.first = nn.Linear(width, config.expansion * width)
        self.second = nn.Linear(config.expansion * width, width)

    def forward(self, x_PD: Tensor, slots: Slots, bias_B11N: Tensor) -> Tensor:
        """Return the new particles."""
        qkv_BND = slots.pad(self.projection(F.layer_norm(x_PD, x_PD.shape[1:])))
        query, key, value = (heads(each, self.num_heads) for each in qkv_BND.chunk(3, dim=2))
        attended_BND = attend(query, key, value, bias_B11N, dropout=0.0)
        x_PD = x_PD + self.mixing(slots.pack(attended_BND))
        hidden_PD = F.gelu(self.first(F.layer_norm(x_PD, x_PD.shape[1:])))
        new_PD: Tensor = x_PD + self.second(hidden_PD)
        return new_PD


class Tagger(nn.Module):
    """Embedding, blocks, mean over the particles: 1,584,898 parameters for seven features."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.embedding = nn.Linear(len(inputs.constituent_features), config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.logits = nn.Linear(config.width, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        return by_pieces(self._logits, batch)

    def _logits(self, batch: Batch) -> Tensor:
        x_PD = self.embedding(batch.constituents_PF)
        slots = slots_of(batch)
        bias_B11N = slots.mask(x_PD.new_zeros(len(batch), 1, 1, slots.longest))
        for block in self.blocks:
            x_PD = block(x_PD, slots, bias_B11N)
        mean_BD = jet_sum(x_PD, batch) / batch.num_constituents_B.clamp(min=1)[:, None]
        logits_BC: Tensor = self.logits(mean_BD)
        return logits_BC

"""Attention in groups of jets, against the padded one in float64."""

import pytest
import torch

from tagline.networks import jet_attention
from tagline.networks.jet_attention import Grouped, Padded, attention_of
from tagline.networks.pairs import half_of_pairs
from tests.clouds import random_cloud

BATCH = random_cloud([0, 1, 3, 3, 3, 4, 6])
NUM_P, NUM_JETS = len(BATCH.constituents_PF), len(BATCH)
NUM_HEADS, WIDTH = 2, 8


@pytest.fixture(params=[1, 20, 1000], autouse=True)
def _jets_at_once(request, monkeypatch):
    monkeypatch.setattr(jet_attention, "PAIRS_AT_ONCE", request.param)


def inputs(dtype):
    generator = torch.Generator().manual_seed(1)
    num_pairs = len(half_of_pairs(BATCH)[0])
    shapes = (
        (NUM_P, 3 * WIDTH),
        (num_pairs, NUM_HEADS),
        (NUM_JETS, 3 * WIDTH),
        (NUM_P, 2 * WIDTH),
    )
    return [torch.randn(shape, generator=generator).to(dtype).requires_grad_() for shape in shapes]


def results(dtype, *, kind):
    """Return what constituents and jets get, and all gradients."""
    qkv_PD, half_QH, qkv_BD, key_value_PD = tensors = inputs(dtype)
    attention = attention_of(BATCH, qkv_PD, num_heads=NUM_HEADS)
    assert isinstance(attention, kind)
    outputs = (
        attention.attend(qkv_PD, attention.bias(half_QH), dropout=0.0),
        attention.attend_from_tokens(qkv_BD, key_value_PD),
    )
    sum(
        (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum() for out in outputs
    ).backward()
    return [*(out.detach() for out in outputs), *(each.grad for each in tensors)]


def test_groups_give_what_padding_gives():
    found = results(torch.float32, kind=Grouped)
    expected = results(torch.float64, kind=Padded)
    for each, other in zip(found, expected, strict=True):
        torch.testing.assert_close(each, other.float(), rtol=1e-5, atol=1e-6)


def dropped(qkv_PD, half_QH):
    torch.manual_seed(1)
    attention = attention_of(BATCH, qkv_PD, num_heads=NUM_HEADS)
    return attention.attend(qkv_PD, attention.bias(half_QH), dropout=0.5)


def test_the_way_back_drops_what_was_dropped_on_the_way():
    """The gradient is the one of finite differences, with the same weights dropped."""
    qkv_PD, half_QH = inputs(torch.float32)[:2]
    out_PD = dropped(qkv_PD, half_QH)
    out_PD.square().sum().backward()
    with torch.no_grad():
        direction_PD = torch.randn_like(qkv_PD)
        step = 1e-3
        ahead, behind = (
            dropped(qkv_PD + sign * step * direction_PD, half_QH).double().square().sum()
            for sign in (1, -1)
        )
    expected = (ahead - behind) / (2 * step)
    found = (qkv_PD.grad * direction_PD).sum().double()
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-2)


def test_dropout_keeps_the_mean_of_what_a_constituent_gets():
    qkv_PD, half_QH = (each.detach() for each in inputs(torch.float32)[:2])
    attention = attention_of(BATCH, qkv_PD, num_heads=NUM_HEADS)
    bias_S = attention.bias(half_QH)
    torch.manual_seed(1)
    mean_PD = torch.stack(
        [attention.attend(qkv_PD, bias_S, dropout=0.5) for _ in range(2000)]
    ).mean(0)
    expected_PD = attention.attend(qkv_PD, bias_S, dropout=0.0)
    torch.testing.assert_close(mean_PD, expected_PD, rtol=0, atol=0.15)

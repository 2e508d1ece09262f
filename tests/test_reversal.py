"""Gradient reversal passes numbers on and sends gradients back with the other sign."""

import torch

from tagline.networks.reversal import reverse_gradient


def test_gradients_come_back_reversed_and_scaled():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    reversed_x = reverse_gradient(x, strength=10)
    torch.dot(reversed_x, torch.tensor([3.0, 4.0])).backward()
    assert torch.equal(reversed_x, x)
    assert torch.equal(x.grad, torch.tensor([-30.0, -40.0]))

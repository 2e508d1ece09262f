"""The head of a network: the last layers, which a transfer to other classes makes anew."""

from torch import nn


def head_of(network: nn.Module) -> tuple[str, ...]:
    """Return the names of its modules: `HEAD` of the network's class, or the last linear layer."""
    declared: tuple[str, ...] | None = getattr(type(network), "HEAD", None)
    if declared is not None:
        return declared
    linear = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    return tuple(linear[-1:])


def in_head(name: str, head: tuple[str, ...]) -> bool:
    """Tell whether a parameter or buffer belongs to one of the modules."""
    return any(name.startswith(f"{module}.") for module in head)

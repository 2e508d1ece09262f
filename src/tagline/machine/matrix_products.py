"""Matrix products on processors with AVX-512 that are not Intel's.

On CPUs torch multiplies matrices by MKL, which gives other makers' processors no more than AVX2.
oneDNN, which torch has for convolutions, knows no maker: on an AMD EPYC of the Zen 5 kind it is
2.4 times as fast, and training steps took 0.55 (PFN) and 0.62 (ParticleNet), scoring 0.58 of their
CPU time. Sums are rounded differently, as they are on any other machine.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import DispatchKeySet, Tensor
from torch.library import Library, get_kernel

FEWEST_MULTIPLICATIONS = 2**20  # with fewer, a call costs more than the product gains
CPU_INFO = Path("/proc/cpuinfo")


@contextmanager
def whole_processor() -> Iterator[None]:
    """Have torch multiply by oneDNN meanwhile, where that is faster; for other threads, too."""
    library = put_in_front() if has_neglected_vectors() else None
    yield
    del library


def has_neglected_vectors() -> bool:
    """Tell whether the processor has AVX-512 and MKL would leave it aside."""
    backends: Any = torch.backends
    return (
        backends.mkl.is_available()
        and backends.mkldnn.is_available()
        and backends.cpu.get_cpu_capability() == "AVX512"
        and CPU_INFO.is_file()
        and "GenuineIntel" not in CPU_INFO.read_text()
    )


def put_in_front() -> Library:
    """Put oneDNN in front of torch's own products, as long as what is returned lives."""
    library = Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="(?s).*Overriding a previously registered kernel"
        )
        for name, product in PRODUCTS.items():
            kernel = _in_front_of_torch(name, product)
            library.impl(name, kernel, "CPU", with_keyset=True)  # type: ignore[no-untyped-call]
    return library


def _in_front_of_torch(name: str, product: Callable[..., Tensor | None]) -> Callable[..., Tensor]:
    of_torch = get_kernel(f"aten::{name}", "CPU")

    def multiply(keys: DispatchKeySet, *operands: Tensor, **options: Any) -> Tensor:  # noqa: ANN401
        result = product(*operands, **options)
        if result is None:
            result = of_torch.call_boxed(keys, *operands, **options)
        return result

    return multiply


def mm(a_NK: Tensor, b_KM: Tensor) -> Tensor | None:
    """Return the product of two matrices, or None where torch does better or has to complain."""
    return _multiplied(a_NK, b_KM, None) if _are_large_and_plain(a_NK, b_KM) else None


def mm_out(a_NK: Tensor, b_KM: Tensor, *, out: Tensor) -> Tensor | None:
    """Write the product."""
    return _written(mm(a_NK, b_KM), out)


def addmm(
    bias_M: Tensor, a_NK: Tensor, b_KM: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor | None:
    """Return the product with a bias for each column."""
    is_bias = bias_M.shape == b_KM.shape[1:] and bias_M.is_contiguous()
    if is_bias and beta == alpha == 1 and _are_large_and_plain(bias_M, a_NK, b_KM):
        return _multiplied(a_NK, b_KM, bias_M)
    return None


def addmm_out(*operands: Tensor, out: Tensor, beta: float = 1, alpha: float = 1) -> Tensor | None:
    """Write the product with a bias."""
    return _written(addmm(*operands, beta=beta, alpha=alpha), out)


def add_to(
    sum_NM: Tensor, a_NK: Tensor, b_KM: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor | None:
    """Add the product to a matrix."""
    fits = sum_NM.shape == (a_NK.shape[0], b_KM.shape[1]) and sum_NM.dtype == a_NK.dtype
    product_NM = mm(a_NK, b_KM) if fits and beta == alpha == 1 else None
    return None if product_NM is None else sum_NM.add_(product_NM)


PRODUCTS: dict[str, Callable[..., Tensor | None]] = {
    "mm": mm,
    "mm.out": mm_out,
    "addmm": addmm,
    "addmm.out": addmm_out,
    "addmm_": add_to,
}


def _are_large_and_plain(*operands: Tensor) -> bool:
    """Tell whether oneDNN multiplies the last two; it is very slow if they have gaps."""
    a_NK, b_KM = operands[-2:]
    return (
        a_NK.shape[0] * b_KM.numel() >= FEWEST_MULTIPLICATIONS
        and a_NK.shape[1] == b_KM.shape[0]
        and all(x.dtype == torch.float32 for x in operands)
        and all(x.is_contiguous() or x.T.is_contiguous() for x in (a_NK, b_KM))
    )


def _multiplied(a_NK: Tensor, b_KM: Tensor, bias_M: Tensor | None) -> Tensor:
    product_NM: Tensor = torch.ops.mkldnn._linear_pointwise(a_NK, b_KM.T, bias_M, "none", [], "")
    return product_NM


def _written(result: Tensor | None, out: Tensor) -> Tensor | None:
    """Copy a result to its place, if there is one and it fits."""
    if result is None or out.shape != result.shape or out.dtype != result.dtype:
        return None
    return out.copy_(result)

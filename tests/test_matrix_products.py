"""Products by oneDNN are those of torch, and torch's own are back afterwards."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from tagline.machine.matrix_products import PRODUCTS, put_in_front, whole_processor

pytestmark = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN"
)

SHAPES = [(300, 64, 64), (64, 3000, 32), (1, 2048, 1024), (2048, 1024, 1), (2048, 1, 1024)]
TINY = (8, 4, 2)


@pytest.fixture(params=[*SHAPES, TINY], ids=str)
def operands(request):
    generator = torch.Generator().manual_seed(1)
    num_n, num_k, num_m = request.param
    a_NK = torch.randn(num_n, num_k, generator=generator)
    b_KM = torch.randn(num_k, num_m, generator=generator)
    return a_NK, b_KM, torch.randn(num_m, generator=generator)


def layouts(x: Tensor) -> list[Tensor]:
    """Return a matrix by rows, by columns, and with gaps between its rows."""
    with_gaps = torch.zeros(x.shape[0], 2 * x.shape[1])[:, : x.shape[1]]
    return [x, x.T.contiguous().T, with_gaps.copy_(x)]


def assert_close(found: Tensor, a_NK: Tensor, b_KM: Tensor, added: Tensor | float) -> None:
    expected = a_NK.double() @ b_KM.double() + added
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6 * a_NK.shape[1])


def test_products_of_all_layouts_are_those_of_double_precision(operands):
    a_NK, b_KM, bias_M = operands
    library = put_in_front()
    for a, b in product(layouts(a_NK), layouts(b_KM)):
        fresh = torch.full((len(a), b.shape[1]), torch.nan)
        assert_close(torch.mm(a, b), a, b, 0)
        assert_close(torch.mm(a, b, out=fresh), a, b, 0)
        assert_close(torch.addmm(bias_M, a, b), a, b, bias_M)
        assert_close(torch.addmm(bias_M, a, b, out=fresh), a, b, bias_M)
        assert_close(torch.addmm(bias_M, a, b, beta=2, alpha=3), 3 * a, b, 2 * bias_M)
        assert_close(torch.ones_like(fresh).addmm_(a, b), a, b, 1)
        assert_close(torch.ones_like(fresh).addmm_(a, b, beta=0), a, b, 0)
    del library


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_large_products_are_not_left_to_torch(shape):
    num_n, num_k, num_m = shape
    a_NK, b_KM = torch.ones(num_n, num_k), torch.ones(num_k, num_m)
    sum_NM, bias_M = torch.ones(num_n, num_m), torch.ones(num_m)
    assert PRODUCTS["mm"](a_NK, b_KM) is not None
    assert PRODUCTS["mm.out"](a_NK, b_KM, out=sum_NM) is sum_NM
    assert PRODUCTS["addmm"](bias_M, a_NK, b_KM) is not None
    assert PRODUCTS["addmm.out"](bias_M, a_NK, b_KM, out=sum_NM) is sum_NM
    assert PRODUCTS["addmm_"](sum_NM, a_NK, b_KM) is sum_NM


def test_gradients_are_those_of_torch():
    x_BD = torch.randn(512, 128, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(1)
    layer = nn.Linear(128, 64)

    def gradients() -> list[Tensor]:
        x = x_BD.clone().requires_grad_()
        return list(torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]))

    expected = gradients()
    library = put_in_front()
    found = gradients()
    del library
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)


def test_an_output_of_another_shape_is_made_to_fit():
    a_NK, b_KM = torch.ones(300, 64), torch.ones(64, 64)
    library = put_in_front()
    assert torch.mm(a_NK, b_KM, out=torch.empty(0)).shape == (300, 64)
    del library


def test_matrices_that_do_not_fit_are_refused_in_the_words_of_torch():
    library = put_in_front()
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        torch.mm(torch.ones(300, 64), torch.ones(65, 64))
    with pytest.raises(RuntimeError, match="same dtype"):
        torch.mm(torch.ones(300, 64), torch.ones(64, 64, dtype=torch.float64))
    del library


def test_products_of_torch_are_back_afterwards(monkeypatch):
    monkeypatch.setattr("tagline.machine.matrix_products.has_neglected_vectors", lambda: True)
    calls = []
    monkeypatch.setitem(PRODUCTS, "mm", lambda *operands: calls.append(operands))
    a_NK = torch.ones(4, 4)
    with whole_processor():
        torch.mm(a_NK, a_NK)
    torch.mm(a_NK, a_NK)
    assert len(calls) == 1


def test_the_processors_of_intel_are_left_to_mkl(monkeypatch, tmp_path):
    intel = tmp_path / "cpuinfo"
    intel.write_text("vendor_id\t: GenuineIntel\n")
    monkeypatch.setattr("tagline.machine.matrix_products.CPU_INFO", intel)
    calls = []
    monkeypatch.setitem(PRODUCTS, "mm", lambda *operands: calls.append(operands))
    with whole_processor():
        torch.mm(torch.ones(4, 4), torch.ones(4, 4))
    assert not calls

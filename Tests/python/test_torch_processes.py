"""The layer of PyTorch in several processes."""

import pytest

torch = pytest.importorskip("torch")

import dnc.torch  # noqa: E402

PROCESSES, T, X, Y = 2, 7, 3, 4


def layer(seed):
    return dnc.torch.DNC(X, Y, hidden_size=7, memory_slots=6, word_size=5, initial_state="learned", seed=seed)


def gradients(net, inputs, starts):
    net.zero_grad()
    outputs, _ = net(inputs, None, starts)
    outputs.square().mean().backward()
    return {name.replace("module.", ""): value.grad.clone() for name, value in net.named_parameters()}


def data():
    """Rows, tokens, and starts for both."""
    numbers = torch.Generator().manual_seed(5)
    rows, starts = torch.randn(T, 4, X, generator=numbers), torch.rand(T, 4, generator=numbers) < 0.2
    return rows, torch.randint(0, X, (T, 4), generator=numbers), starts


def work(rank, folder):
    """Each has parameters of its own at first, as DistributedDataParallel gives all those of the first."""
    torch.distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    parallel = torch.nn.parallel.DistributedDataParallel(layer(seed=rank))
    rows, tokens, starts = (values[:, 2 * rank : 2 * rank + 2] for values in data())
    torch.save([gradients(parallel, inputs, starts) for inputs in (rows, tokens)], f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_give_the_gradients_of_one_with_the_joint_batch(tmp_path):
    torch.multiprocessing.spawn(work, (str(tmp_path),), PROCESSES)
    rows, tokens, starts = data()
    for i, inputs in enumerate((rows, tokens)):
        expected = gradients(layer(seed=0), inputs, starts)
        for rank in range(PROCESSES):
            found = torch.load(tmp_path / f"{rank}.pt")[i]
            assert found.keys() == expected.keys() and found["initial.memory"].any()
            for name, gradient in found.items():
                assert (gradient - expected[name]).abs().max() <= 1e-5 * expected[name].abs().max(), name

"""The functions for JAX, against the same equations in plain JAX."""

import functools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax = pytest.importorskip("jax")

import dnc.jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from equations import NETWORKS, SIZES, Framework, Model, rounded  # noqa: E402

# Compiling is most of the time of these tests.
jax.config.update("jax_disable_most_optimizations", True)
SOON = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_parallel_codegen_split_count": 1}

X, Y, B, T = 3, 4, 3, 9
JAX = Framework(
    concatenate=jnp.concatenate, where=jnp.where, exp=jnp.exp, log1p=jnp.log1p, tanh=jnp.tanh,
    sigmoid=jax.nn.sigmoid, softmax=jax.nn.softmax, identity=jnp.eye,
    order=lambda s: jnp.argsort(rounded(jax.lax.stop_gradient(s)), axis=1, stable=True),
    take=lambda values, order: jnp.take_along_axis(values, order, 1), roll=lambda x, shift: jnp.roll(x, shift, -1),
    scan=jax.lax.scan,
)  # fmt: skip


def layer(**options):
    return dnc.jax.DNC(X, Y, **{**SIZES, **options})


def pullback(run):
    """A function to outputs and state, and to the gradients of parameters, inputs and state that belong to theirs."""

    def call(parameters, inputs, state, starts, gradients):
        results, back = jax.vjp(lambda p, x, s: run(p, x, s, starts), parameters, inputs, state)
        return results, back(gradients)

    return jax.jit(call, compiler_options=SOON)


@functools.lru_cache
def plain(name):
    """The same in plain JAX, compiled once."""
    with dnc.DNC(X, Y, **{**SIZES, **NETWORKS[name]}) as net:
        return pullback(Model(JAX, net.config).run)


def data(steps=T, batch=B, seed=0):
    return jax.random.normal(jax.random.key(seed), (steps, batch, X))


def assert_same(ours, theirs, tolerance=1e-4):
    """To 1e-4 of the greatest number of each."""
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    theirs = jax.tree.leaves(jax.device_get(theirs))
    for (path, value), expected in zip(jax.tree_util.tree_leaves_with_path(jax.device_get(ours)), theirs):
        difference, largest = abs(value - expected).max(), abs(expected).max()
        assert difference <= tolerance * largest, f"{jax.tree_util.keystr(path)}: {difference} of {largest}"


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_the_same_function_with_the_same_gradients(name):
    """With and without starts, and for two forwards before one backward."""
    net = layer(**NETWORKS[name])
    parameters, ours, theirs = net.init(3), pullback(net.apply), plain(name)
    before = net.apply(parameters, data(4, seed=9))[1]
    weights = jax.random.normal(jax.random.key(1), (T, B, Y)), jax.random.normal(jax.random.key(2), before.shape)
    none = jnp.zeros((T, B), bool)
    for starts in (none, none.at[5, 0].set(True).at[2, 1].set(True)):
        given = parameters, data(), before, starts, weights
        assert_same(ours(*given), theirs(*given))

    def loss(parameters):
        first, state = net.apply(parameters, data(seed=1), before)
        second, state = net.apply(parameters, data(seed=2), state)
        return (first**2).sum() + (second**2).sum() + state.sum()

    (first, state), _ = theirs(parameters, data(seed=1), before, none, weights)
    (second, after), _ = theirs(parameters, data(seed=2), state, none, weights)
    _, (later, _, of_state) = theirs(parameters, data(seed=2), state, none, (2 * second, jnp.ones_like(after)))
    _, (earlier, _, _) = theirs(parameters, data(seed=1), before, none, (2 * first, of_state))
    assert_same(jax.jit(jax.grad(loss))(parameters), {each: earlier[each] + later[each] for each in parameters})


def test_it_is_the_library():
    """Parameters of a seed, outputs and states are those of dnc.DNC, bit for bit."""
    net = layer(**NETWORKS["links"])
    with dnc.DNC(X, Y, **{**SIZES, **NETWORKS["links"]}, batch_size=B) as bare:
        for parameters in (net.init(), net.init(3)):
            assert {n: v.tobytes() for n, v in parameters.items()} == {
                n: v.tobytes() for n, v in bare.parameters.items()
            }
        outputs, state = net.apply(parameters, data())
        assert np.array_equal(outputs, bare.forward(np.asarray(data()))) and np.array_equal(state, bare.state_rows())
    assert layer().init(2**40)["output.weight"].tobytes() == layer(seed=2**40).init()["output.weight"].tobytes()
    drawn = jax.jit(net.init)(jax.random.key(0))["output.weight"]
    assert not np.array_equal(drawn, net.init(jax.random.key(1))["output.weight"])


def test_tokens_are_one_hot_rows():
    """To the bit, under jit, grad, scan and vmap, of one sequence, and with parameters that are mapped."""
    net = layer(**NETWORKS["links"])
    tokens = np.random.default_rng(4).integers(-1, X, (T, B), np.int32)
    rows = np.float32(tokens[..., None] == np.arange(X))
    starts = np.zeros((T, B), bool)
    starts[5, 0] = True
    parameters = {name: np.asarray(values) for name, values in net.init(3).items()}
    state = np.asarray(net.apply(parameters, rows)[1])
    two = {name: np.stack([values, values / 2]) for name, values in parameters.items()}

    @jax.jit
    @functools.partial(jax.grad, argnums=(0, 1, 2), has_aux=True)
    def run(parameters, two, state, inputs):
        def step(state, x):
            outputs, state = net.apply(parameters, x[None], state)
            return state, outputs[0]

        found = [
            net.apply(parameters, inputs, state, starts),
            jax.lax.scan(step, state, inputs),
            jax.vmap(lambda x, s: net.apply(parameters, x, s), (1, 0), (1, 0))(inputs, state),
            jax.vmap(lambda p: net.apply(p, inputs))(two),
            net.apply(parameters, inputs[:, 1]),
        ]
        return sum((values**2).sum() for pair in found for values in pair), found

    expected = jax.tree.leaves(run(parameters, two, state, rows))
    assert all(map(np.array_equal, jax.tree.leaves(run(parameters, two, state, tokens)), expected))
    for kind in (np.int64, np.int8):
        assert np.array_equal(net.apply(parameters, tokens.astype(kind), state, starts)[0], expected[-10])


def test_wrong_tokens():
    net = layer()
    parameters, tokens = net.init(), np.zeros((T, B), np.int64)
    for wrong in (X, -2):
        tokens[2, 1] = wrong
        for run in (net.apply, jax.jit(net.apply)):
            with pytest.raises(Exception, match=rf"inputs\[2, 1\] is {wrong}, allowed are -1 to {X - 1}"):
                jax.block_until_ready(run(parameters, jnp.asarray(tokens)))
    for wrong in (2**40, -(2**40)):
        tokens[2, 1] = wrong
        with pytest.raises(Exception, match=rf"inputs\[2, 1\] is -?\d+, allowed are -1 to {X - 1}"):
            jax.block_until_ready(net.apply(parameters, tokens))
    with pytest.raises(ValueError, match=rf"needed are rows \[T, B, {X}\] of float32, or tokens \[T, B\]"):
        net.apply(parameters, tokens[..., None])


def test_scan_around_it():
    """Step by step with the state carried on, as in one call, and so the gradients."""
    net = layer(**NETWORKS["links"])
    parameters, inputs = net.init(), data()
    starts = jnp.zeros((T, B), bool).at[0].set(True).at[4, 1].set(True)

    def at_once(parameters):
        return net.apply(parameters, inputs, None, starts)[0]

    def by_steps(parameters):
        def step(state, given):
            outputs, state = net.apply(parameters, given[0][None], state, given[1][None])
            return state, outputs[0]

        return jax.lax.scan(step, jnp.zeros((B, net.state_size)), (inputs, starts))[1]

    assert np.array_equal(at_once(parameters), jax.jit(by_steps)(parameters))
    found = [jax.jit(jax.grad(lambda p, run=run: (run(p) ** 2).sum()))(parameters) for run in (by_steps, at_once)]
    assert_same(*found)


def test_vmap_is_a_batch():
    """Over sequences, over batches, over parameters, and one within another."""
    net = layer()
    parameters, inputs = net.init(), data(batch=6)
    expected = net.apply(parameters, inputs)
    alone = jax.vmap(lambda x: net.apply(parameters, x), 1, (1, 0))
    assert all(map(np.array_equal, alone(inputs), expected))
    pairs = inputs.reshape(T, 3, 2, X)
    two = jax.vmap(jax.vmap(lambda x: net.apply(parameters, x)[0], 1, 1), 2, 2)
    assert np.array_equal(two(pairs).reshape(T, 6, Y), expected[0])
    states, starts = expected[1], jnp.zeros((T, 6), bool).at[4, 2].set(True)
    mapped = jax.vmap(lambda x, s, b: net.apply(parameters, x, s, b), (1, 0, 1), (1, 0))
    assert all(map(np.array_equal, mapped(inputs, states, starts), net.apply(parameters, inputs, states, starts)))

    drawn = jax.vmap(net.init)(jax.random.split(jax.random.key(0), 2))
    each = [net.apply({name: values[i] for name, values in drawn.items()}, inputs)[0] for i in range(2)]
    assert np.array_equal(jax.vmap(lambda p: net.apply(p, inputs)[0])(drawn), jnp.stack(each))


def test_gradients_of_vmap_and_vmap_of_gradients():
    net = layer()
    parameters, inputs = net.init(), data()

    def loss(parameters, inputs):
        return (net.apply(parameters, inputs)[0] ** 2).sum()

    of_sum = jax.grad(lambda p: jax.vmap(loss, (None, 1))(p, inputs).sum())(parameters)
    assert_same(of_sum, jax.grad(loss)(parameters, inputs), 1e-5)
    each = jax.vmap(jax.grad(loss), (None, 1))(parameters, inputs)
    for b in range(B):
        alone = jax.grad(loss)(parameters, inputs[:, b])
        assert_same({name: values[b] for name, values in each.items()}, alone, 1e-5)


def test_calls_at_the_same_time():
    """Of a layer in several threads: each has a network of its own."""
    net = layer()
    parameters = net.init()
    run = jax.jit(lambda x: net.apply(parameters, x)[0])
    given = [data(50, 4, seed) for seed in range(8)]
    expected = [run(x) for x in given]
    with ThreadPoolExecutor(4) as pool:
        assert all(map(np.array_equal, pool.map(run, given * 4), expected * 4))


def test_layers_are_values():
    assert layer() == layer() and hash(layer()) == hash(layer()) and layer() != layer(num_layers=2)
    assert "hidden_size=7" in repr(layer()) and (layer().input_size, layer().output_size) == (X, Y)
    run = jax.jit(lambda net, p, x: net.apply(p, x)[0], static_argnums=0)
    for _ in range(2):
        run(layer(), layer().init(), data())
    assert run._cache_size() == 1


def test_what_it_cannot_do():
    net = layer()
    parameters = net.init()
    with pytest.raises(ValueError, match=r"inputs has shape \(9, 3, 2\), needed is \(9, 3, 3\)"):
        net.apply(parameters, data()[..., 1:])
    with pytest.raises(ValueError, match=r"state has shape \(2, \d+\), needed is \(3, \d+\)"):
        net.apply(parameters, data(), jnp.zeros((2, net.state_size)))
    with pytest.raises(ValueError, match=r"starts has shape \(9, 2\), needed is \(9, 3\)"):
        net.apply(parameters, data(), None, jnp.zeros((T, 2), bool))
    with pytest.raises(ValueError, match="inputs is float16, needed is float32"):
        net.apply(parameters, data().astype(jnp.float16))
    with pytest.raises(ValueError, match="output.bias has shape"):
        net.apply({**parameters, "output.bias": jnp.zeros(Y + 1)}, data())
    with pytest.raises(ValueError, match="parameters has .*, needed are .*output.bias"):
        net.apply({"output.bias": jnp.zeros(Y)}, data())
    with pytest.raises(TypeError, match="batch_size is that of the inputs"):
        layer(batch_size=2)
    with pytest.raises(ValueError, match="key is -1"):
        net.init(-1)
    with pytest.raises(Exception, match="NotFinite: inputs.* is nan"):
        jax.block_until_ready(jax.jit(net.apply)(parameters, data() * jnp.nan))
    assert np.isfinite(net.apply(parameters, data())[0]).all(), "it works after an error"
    with pytest.raises(NotImplementedError, match="no second derivatives"):
        jax.jacrev(jax.grad(lambda x: net.apply(parameters, x)[0].sum()))(data(2, 1))
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(lambda x: net.apply(parameters, x)[0], (data(),), (data(),))


def test_dnc_does_without_jax():
    code = "import sys, dnc; sys.exit('jax' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(dnc.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0

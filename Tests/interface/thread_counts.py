"""How many threads there are, in a process of its own: all instances of a process share them.

python thread_counts.py CASE
"""

import os
import sys
from threading import Thread

import conftest  # noqa: F401
from support import Net, assert_equal

STEPS, BATCH = 100, 16


def tasks():
    return len(os.listdir("/proc/self/task"))


def threads_live_as_long_as_an_instance_that_may_use_them():
    before = tasks()
    single = Net(hidden_size=64, batch_size=BATCH)
    single.forward(single.inputs(STEPS))
    assert tasks() == before, "one thread is the caller's"
    net = Net(hidden_size=64, batch_size=BATCH, num_threads=3)
    assert tasks() == before
    net.forward(net.inputs(1))
    assert tasks() == before, "little work wakes nobody"
    net.forward(net.inputs(STEPS))
    assert tasks() == before + 2
    copy = net.clone()
    copy.forward(net.inputs(STEPS))
    assert tasks() == before + 2, "all instances share them"
    del net
    copy.forward(copy.inputs(STEPS))
    assert tasks() == before + 2
    del copy
    assert tasks() <= before + 2  # joined; the kernel may show them for a moment
    for _ in range(1000):
        if tasks() == before:
            break
    assert tasks() == before


def many_instances_have_the_threads_of_the_largest():
    """In two threads of the host at the same time; each gives what it gives alone."""
    before = tasks()
    nets = [Net(hidden_size=64, batch_size=BATCH, num_threads=2 + i % 7, seed=i) for i in range(40)]
    single = Net(hidden_size=64, batch_size=BATCH, seed=7)
    expected = single.forward(single.inputs(STEPS))
    found = {}

    def use(part):
        for i in part:
            found[i] = nets[i].forward(nets[i].inputs(STEPS))

    hosts = [Thread(target=use, args=(range(start, 40, 2),)) for start in (0, 1)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()
    for _ in range(1000):  # the host's threads may show for a moment
        if tasks() == before + 7:
            break
    assert tasks() == before + 7
    assert_equal(found[7], expected)


def zero_threads_are_one_per_core():
    before = tasks()
    net = Net(hidden_size=64, batch_size=BATCH, num_threads=0)
    net.forward(net.inputs(STEPS))
    assert tasks() == before + min(len(os.sched_getaffinity(0)), BATCH) - 1
    assert net.config.num_threads == 0


if __name__ == "__main__":
    globals()[sys.argv[1]]()

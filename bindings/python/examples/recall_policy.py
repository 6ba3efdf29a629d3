"""Trains a recurrent policy with a memory in an environment of gymnasium, by plain policy gradient.

    pip install "./bindings/python[torch]" gymnasium
    python bindings/python/examples/recall_policy.py

A cue is shown in the first step, then nothing for a few steps, then a light: the agent must choose what the cue said.
Rollouts are packed: a row goes on from one episode to the next, and `starts` says where they begin. The state after a
rollout begins the next one, so episodes may be longer than rollouts.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import dnc.torch
import numpy as np
import torch
from torch import nn

try:
    import gymnasium
except ImportError:
    sys.exit("error: gymnasium is missing. Please install with:  pip install gymnasium")


class Recall(gymnasium.Env):  # type: ignore[misc]
    """Observations are one-hot cues and a light; the reward is 1 where the choice at the light is that of the cue."""

    def __init__(self, cues: int = 4, longest: int = 6) -> None:
        self.cues, self.longest = cues, longest
        self.observation_space = gymnasium.spaces.Box(0, 1, (cues + 1,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(cues)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.cue = int(self.np_random.integers(self.cues))
        self.left = int(self.np_random.integers(2, self.longest + 1))
        return self._seen(self.cue), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.left -= 1
        if self.left < 0:
            return self._seen(None), float(action == self.cue), True, False, {}
        return self._seen(self.cues if self.left == 0 else None), 0.0, False, False, {}

    def _seen(self, which: int | None) -> Any:
        observation = np.zeros(self.cues + 1, np.float32)
        if which is not None:
            observation[which] = 1
        return observation


class Rows:
    """Environments side by side, each beginning a new episode where one ends."""

    def __init__(self, count: int, seed: int) -> None:
        self.all = [Recall() for _ in range(count)]
        self.observations = np.stack([one.reset(seed=seed + i)[0] for i, one in enumerate(self.all)])
        self.starts = np.ones(count, bool)

    def step(self, actions: Any) -> tuple[Any, Any]:
        rewards = np.zeros(len(self.all), np.float32)
        for i, environment in enumerate(self.all):
            self.observations[i], rewards[i], self.starts[i], _, _ = environment.step(int(actions[i]))
            if self.starts[i]:
                self.observations[i], _ = environment.reset()
        return rewards, self.starts.copy()


def rollout(policy: Any, rows: Rows, state: torch.Tensor, steps: int) -> Any:
    """What was seen, where episodes began, the actions and rewards, each [T, B, …], where they ended, and the state."""
    seen, starts, actions, rewards, ends = [], [], [], [], []
    with torch.no_grad():
        for _ in range(steps):
            seen.append(torch.from_numpy(rows.observations.copy()))
            starts.append(torch.from_numpy(rows.starts.copy()))
            logits, state = policy(seen[-1][None], state, starts[-1][None])
            actions.append(torch.distributions.Categorical(logits=logits[0]).sample())
            reward, end = rows.step(actions[-1])
            rewards.append(torch.from_numpy(reward))
            ends.append(torch.from_numpy(end))
    return *map(torch.stack, (seen, starts, actions, rewards, ends)), state


def returns(rewards: torch.Tensor, ends: torch.Tensor, discount: float = 0.9) -> torch.Tensor:
    """Of every step what its episode brings from then on, as far as the rollout goes."""
    found, after = [], torch.zeros(rewards.shape[1])
    for reward, end in zip(rewards.flip(0), ends.flip(0)):
        after = reward + discount * torch.where(end, torch.zeros_like(after), after)
        found.append(after)
    return torch.stack(found).flip(0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--updates", type=int, default=150, help="(default: 150)")
    parser.add_argument("--rows", type=int, default=32, help="environments side by side (default: 32)")
    parser.add_argument("--steps", type=int, default=32, help="of a rollout (default: 32)")
    options = parser.parse_args()
    torch.manual_seed(1)
    environments = Rows(options.rows, seed=1)
    policy = dnc.torch.DNC(
        environments.observations.shape[1], Recall().cues, hidden_size=32, memory_slots=8, word_size=8, clip_value=20,
        input_scale=3,
    )  # fmt: skip
    optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
    state = torch.zeros(options.rows, policy.state_size)
    right = 0.0
    for update in range(1, options.updates + 1):
        before = state
        seen, starts, actions, rewards, ends, state = rollout(policy, environments, state, options.steps)
        logits, _ = policy(seen, before, starts)
        choices = torch.distributions.Categorical(logits=logits)
        brought = returns(rewards, ends)
        loss = -(choices.log_prob(actions) * (brought - brought.mean())).mean() - 0.01 * choices.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 10)
        optimizer.step()
        right = (rewards.sum() / ends.sum()).item()
        if update % 50 == 0:
            print(f"update {update}: {right:.0%} of {int(ends.sum())} choices right", flush=True)
    print(f"{right:.0%} of the last rollout's choices are right; by chance {1 / Recall().cues:.0%} would be")
    return 0


if __name__ == "__main__":
    sys.exit(main())

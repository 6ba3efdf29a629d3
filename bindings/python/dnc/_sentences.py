"""Sentences in the words of who reads them: the library's, which speaks of C's functions, structs and constants, in
Python's; and Python's in those of the command line."""

from __future__ import annotations

import numbers
import operator
import re
from collections.abc import Mapping
from typing import Any

import numpy as np


def _quoted(found: re.Match[str]) -> str:
    return f'{found[1]}"{found[2].lower()}"'


# Patterns of what the library says, and what that is in Python. They hold at the beginning of a sentence, or are
# phrases of the library's own, so that nothing from outside, as a path, is changed.
_WORDS = [
    (re.compile(pattern), words)
    for pattern, words in [
        (r"^(?:config|options)->", ""),
        (r"(?<=allowed are numbers up to )options->", ""),
        (r"(?<= bytes, )config->", ""),
        (r"(?<=, with )config->(memory )(\w+)(?= allowed is )", _quoted),
        (r"(?<=: )config->(memory is )(\w+)$", _quoted),
        (r"(?<=, but )config->(\w+ is )0(?=: )", r"\1False"),
        (r"(?<=: )config->(\w+ is )0$", r"\1False"),
        (r"^instance(?= has \d+ parameters, the optimizer \d+$| is in use by a call )", "the network"),
        (r"^classes(?=\[t=)", "targets"),
        (r"^bytes(?=: )", "checkpoint"),
        (r"^width(?= is \d+, allowed are multiples)", "Y"),
        (r"^field is DNC_FIELD_CELL, which(?= only an LSTM)", 'name is "cell", which'),
        (r"call dnc_set_training\(instance, 1\) and take steps first$", "set training to True and take steps first"),
        (r"see dnc_set_training$", "set the network's training to True before them"),
        (r"allowed is DNC_STEP_NOW(?=:)", "allowed is None"),
        (r"and DNC_STEP_NOW$", "and None"),
        (r"with DNC_INITIAL_LEARNED(?= the)", 'with initial_state="learned"'),
        (r"call dnc_(detach|backward) first$", r"call \1 first"),
        (r"call dnc_task_sample(?: first)?$", "call draw or sample first"),
    ]
]
_SUBJECT = re.compile(
    r"(?P<name>\w+)(?P<place>\[\d+\]|\[t=\d+, b=\d+\])?(?P<verb> is )(?P<value>[-+.\w]+)(?=, | in |$)"
)


def in_python(sentence: str, said: Mapping[str, Any]) -> str:
    """`said` is what Python's caller said, by the names of C's arguments: a value, or (Python's name, value). Where C
    was handed a stand-in for a number that it can't hold, the sentence gets the number; a place in a flat array
    becomes that in the array."""
    for pattern, words in _WORDS:
        sentence = pattern.sub(words, sentence)
    subject = _SUBJECT.match(sentence)
    if subject is None or subject["name"] not in said:
        return sentence
    name, place, value = subject["name"], subject["place"] or "", subject["value"]
    given = said[name]
    if isinstance(given, tuple):
        name, given = given
    if isinstance(given, np.ndarray) and place:
        index = tuple(map(int, re.findall(r"\d+", place)))
        if len(index) == 1 and index[0] < given.size:
            index = tuple(map(int, np.unravel_index(index[0], given.shape)))
            place = f"[{', '.join(map(str, index))}]"
        if given.dtype.kind in "iu" and len(index) == given.ndim and all(map(operator.lt, index, given.shape)):
            value = str(given[index])
    elif not place and isinstance(given, (numbers.Real, list)):
        value = repr(given)
    return f"{name}{place}{subject['verb']}{value}{sentence[subject.end() :]}"


# Where a sentence has the name of an argument or a setting: what it is about, and phrases of the package's own, so that
# nothing from outside is changed. A list of names ends its sentence.
_NAMES = re.compile(
    r"^\w+(?= (?:is|has|would|and \w+ are) )|^options(?=: )|(?<=: it belongs to )\w+|(?<= bytes, )\w+(?= is \d+$)"
    r"|(?<=allowed are numbers up to )\w+(?=, )|(?<= rate or )\w+(?=, or a )|(?<=, or a )\w+(?=, may help$)"
)
_LIST = re.compile(r"(?<=; that can: ).*$")
# What Python calls otherwise than the command line, other than with an s.
_OTHERWISE = {"num_threads": "threads", "stop_metric": "stop", "stop_score": "stop"}


def on_the_command_line(sentence: str, spellings: Mapping[str, str]) -> str:
    """`spellings` are those of the command line's options, by their names in Python."""

    def spelt(name: str) -> str:
        return next((spellings[one] for one in (_OTHERWISE.get(name, name), name[:-1]) if one in spellings), name)

    sentence = _LIST.sub(lambda found: ", ".join(dict.fromkeys(map(spelt, found[0].split(", ")))), sentence)
    return _NAMES.sub(lambda found: spelt(found[0]), sentence)

"""Docstrings are written for help(). Here their tables and sessions at the prompt become blocks of code."""

import re

import griffe

ALIGNED = re.compile(r"\S   *\S|^>>> ", re.MULTILINE)


class Blocks(griffe.Extension):
    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            parts = re.split(r"\n\s*\n", obj.docstring.value)
            obj.docstring.value = "\n\n".join(
                f"```text\n{part}\n```" if ALIGNED.search(part) and not part.startswith("    ") else part
                for part in parts
            )

"""GitHub's formulas, $`…`$ and ```math, as MathML: it needs no script, no font and no network."""

import re

from latex2mathml.converter import convert
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

# What the converter does not know, or takes for no brackets, in its words.
SYNONYMS = {
    "{aligned}": "{align*}",
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\lvert": r"\left|",
    r"\rvert": r"\right|",
    r"\lVert": r"\left\|",
    r"\rVert": r"\right\|",
}
# What it makes of \mathrel{+}=, which is one sign.
APART = re.compile(r"<mo><mrow><mo>(\S+?)</mo></mrow></mo><mo>&#x0003D;</mo>")


def mathml(tex, display="inline"):
    for ours, its in SYNONYMS.items():
        tex = tex.replace(ours, its)
    found = APART.sub(r"<mo>\1=</mo>", convert(tex, display=display))
    left = re.search(r"\\[A-Za-z]+|&amp;|&#x00026;", found)
    if left:
        raise ValueError(f"{left[0]} has no MathML, in {tex}")
    return found


def fence(source, language, css_class, options, md, **kwargs):
    return f'<div class="{css_class}">{mathml(source, "block")}</div>'


class Inline(InlineProcessor):
    def handleMatch(self, match, text):  # noqa: N802 (markdown's name)
        return self.md.htmlStash.store(mathml(match[1])), *match.span()


class Formulas(Extension):
    def extendMarkdown(self, md):  # noqa: N802 (markdown's name)
        md.inlinePatterns.register(Inline(r"\$`([^`]+)`\$", md), "formula", 200)  # before code, which is 190


def on_config(config):
    """Called by mkdocs."""
    config.markdown_extensions.append(Formulas())
    return config

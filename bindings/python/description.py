"""The package's description: the README, whose links lead into the checkout, as it can be read anywhere."""

import os
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]


def description() -> str:
    """Links lead where the checkout's origin is, if that is on the web, or to what DNC_SOURCE_URL says, as
    https://example.org/libdnc/blob/main. Where there is no place to lead to, their words alone stay."""
    base = _source_url()

    def anywhere(link: re.Match) -> str:
        words, target = link.groups()
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        return f"[{words}]({base}/{os.path.relpath(HERE / target, CHECKOUT)})" if base else words

    return re.sub(r"\[([^]]+)\]\(([^)\s]+)\)", anywhere, (HERE / "README.md").read_text("utf-8"))


def _source_url() -> str:
    if "DNC_SOURCE_URL" in os.environ:
        return os.environ["DNC_SOURCE_URL"].rstrip("/")
    if not (CHECKOUT / "include" / "dnc.h").exists():  # a source distribution, wherever it lies
        return ""
    git = ["git", "-C", str(CHECKOUT), "remote", "get-url", "origin"]
    origin = subprocess.run(git, capture_output=True, text=True).stdout.strip() if shutil.which("git") else ""
    return re.sub(r"\.git$", "", origin) + "/blob/HEAD" if origin.startswith("https://") else ""

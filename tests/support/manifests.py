"""YAML as people write it: anchors, merges, tags, comments, tabs, keys that mean something else."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_KEYS = ("a", "on", "1.10", "0400", '"on"', "'q k'", "x.y/z", "!!str y", "5", "z", "d-e", '"<<"')
_SCALARS = ("1", "text", '"quoted # no comment"', "'it''s'", "0.5", "yes", "~", "", "!!str 3", "two words")
_AFTER = ("", "", "", " # a comment", "  ", "\t", "\t# behind a tab")
_FLOWS = ("{}", "[]", "{x: 1}", "[1, {y: 2}]", "{x: [a],}", "{ z : }", "{x, y: 1}")


class _Writer:
    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._anchors: list[str] = []
        self._count = 0

    def one_of(self, choices: Any) -> Any:
        return self._draw(st.sampled_from(choices))

    def mapping(self, indent: int, depth: int) -> list[str]:
        keys = self._draw(st.lists(st.sampled_from(_KEYS), min_size=1, max_size=4, unique=True))
        lines = []
        if self._anchors and self.one_of((True, False, False)):
            merged = self.one_of(("*{0}", "[*{0}, *{1}]", "{{m: 1}}"))
            lines.append(f"<<: {merged.format(self.one_of(self._anchors), self.one_of(self._anchors))}")
        for key in keys:
            lines += self.one_of(([], [], ["# above"], [""]))
            lines += self._entry(key, depth)
        return [f"{' ' * indent}{line}" if line else line for line in lines]

    def _entry(self, key: str, depth: int) -> list[str]:
        after = self.one_of(_AFTER)
        shape = self.one_of(("scalar", "alias", "flow", "block", "text", "list", "mapping", "mapping"))
        if shape == "alias" and self._anchors:
            return [f"{key}: *{self.one_of(self._anchors)}{after}"]
        if shape == "text":
            return [f"{key}: {self.one_of(('|', '>-', '|+'))}", "  a text", "    # of lines", ""]
        if depth and shape in ("mapping", "list", "block"):
            anchor, properties = self._properties()
            inside = self.mapping(self.one_of((2, 4)), depth - 1) if shape == "mapping" else self._list(depth)
            if anchor and shape == "mapping":  # an alias of what it stands in would have no end
                self._anchors.append(anchor)
            return [f"{key}:{properties}{after}", *inside]
        if shape == "flow":
            return [f"{key}: {self.one_of(_FLOWS)}{after}"]
        return [f"{key}: {self.one_of(_SCALARS)}{after}"]

    def _properties(self) -> tuple[str, str]:
        self._count += 1
        anchor = f"n{self._count}"
        written = self.one_of(("", "", f" &{anchor}", " !!map", f" !x &{anchor}"))
        return anchor if "&" in written else "", written

    def _list(self, depth: int) -> list[str]:
        indent = self.one_of((0, 0, 2))
        lines: list[str] = []
        for _ in range(self.one_of((1, 2))):
            first, *others = self.mapping(2, depth - 1) if self.one_of((True, False)) else ["  item"]
            dash = "- " if first.strip() and not first.lstrip().startswith("#") else "-\n" + " " * indent
            lines += [f"{dash}{first[2:] if dash == '- ' else first}", *others]
        return [f"{' ' * indent}{line}" if line else line for line in lines]


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A document whose root is a mapping."""
    text = "\n".join(_Writer(draw).mapping(0, 3))
    text = draw(st.sampled_from(("", "\ufeff", "# first\n", "---\n", "--- # here\n"))) + text
    text += draw(st.sampled_from(("\n", "", "\n# last\n", "\n\n")))
    return text.replace("\n", draw(st.sampled_from(("\n", "\n", "\r\n"))))

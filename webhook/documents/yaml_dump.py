"""Write data as a YAML document of its own."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter


class _Representer(SafeRepresenter):
    """Escapes U+0085, a line break in YAML 1.1, which ruamel folds as if it were one of the layout."""

    def represent_str(self, data: str) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style='"' if "\x85" in data else None)


_Representer.add_representer(str, _Representer.represent_str)


def dump(data: Any) -> str:
    """Data as block YAML that kubectl reads back the same: words such as Off are quoted."""
    writer = YAML(typ="safe", pure=True)
    writer.Representer = _Representer
    writer.version = (1, 1)
    writer.default_flow_style = False
    writer.width = 1000
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # fields read best in the order given
    writer.representer.ignore_aliases = lambda _: True  # no anchors and aliases
    out = StringIO()
    writer.dump(data, out)
    return out.getvalue().removeprefix("%YAML 1.1\n---\n")

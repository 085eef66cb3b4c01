"""`python -m webhook` is `podtailor`."""

from __future__ import annotations

import sys

from webhook import interrupt


def main() -> None:
    interrupt.exit_on_ctrl_c()
    if sys.argv[1:2] == ["__complete"]:
        del sys.argv[1]
        complete()
    from webhook.cli import main as run  # noqa: PLC0415 (the import is slow)

    run()


def complete() -> None:
    """Also `kubectl_complete-podtailor`, which kubectl calls."""
    from webhook.completion.answer import main as answer  # noqa: PLC0415 (not needed otherwise)

    answer()


if __name__ == "__main__":
    main()

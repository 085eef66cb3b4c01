"""`python -m webhook` is `podtailor`."""

from __future__ import annotations

from webhook import interrupt


def main() -> None:
    interrupt.exit_on_ctrl_c()
    from webhook.cli import main as run  # noqa: PLC0415 (the import is slow)

    run()


if __name__ == "__main__":
    main()

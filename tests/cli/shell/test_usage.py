"""Wrong calls end in one style, with exit code 2 and the page to look at."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run, verbs


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_names_an_unknown_option(run: Run, verb: str) -> None:
    page = f"podtailor {verb}".rstrip()
    assert run(*verb.split(), "--no-such-thing") == (
        2,
        "",
        f"error: unknown option --no-such-thing [wrong-usage]\nhint: see `{page} --help`\n",
    )


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        pytest.param("mutat", "unknown command mutat", "did you mean mutate? See `podtailor --help`", id="mistyped verb"),
        pytest.param("certs rotat", "unknown command rotat", "did you mean rotate? See `podtailor certs --help`", id="mistyped subcommand"),
        pytest.param("x", "unknown command x", "see `podtailor --help`", id="verb that resembles none"),
        pytest.param("help audt", "unknown command audt", "did you mean audit? See `podtailor --help`", id="mistyped verb of help"),
        pytest.param("mutate --dif", "unknown option --dif", "did you mean --diff? See `podtailor mutate --help`", id="mistyped option"),
        pytest.param("mutate -z", "unknown option -z", "see `podtailor mutate --help`", id="unknown letter"),
        pytest.param("mutate -f", "-f needs a value", "see `podtailor mutate --help`", id="option without its value"),
        pytest.param("mutate --diff=3", "--diff takes no value", "see `podtailor mutate --help`", id="value of a switch"),
        pytest.param("mutate --builtin stric", "--builtin stric: write safe, strict or off", "did you mean strict? See `podtailor mutate --help`", id="mistyped value"),
        pytest.param("audit --what-if audit", "--what-if audit: write enforce", "see `podtailor audit --help`", id="another value than the only one"),
        pytest.param("test", "PATH is missing", "see `podtailor test --help`", id="missing argument"),
        pytest.param("certs issue", "--out is missing", "see `podtailor certs issue --help`", id="missing option"),
        pytest.param("version x", "unexpected argument x", "see `podtailor version --help`", id="argument too many"),
        pytest.param("retrofit deployment/web", "unexpected argument deployment/web", "narrow it with -n NAMESPACE and -l SELECTOR; see `podtailor retrofit --help`", id="name for a verb that takes none"),
        pytest.param("certs issue --out x --days 0", "--days 0: write a whole number from 1 to 3650", "see `podtailor certs issue --help`", id="number out of range"),
        pytest.param("certs issue --out x --days x", "--days x: write a whole number from 1 to 3650", "see `podtailor certs issue --help`", id="no number"),
        pytest.param("retrofit --timeout 0", "--timeout 0: write a number of 1 or more", "see `podtailor retrofit --help`", id="number too low"),
        pytest.param("retrofit --timeout nan", "--timeout nan: write a number of 1 or more", "see `podtailor retrofit --help`", id="not a number"),
        pytest.param("certs check --within x", "--within x: write a number and s, m, h or d, as in 90d", "see `podtailor certs check --help`", id="no duration"),
    ],
)  # fmt: skip
def test_wrong_calls(run: Run, call: str, message: str, hint: str) -> None:
    assert run(*call.split()) == (2, "", f"error: {message} [wrong-usage]\nhint: {hint}\n")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PODTAILOR_BUILTIN", "stric", "PODTAILOR_BUILTIN=stric: write safe, strict or off"),
        ("PODTAILOR_FROM_CLUSTER", "maybe", "PODTAILOR_FROM_CLUSTER=maybe: write true or false"),
    ],
)
def test_wrong_values_of_variables(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert run("explain", "-f", "examples").err.splitlines()[0] == f"error: {message} [wrong-usage]"

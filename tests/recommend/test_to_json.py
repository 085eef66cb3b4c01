"""What programs read: all that a person would, and what `resize --from` takes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.recommend.weeks import BEGIN, DAY, WEB, advised, container, measured, owner, week
from webhook.audit.costs.autoscalers import Autoscaler, Metric
from webhook.cli.resize.sizes_file import read_sizes
from webhook.recommend.rules import Rules
from webhook.recommend.to_json import to_json
from webhook.resize.sizes import Size, parse_amount
from webhook.workloads.workload import Ref

HPA = Autoscaler(Ref("HorizontalPodAutoscaler", "shop", "web"), WEB, (Metric("cpu", 50),))


def test_a_row_has_sizes_reasons_and_what_was_measured() -> None:
    usage = week(measured("200m", "300m", "900Mi"), measured("100m", "150m", "800Mi"))
    found = advised(usage, owner(container(("1", "2"), ("2Gi", "2Gi"))))
    assert to_json([found]) == {
        "recommendations": [
            {
                "owner": {"kind": "Deployment", "namespace": "shop", "name": "web"},
                "container": "app",
                "from": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}},
                "to": {"requests": {"cpu": "500m", "memory": "1040Mi"}},
                "sure": "high",
                "why": {
                    "cpu": {
                        "name": "max-shrink",
                        "detail": "P95 200m of web-a, and 15 %: at most 50 % less in one run",
                        "pod": "web-a",
                    },
                    "memory": {
                        "name": "peak",
                        "detail": "peak of 900Mi of web-a on 14 Sep 02:26, and 15 %",
                        "pod": "web-a",
                        "at": "2026-09-14T02:26:40Z",
                    },
                },
                "measured": {
                    "days": 7.0,
                    "pods": 2,
                    "spread": {
                        "cpu": {"lowest": "100m", "highest": "200m"},
                        "memory": {"lowest": "800Mi", "highest": "900Mi"},
                    },
                },
            }
        ]
    }


def test_without_usage_nothing_is_to_change() -> None:
    (row,) = to_json([advised(week(), owner())])["recommendations"]
    assert row["to"] == {}
    assert "sure" not in row
    assert "measured" not in row


def test_devices_and_targets_are_told() -> None:
    state = owner(container(devices=2), autoscalers=(HPA,))
    (row,) = to_json([advised(week(measured()), state, Rules(max_shrink=1000, with_hpa=True))])[
        "recommendations"
    ]
    assert row["perDevice"] == {"cpu": "115m", "memory": "232Mi"}
    assert row["autoscalers"] == [{"name": "web", "resource": "cpu", "from": 50, "to": 217}]


def test_resize_reads_it(tmp_path: Path) -> None:
    found = [
        advised(week(measured("2", "3", "3Gi")), owner(container(("1", "2"), ("2Gi", "2Gi")))),
        advised(week(measured(first=BEGIN + 6 * DAY)), owner(ref=Ref("Deployment", "shop", "api"))),
    ]
    file = tmp_path / "sizes.json"
    file.write_text(json.dumps(to_json(found)))
    assert read_sizes(str(file)) == {
        WEB: {
            "app": {
                "cpu": Size(request=parse_amount("2300m", "cpu"), limit=parse_amount("3600m", "cpu")),
                "memory": Size(
                    request=parse_amount("3536Mi", "memory"), limit=parse_amount("3696Mi", "memory")
                ),
            }
        },
        Ref("Deployment", "shop", "api"): {"app": {}},
    }

"""Kubernetes: a CronJob and a volume for each merchant, and the image that they run.

A key's meaning is in the reference of batch/v1 CronJob; that a failure policy wants the restart
policy Never, and the times at which a job's pods count as failed, in the chapter on jobs.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ..errors import UsageError
from .merchants import ZONE, Scheduled, placed

# Of a CronJob, so that its jobs' names, eleven characters longer, are still labels.
LONGEST_NAME = 52
USER = 10001
PREFIX, MERCHANTS = "qliro-fortnox", "merchants"

_DOCKERFILE = """\
# The program, and the merchants that it runs: a change of either is a new image.
FROM python:3.13-slim
COPY requirements.txt /requirements.txt
RUN pip install --no-cache-dir -r /requirements.txt && useradd --uid {user} --no-create-home runs
COPY merchants /merchants
{folders}USER {user}
WORKDIR /
ENTRYPOINT ["qliro-fortnox"]
"""


def files(merchants: Sequence[Scheduled], every: int, image: str) -> Mapping[str, str]:
    """The manifests by file name, ``kustomization.yaml``, which names them all, and the Dockerfile.

    Raises UsageError where a merchant's name, secrets or folders can't be had in Kubernetes.
    """
    names: dict[str, str] = {}
    for one in merchants:
        if one.files:
            raise UsageError(
                f"{one.name} keeps secrets in {' and '.join(one.files)}; in Kubernetes they are "
                "environment variables.",
                "Write {env: NAME} in its merchant file.",
            )
        name = f"{PREFIX}-{re.sub('[^a-z0-9-]', '-', one.name.lower())}".rstrip("-")
        if len(name) > LONGEST_NAME:
            raise UsageError(
                f"{name} is longer than the {LONGEST_NAME} characters of a CronJob's name.",
                f"Give {one.name}'s file a shorter name.",
            )
        if other := names.get(name):
            raise UsageError(
                f"{other} and {one.name} would both be {name} in Kubernetes.",
                "Give one of their files another name.",
            )
        names[name] = one.name
    made = {
        f"{one.name}.yaml": _text(_volume(name, one), _job(name, one, every, image))
        for name, one in zip(names, merchants, strict=True)
    }
    told = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(made),
    }
    return made | {"kustomization.yaml": _text(told), "Dockerfile": _dockerfile(merchants)}


def _dockerfile(merchants: Sequence[Scheduled]) -> str:
    """The image, built in the folder that holds merchants/ and requirements.txt, with the mapping
    sets and overlays that lie there and that merchants name."""
    folders = set[str]()
    for one in merchants:
        for folder in one.folders:
            inside = os.path.normpath(os.path.join(MERCHANTS, folder))
            if inside.startswith(("..", "/")):
                raise UsageError(
                    f"{one.name} names {folder}, which lies outside the folder of which the image "
                    "is made.",
                    "Keep mapping sets and overlays beside the folder of merchants.",
                )
            if not inside.startswith(f"{MERCHANTS}/"):
                folders.add(inside)
    copied = "".join(f"COPY {one} /{one}\n" for one in sorted(folders))
    return _DOCKERFILE.format(user=USER, folders=copied)


def _text(*documents: Mapping[str, Any]) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False, width=100, allow_unicode=True)


def _labels(one: Scheduled) -> dict[str, str]:
    return {"app.kubernetes.io/name": PREFIX, "app.kubernetes.io/instance": one.name}


def _volume(name: str, one: Scheduled) -> Mapping[str, Any]:
    """The state: a disk, for locks over a network file system are not to be trusted."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": _labels(one)},
        "spec": {
            "accessModes": ["ReadWriteOncePod"],
            "resources": {"requests": {"storage": "2Gi"}},
        },
    }


def _job(name: str, one: Scheduled, every: int, image: str) -> Mapping[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "labels": _labels(one)},
        "spec": {
            "schedule": one.cron(every),
            "timeZone": ZONE,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 300,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    # 75 is tried again; 1, 2 and 3 are not: it would change nothing.
                    "backoffLimit": 2,
                    "podFailurePolicy": {"rules": [{
                        "action": "FailJob",
                        "onExitCodes": {"containerName": "run", "operator": "In",
                                        "values": [1, 2, 3]},
                    }]},
                    "template": {"metadata": {"labels": _labels(one)},
                                 "spec": _pod(name, one, image)},
                }
            },
        },
    }  # fmt: skip


def _pod(name: str, one: Scheduled, image: str) -> Mapping[str, Any]:
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 60,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsUser": USER,
            "runAsNonRoot": True,
            "fsGroup": USER,
            # Else each start opens all files to the group, and a connection that others may read
            # is refused.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "run",
                "image": image,
                "args": ["run", one.name, "--quiet", "--merchants", "/merchants"],
                "envFrom": [{"secretRef": {"name": name}}],
                "resources": {"requests": {"memory": "256Mi"}, "limits": {"memory": "2Gi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [
                    {"name": "state", "mountPath": placed(one.state, "/merchants")},
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  in the pod, its own
                ],
            }
        ],
        "volumes": [
            {"name": "state", "persistentVolumeClaim": {"claimName": name}},
            {"name": "tmp", "emptyDir": {}},
        ],
    }

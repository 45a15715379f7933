"""The files of docs/deployment: instances that Dagster loads, Helm values that make one, steps that name files."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from fw_assets.cli import main
from fw_assets.embedded.settings import EmbeddedSettings
from fw_assets.settings import Settings

ROOT = Path(__file__).parents[1]
DEPLOYMENT = ROOT / "docs" / "deployment"


def loaded(folder: Path) -> Any:
    """The instance of a folder's `dagster.yaml`, as far as it goes without a database."""
    from dagster._core.instance.ref import InstanceRef

    return InstanceRef.from_dir(str(folder))


@pytest.mark.parametrize("folder", [ROOT, DEPLOYMENT], ids=["one-machine", "several-machines"])
def test_dagster_loads_what_the_project_shows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FW_POSTGRES_URL", "FW_CELERY_BROKER", "FW_CELERY_RESULTS"):
        monkeypatch.setenv(name, f"memory://{name}")
    instance = loaded(folder)
    assert instance.run_coordinator.dequeue_interval_seconds == 1
    assert instance.settings["concurrency"]["pools"] == {"default_limit": 6, "granularity": "op"}
    assert instance.settings["telemetry"] == {"enabled": False}
    if folder == DEPLOYMENT:
        pytest.importorskip("dagster_celery", reason="pip install '.[celery]'")
        assert type(instance.run_launcher).__name__ == "CeleryRunLauncher"
        assert instance.run_launcher.broker == "memory://FW_CELERY_BROKER"
        assert instance.storage_data.class_name == "DagsterPostgresStorage"


def snake(value: Any) -> Any:
    """Keys as the chart writes them to `dagster.yaml`."""
    if isinstance(value, dict):
        return {re.sub("([A-Z])", r"_\1", key).lower(): snake(item) for key, item in value.items()}
    return value


def test_the_chart_makes_a_valid_instance_of_the_values(tmp_path: Path) -> None:
    """What the chart's template writes for these values, held against Dagster's own configuration types."""
    pytest.importorskip("dagster_k8s", reason="pip install '.[k8s]'")
    from dagster._config import process_config
    from dagster_k8s import K8sRunLauncher

    values = yaml.safe_load((DEPLOYMENT / "helm-values.yaml").read_text("utf-8"))
    daemon = values["dagsterDaemon"]
    launcher = dict(values["runLauncher"]["config"]["k8sRunLauncher"])
    # The container's and the pod's own fields are Kubernetes' and stay as they are.
    pods = {re.sub("([A-Z])", r"_\1", key).lower(): item for key, item in launcher.pop("runK8sConfig").items()}
    launcher["env_secrets"] = [secret["name"] for secret in launcher.pop("envSecrets")]
    config = snake(launcher) | {
        "run_k8s_config": pods,
        "service_account_name": "dagster",
        "instance_config_map": "dagster-instance",
        "dagster_home": "/opt/dagster/dagster_home",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
    }
    checked = process_config(K8sRunLauncher.config_type(), config)  # type: ignore[no-untyped-call]
    assert checked.success, checked.errors
    coordinator = snake(daemon["runCoordinator"]["config"]["queuedRunCoordinator"])
    concurrency = {key: snake(values["concurrency"][key]) for key in ("pools", "runs")}
    written = {
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": daemon["runCoordinator"]["type"],
            "config": coordinator,
        },
        "concurrency": concurrency,
        "run_monitoring": snake(daemon["runMonitoring"]),
        "run_retries": snake(daemon["runRetries"]),
        "sensors": snake(daemon["sensors"]),
        "telemetry": values["telemetry"],
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(written), "utf-8")
    instance = loaded(tmp_path)
    assert instance.settings["concurrency"] == yaml.safe_load((ROOT / "dagster.yaml").read_text())["concurrency"]
    assert instance.settings["run_retries"] == yaml.safe_load((ROOT / "dagster.yaml").read_text())["run_retries"]


def test_every_part_runs_from_the_image_and_not_as_root() -> None:
    values = yaml.safe_load((DEPLOYMENT / "helm-values.yaml").read_text("utf-8"))
    (location,) = values["dagster-user-deployments"]["deployments"]
    parts = [location, values["dagsterWebserver"], values["dagsterDaemon"]]
    assert len({str(part["image"]) for part in parts}) == 1
    assert all(part["podSecurityContext"]["runAsNonRoot"] for part in parts)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert location["image"]["tag"] == project["version"]


def test_the_image_is_made_of_what_is_there() -> None:
    text = (DEPLOYMENT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    assert steps[0][0] == "FROM"
    assert {step for step, _ in steps} <= {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "CMD"}
    copied = [source for step, rest in steps if step == "COPY" for source in rest.split()[:-1]]
    assert all((ROOT / source).exists() for source in copied), copied
    extras = re.search(r"fw-assets\[([a-z0-9,]+)\]", text)
    assert extras is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    # Torch is larger than all the rest: an image with language models is one of its own. Ray's is that of its cluster.
    assert set(extras[1].split(",")) == set(project["optional-dependencies"]) - {
        "dev",
        "llm",
        "llm-4bit",
        "llm-dev",
        "ray",
    }
    assert [rest for step, rest in steps if step == "USER"] == ["10001"]
    assert "pip install --require-hashes --requirement requirements.lock" in text


RAY_IMAGE = "registry.example.com/fw-assets-ray:0.1.0"
SETTINGS = {name.upper() for name in (*Settings.model_fields, *EmbeddedSettings.model_fields)}


def check_command(words: list[str]) -> None:
    """Parse a command line of the program, as the program would."""
    command = main.commands[words[0]]
    command.make_context(words[0], words[1:])


def pods(document: Any) -> list[Any]:
    """The specifications of all pods of a document."""
    if not isinstance(document, dict):
        return [pod for item in document for pod in pods(item)] if isinstance(document, list) else []
    own = [document] if "containers" in document else []
    return own + [pod for value in document.values() for pod in pods(value)]


def test_the_manifest_for_kuberay_names_what_is_there() -> None:
    documents = list(yaml.safe_load_all((DEPLOYMENT / "kuberay.yaml").read_text("utf-8")))
    kinds = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    cluster, platform = kinds["RayCluster", "fw-assets"], kinds["Deployment", "fw-assets-platform"]
    assert len(pods(documents)) == 4
    claims = {name for kind, name in kinds if kind == "PersistentVolumeClaim"}
    for pod in pods(documents):
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert container["image"] == RAY_IMAGE
            assert {item["name"] for item in container.get("env", ())} <= SETTINGS
            volumes = {volume["name"]: volume for volume in pod.get("volumes", ())}
            mounted = [volumes[mount["name"]] for mount in container.get("volumeMounts", ())]
            named = {volume["persistentVolumeClaim"]["claimName"] for volume in mounted if "secret" not in volume}
            assert named <= claims
    (serve,) = platform["spec"]["template"]["spec"]["containers"]
    program, *words = serve["command"]
    assert program == "fw-assets"
    check_command(words)
    (head,) = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    (client,) = (port["containerPort"] for port in head["ports"] if port["name"] == "client")
    variables = {item["name"]: item["value"] for item in serve["env"]}
    assert variables["FW_RAY_ADDRESS"] == f"ray://{cluster['metadata']['name']}-head-svc:{client}"
    # Whatever writes the home is one process: SQLite lies there.
    assert platform["spec"]["replicas"] == 1
    service = kinds["Service", "fw-assets-platform"]["spec"]
    assert service["selector"] == platform["spec"]["template"]["metadata"]["labels"]
    assert f"rayproject/ray:{cluster['spec']['rayVersion']}-py311-gpu" in dockerfile("Dockerfile.ray")


def dockerfile(name: str) -> str:
    return (DEPLOYMENT / name).read_text("utf-8")


def test_the_image_of_a_ray_node_is_made_of_what_is_there() -> None:
    text = dockerfile("Dockerfile.ray").replace("\\\n", " ")
    assert RAY_IMAGE in text
    copied = re.findall(r"^COPY --chown=\S+ (.*) \S+$", text, re.MULTILINE)
    assert all((ROOT / source).exists() for line in copied for source in line.split()), copied
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (extras,) = re.findall(r"'\.\[([a-z,]+)\]'", text)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert RAY_IMAGE.endswith(f":{project['version']}")
    for words in re.findall(r"RUN fw-assets (.*)", text):
        check_command(words.split())


def test_the_task_for_skypilot_names_what_is_there() -> None:
    task = yaml.safe_load((DEPLOYMENT / "skypilot.yaml").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (extras,) = re.findall(r"'\.\[([a-z,]+)\]'", task["setup"])
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    for script in (task["setup"], task["run"]):
        assert subprocess.run(["bash", "-n", "-c", script], check=False).returncode == 0
        assert set(re.findall(r"\bFW_\w+(?==)", script)) <= SETTINGS
        assert all((ROOT / path).exists() for path in re.findall(r"\bfw_assets/\S+", script))
        for words in re.findall(r"(?:exec |bin/)fw-assets (.*)", script):
            check_command(shlex.split(words))
    assert re.findall(r"fw-assets (\w+)", task["run"]) == ["serve"]

"""deploy/: the files that nobody runs here say what the server is: its options, its user, its paths, its times."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.command_line import crossjudge
from crossjudge.serving import Limits
from serving.live import free_port
from serving.served import every_route, served

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
KEY = "a-key-of-at-least-16-characters"
CLOSE_S = 5.0
"""The scheduler's thread is waited for so long when everything else has ended."""


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, in order, continued lines joined."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    split = [line.split(None, 1) for line in lines if line and not line.startswith("#")]
    return [(name, value) for name, value in split]


def instruction(name: str) -> str:
    """The last of that name, which is the one that holds."""
    return [value for each, value in instructions() if each == name][-1]


def command(name: str) -> list[str]:
    """What ENTRYPOINT or HEALTHCHECK runs, which must not need a shell."""
    told = instruction(name)
    found: list[str] = json.loads(told[told.index("[") :])
    return found


def environment() -> dict[str, str]:
    return dict(one.split("=", 1) for one in instruction("ENV").split())


def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def manifests() -> dict[str, dict[str, Any]]:
    """By kind."""
    return {one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))}


def pod() -> dict[str, Any]:
    found: dict[str, Any] = manifests()["Deployment"]["spec"]["template"]
    return found


def container() -> dict[str, Any]:
    (found,) = pod()["spec"]["containers"]
    return dict(found)


def seconds(told: str) -> float:
    return float(told.removesuffix("s"))


# --- the image ---


def test_the_image_copies_what_is_there_and_all_that_the_package_is_built_from():
    copied = [source for name, value in instructions() if name == "COPY" and "--from" not in value
              for source in value.split()[:-1]]  # fmt: skip
    assert copied
    assert all((ROOT / source).exists() for source in copied)
    assert {"pyproject.toml", "src", "README.md", "LICENSE"} <= {one.removeprefix("./") for one in copied}


def test_nobody_is_root_and_all_files_agree_on_who_it_is():
    user = int(instruction("USER"))
    assert user > 0
    assert f"--uid {user}" in next(value for name, value in instructions() if name == "RUN" and "useradd" in value)
    assert pod()["spec"]["securityContext"]["runAsUser"] == user
    assert pod()["spec"]["securityContext"]["runAsNonRoot"]


def test_every_option_that_is_used_exists():
    options = set(re.findall(r"--[a-z-]+", crossjudge("serve", "--help").out))
    used = [one for one in [*command("ENTRYPOINT"), *container()["args"]] if one.startswith("--")]
    assert used
    assert set(used) <= options


def test_the_health_check_asks_the_port_that_is_served():
    assert command("HEALTHCHECK") == ["python", "-m", "crossjudge.serving.healthcheck"]
    assert container()["readinessProbe"]["exec"]["command"] == command("HEALTHCHECK")
    entry = command("ENTRYPOINT")
    port = int(entry[entry.index("--port") + 1])
    assert port == 8080 == int(instruction("EXPOSE"))  # the check's own default
    assert [one["containerPort"] for one in container()["ports"]] == [port]
    assert composed()["services"]["crossjudge"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    service = manifests()["Service"]["spec"]["ports"][0]
    assert service["targetPort"] == container()["ports"][0]["name"] == container()["livenessProbe"]["httpGet"]["port"]


# --- those who run it ---


def test_stopping_gets_the_time_that_it_may_take():
    limits = Limits()
    needed = limits.linger_s + limits.drain_s + CLOSE_S
    assert seconds(composed()["services"]["crossjudge"]["stop_grace_period"]) >= needed
    waited = container()["lifecycle"]["preStop"]["exec"]["command"]
    assert pod()["spec"]["terminationGracePeriodSeconds"] >= needed + float(waited[1])


def test_keys_lie_where_the_server_looks():
    service = composed()["services"]["crossjudge"]
    (secret,) = service["secrets"]
    assert service["environment"]["CROSSJUDGE_API_KEY_FILE"] == f"/run/secrets/{secret}"
    assert secret in composed()["secrets"]
    (variable,) = container()["env"]
    mounts = {one["name"]: one["mountPath"] for one in container()["volumeMounts"]}
    volumes = {one["name"]: one for one in pod()["spec"]["volumes"]}
    assert mounts.keys() == volumes.keys()
    assert variable == {"name": "CROSSJUDGE_API_KEY_FILE", "value": f"{mounts['keys']}/keys"}
    made = (DEPLOY / "kubernetes.yaml").read_text("utf-8")
    assert f"create secret generic {volumes['keys']['secret']['secretName']} --from-literal=keys=" in made


def test_what_is_written_is_written_where_a_read_only_image_allows_it():
    assert container()["securityContext"]["readOnlyRootFilesystem"]
    assert composed()["services"]["crossjudge"]["read_only"]
    folders = [environment()[name] for name in ("CROSSJUDGE_CACHE_DIR", "HF_HOME")]
    assert all(folder.startswith("/tmp/") for folder in folders)
    assert "/tmp" in composed()["services"]["crossjudge"]["tmpfs"]
    assert "/tmp" in [one["mountPath"] for one in container()["volumeMounts"]]


def test_probes_ask_for_routes_that_are_there_and_liveness_needs_no_key():
    path = container()["livenessProbe"]["httpGet"]["path"]
    client = served(api_keys=[KEY])
    assert ("GET", path) in every_route(client.app)
    assert client.get(path).status_code == 200


def test_what_belongs_together_is_selected():
    labels = pod()["metadata"]["labels"]
    deployment = manifests()["Deployment"]["spec"]
    assert deployment["selector"]["matchLabels"] == labels
    assert manifests()["Service"]["spec"]["selector"] == labels
    budget = manifests()["PodDisruptionBudget"]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    assert budget["minAvailable"] < deployment["replicas"]


@pytest.mark.parametrize("version", ["1.29", "1.31"])
def test_kubernetes_takes_the_manifests(version):
    """By the schemas of the release, where a field that nobody knows is an error."""
    validate = pytest.importorskip("kubernetes_validate")
    for manifest in manifests().values():
        validate.validate(manifest, version, strict=True)
    with pytest.raises(validate.ValidationError):
        validate.validate({**manifests()["Service"], "specs": {}}, version, strict=True)


@pytest.mark.full
def test_the_image_s_own_commands_run(tmp_path):
    """Entry point and health check as they stand, with the image's variables; the port alone is another."""
    port = str(free_port())
    entry = [port if one == "8080" else one for one in command("ENTRYPOINT")]
    own = {"CROSSJUDGE_API_KEYS": KEY, "CROSSJUDGE_CACHE_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    check = [*command("HEALTHCHECK"), f"http://127.0.0.1:{port}"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings: dict[str, Any] = {"env": {**os.environ, **own, "PATH": path}, "cwd": tmp_path}
    with subprocess.Popen(entry, stderr=subprocess.DEVNULL, **settings) as process:
        try:
            codes = [subprocess.run(check, check=False, **settings).returncode for _ in range(100)
                     if process.poll() is None]  # fmt: skip
            assert 0 in codes
            stranger = {**settings, "env": {**settings["env"], "CROSSJUDGE_API_KEYS": "another-key-of-16-characters"}}
            assert subprocess.run(check, check=False, **stranger).returncode == 1
        finally:
            process.terminate()
        assert process.wait(60) == 0
    assert subprocess.run(check, check=False, **settings).returncode == 1

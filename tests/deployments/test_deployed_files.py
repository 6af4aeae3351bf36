"""The files of deployed mode: what their formats allow, and what a desk needs of them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from prefect.settings import Settings as PrefectSettings
from ruamel.yaml import YAML

from deployments.prefect_server import SERVER_SETTINGS
from deployments.project import PROJECT
from tasks.settings import Settings
from tasks.settings_description import variable
from tests.deployments.deployed import COMPOSE, compose, settings_of

DEPLOYMENTS = PROJECT / "deployments"
UNITS = sorted((DEPLOYMENTS / "systemd").glob("*.service"))
MANIFESTS = sorted((DEPLOYMENTS / "kubernetes").glob("*.yaml"))
KUBERNETES = ("1.31", "1.34")
SETTINGS = settings_of(DEPLOYMENTS / "deployed.settings")
OWN = ("server", "registration", "executor", "hot-worker", "batch-worker")
"""Services of the desk's own image."""
JOINABLE = ("pid", "ipc", "network_mode", "userns_mode")
"""What a container can share with another one."""
EXPOSURE = re.compile(r"Overall exposure level for \S+: ([\d.]+)")


def tool(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A program of this environment, or of the machine."""
    beside = Path(sys.executable).with_name(name)
    return subprocess.run(
        [str(beside) if beside.exists() else name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def documents() -> Iterator[dict[str, Any]]:
    for file in MANIFESTS:
        if file.stem != "kustomization":
            yield from YAML(typ="safe").load_all(file)


def desk_pod() -> dict[str, Any]:
    [found] = [item for item in documents() if item["kind"] == "StatefulSet"]
    pod: dict[str, Any] = found["spec"]["template"]["spec"]
    return pod


# ---- Compose and the image


def test_the_compose_file_is_what_the_specification_allows() -> None:
    done = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_has_no_finding() -> None:
    done = tool("hadolint", DEPLOYMENTS / "Dockerfile")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_leaves_behind_what_has_built_it() -> None:
    build, run = re.split(r"^FROM .+$", (DEPLOYMENTS / "Dockerfile").read_text(), flags=re.M)[1:]

    assert re.findall(r"^COPY (.+)$", run, re.M) == ["--from=build /opt/kimp /opt/kimp"]
    assert " install " in build
    assert "pip" not in run


def test_what_the_image_runs_stays_compiled_whatever_times_its_files_get() -> None:
    text = re.sub(r"\\\n\s*", "", (DEPLOYMENTS / "Dockerfile").read_text("utf-8"))
    copied = re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE)

    [arguments] = re.findall(r"-m compileall (.+)$", text, re.MULTILINE)

    options, folders = arguments.split(" .venv/lib ")
    assert options == "-q -f --invalidation-mode unchecked-hash"
    assert sorted(folders.split()) == sorted(copied)


def test_everything_that_the_image_copies_is_there_and_not_kept_out() -> None:
    text = (DEPLOYMENTS / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, flags=re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    let_in = (DEPLOYMENTS / "Dockerfile.dockerignore").read_text("utf-8").splitlines()

    assert "deployments/requirements.lock" in names
    for name in names:
        assert (PROJECT / name).exists(), name
        assert f"!{name.split('/')[0]}" in let_in, name


def test_no_container_has_rights_that_it_does_not_need() -> None:
    services = compose()["services"]

    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert service["restart"] in ("unless-stopped", "on-failure"), name
    assert all(services[name]["read_only"] for name in (*OWN, "redis"))
    assert re.search(r"^USER 10001:10001$", (DEPLOYMENTS / "Dockerfile").read_text(), re.MULTILINE)


def test_only_the_ui_is_published_and_on_loopback() -> None:
    services = compose()["services"]
    published = {name: item["ports"] for name, item in services.items() if "ports" in item}

    assert published == {"server": ["127.0.0.1:${KIMP_UI_PORT:-4200}:4200"]}
    assert all(item["networks"] == ["desk"] for item in services.values())


def test_the_ui_is_told_the_port_that_it_is_published_at() -> None:
    server = compose()["services"]["server"]
    port = server["ports"][0].removeprefix("127.0.0.1:").removesuffix(":4200")

    for name in ("PREFECT_UI_URL", "PREFECT_UI_API_URL"):
        assert f"http://127.0.0.1:{port}" in server["environment"][name]


def test_the_desk_shares_processes_and_no_container_joins_another() -> None:
    """One that joins another's namespace is not started, nor tried again, while that one is down:
    after a reboot it may stay so (moby issues 35502 and 50326)."""
    services = compose()["services"]
    joined = [item.get(kind, "") for item in services.values() for kind in JOINABLE]

    desk = [services[name] for name in ("executor", "hot-worker", "batch-worker")]

    assert not [name for name in joined if name.startswith(("service:", "container:"))]
    assert {(item["pid"], item["hostname"], item["volumes"][0]) for item in desk} == {
        ("host", "kimp-desk", "home:/var/lib/kimp")
    }
    assert not [
        item for item in desk if item.get("init")
    ]  # its init would not be the first process


def test_every_service_has_a_health_check_or_ends_by_itself() -> None:
    services = compose()["services"]
    unchecked = {name for name, item in services.items() if "test" not in item["healthcheck"]}

    assert unchecked == {"registration"}


def test_every_image_of_others_is_pinned_to_a_version() -> None:
    images = [compose()["services"][name]["image"] for name in ("postgres", "redis")]

    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-bookworm", image) for image in images)


def test_no_secret_stands_in_a_variable_and_each_is_a_file() -> None:
    content = compose()
    used = {name for item in content["services"].values() for name in item.get("secrets", [])}
    variables = {
        name: str(value)
        for service in content["services"].values()
        for name, value in service.get("environment", {}).items()
    }

    assert used == set(content["secrets"])
    assert all(set(item) == {"file"} for item in content["secrets"].values())
    named = {name: value for name, value in variables.items() if "PASSWORD" in name}
    assert named == {"POSTGRES_PASSWORD_FILE": "/run/secrets/postgres-password"}
    assert not [name for name in variables if re.search("SECRET|PASSPHRASE|AUTH_STRING", name)]


def test_the_secrets_that_are_made_are_those_that_are_used(tmp_path: Path) -> None:
    script = DEPLOYMENTS / "make_secrets.sh"

    first = tool("bash", script, tmp_path / "s")
    made = {file.name: file.read_text() for file in (tmp_path / "s").iterdir()}
    again = tool("bash", script, tmp_path / "s")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert set(made) == set(compose()["secrets"])
    assert {file.name: file.read_text() for file in (tmp_path / "s").iterdir()} == made
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "s").iterdir()} == {0o400}
    password = made["postgres-password"].strip()
    assert made["KIMP_PREFECT_DATABASE_URL"] == (
        f"postgresql+asyncpg://kimp:{password}@postgres:5432/prefect\n"
    )
    assert len({*made.values()}) == len(made)


def test_only_the_executor_can_open_the_key_file() -> None:
    services, passphrase = compose()["services"], "KIMP_KEYS_PASSPHRASE"
    given = {name for name, item in services.items() if passphrase in item.get("secrets", [])}
    units = {unit.stem for unit in UNITS if passphrase in unit.read_text("utf-8")}
    pod = desk_pod()
    whole = {
        container["name"]
        for container in (*pod["initContainers"], *pod["containers"])
        for mount in container["volumeMounts"]
        if mount["name"] in ("given", "secrets") and mount.get("subPath") != "prefect-auth"
    }

    assert given == {"executor"}
    assert units == {"kimp-executor"}
    assert whole == {"secrets", "executor"}  # the first hands them out, and ends


def test_the_settings_that_every_program_gets_exist() -> None:
    known = {variable(name) for name in Settings.model_fields}
    given = {
        name for item in compose()["services"].values() for name in item.get("environment", {})
    }

    assert {name for name in {*SETTINGS, *given} if name.startswith("KIMP_")} <= known


def test_the_server_keeps_runs_and_events_no_longer_than_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As Prefect itself reads them: a name that it does not know would be no setting at all."""
    given = settings_of(DEPLOYMENTS / "deployed_server.settings")
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    server = PrefectSettings().server

    assert server.services.db_vacuum.enabled == {"events", "flow_runs"}
    assert server.services.db_vacuum.retention_period == timedelta(days=30)
    assert server.events.retention_period == timedelta(days=7)
    assert server.events.messaging_broker == "prefect_redis.messaging"
    assert server.events.messaging_cache == "prefect_redis.messaging"


def test_a_desk_without_a_settings_file_has_its_servers_vacuum_on_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in SERVER_SETTINGS.items():
        monkeypatch.setenv(name, value)

    assert PrefectSettings().server.services.db_vacuum.enabled == {"events", "flow_runs"}


# ---- systemd


@pytest.mark.skipif(not Path("/usr/bin/systemd-analyze").exists(), reason="no systemd-analyze")
def test_systemd_takes_every_unit_and_finds_it_well_confined(tmp_path: Path) -> None:
    here = {"/opt/kimp/.venv/bin/python": sys.executable, "/opt/kimp": str(PROJECT)}
    units = [*UNITS, DEPLOYMENTS / "systemd" / "kimp.target"]
    for unit in units:
        text = unit.read_text("utf-8")
        for there, place in here.items():
            text = text.replace(there, place)
        (tmp_path / unit.name).write_text(text)

    done = tool("systemd-analyze", "verify", *(tmp_path / unit.name for unit in units))

    assert (done.returncode, done.stderr) == (0, "")
    for unit in UNITS:
        told = tool("systemd-analyze", "security", "--offline=true", tmp_path / unit.name).stdout
        found = EXPOSURE.search(told)
        assert found is not None, told
        assert float(found[1]) <= 2.0, told


def test_the_target_starts_every_unit_and_the_units_run_what_the_containers_run() -> None:
    target = (DEPLOYMENTS / "systemd" / "kimp.target").read_text("utf-8")
    services = compose()["services"]

    assert {unit.name for unit in UNITS} == {f"kimp-{name}.service" for name in OWN}
    assert set(re.findall(r"kimp-[a-z-]+\.service", target)) == {unit.name for unit in UNITS}
    for unit in UNITS:
        text = unit.read_text("utf-8")
        [command] = re.findall(r"^ExecStart=\S+ -m deployments\.run_program (.+)$", text, re.M)
        name = unit.stem.removeprefix("kimp-")
        assert command.replace("127.0.0.1", "0.0.0.0") == " ".join(services[name]["command"])
        named = set(re.findall(r"^LoadCredential=([^:]+):/etc/kimp/secrets/\1$", text, re.M))
        assert named == set(services[name]["secrets"]) - {"prefect-auth"}
        assert "/etc/kimp/secrets/prefect-auth" in text


def test_a_backup_is_copied_to_the_same_place_from_a_unit_as_from_a_container() -> None:
    worker = compose()["services"]["batch-worker"]
    unit = (DEPLOYMENTS / "systemd" / "kimp-batch-worker.service").read_text("utf-8")

    place = worker["volumes"][1].rpartition(":")[2]

    assert place in worker["environment"]["KIMP_BACKUP_COPY_DIR"]
    assert f"\nReadWritePaths=-{place}\n" in unit


# ---- Kubernetes


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_every_manifest(version: str) -> None:
    kinds = [item["kind"] for item in documents()]

    for item in documents():
        kubernetes_validate.validate(item, version, strict=True)

    assert sorted(kinds) == ["ConfigMap", "Namespace", "NetworkPolicy", "Service", "StatefulSet"]


def test_the_kustomization_names_every_manifest() -> None:
    content = YAML(typ="safe").load(DEPLOYMENTS / "kubernetes" / "kustomization.yaml")

    assert sorted(content["resources"]) == [
        file.name for file in MANIFESTS if file.stem != "kustomization"
    ]


def test_the_pod_runs_what_the_containers_run_with_the_same_settings() -> None:
    services = compose()["services"]
    [config] = [item for item in documents() if item["kind"] == "ConfigMap"]

    names = {container["name"] for container in desk_pod()["containers"]}
    assert names == {"executor", "hot-worker", "batch-worker"}
    for container in desk_pod()["containers"]:
        assert container["args"] == services[container["name"]]["command"]
    assert config["data"].items() >= SETTINGS.items()


def test_the_pod_may_do_as_little_as_its_namespace_demands() -> None:
    pod = desk_pod()

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in (*pod["initContainers"], *pod["containers"]):
        confined = container["securityContext"]
        assert confined["capabilities"] == {"drop": ["ALL"]}, container["name"]
        assert confined["allowPrivilegeEscalation"] is False
        assert confined["readOnlyRootFilesystem"] is True
        assert "memory" in container["resources"]["limits"]


def test_the_pod_may_call_the_server_where_its_settings_say_that_it_is() -> None:
    """The chart labels its pods with its own name, as PrefectHQ/prefect-helm's templates say."""
    [config] = [item for item in documents() if item["kind"] == "ConfigMap"]
    [policy] = [item for item in documents() if item["kind"] == "NetworkPolicy"]
    host, port = config["data"]["PREFECT_API_URL"].removeprefix("http://").split("/")[0].split(":")

    [rule] = [rule for rule in policy["spec"]["egress"] if "podSelector" in rule.get("to", [{}])[0]]

    assert rule["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == host
    assert rule["ports"] == [{"protocol": "TCP", "port": int(port)}]

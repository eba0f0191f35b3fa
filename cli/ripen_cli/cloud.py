"""The local cloud: SAM deploys the real template into an AWS emulator that listens on loopback only."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
import click
import psutil

from adapters.rules.approvals import Yes, approval
from adapters.rules.rule_files import build
from ripen.events.sources import digest as digest_of_key
from ripen_cli import bytecode, local_edge
from ripen_cli.project import HOME, ROOT, RULES, digest, launch, rule_files, run, tool

REGION = "eu-central-1"
STACK = "ripen"
SENDER = "hello@ripen.example"
OPERATOR = "operator@ripen.example"
APPROVER = "approver@ripen.example"
"""The address in infra/local/approval.yaml, which gets a link to say yes to rules that wait."""

DEFAULT_PORT = 4566
_STARTED_WITHIN = 120
_PUBLISHED_WITHIN = 180
"""Seconds; the publish function may take 150 of them."""

_KEYS_ARE_KNOWN = '"Null": {"dynamodb:LeadingKeys": "false"}'
_SENDERS = re.compile(r'Resource:\n( +- !Sub "arn:[^"]+:ses:[^"]+"\n)+')
_BUILD = HOME / "build"
EDGE = ROOT / "infra" / "edge.yaml"
_CREDENTIALS = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running local cloud; `started` is the start time of process `pid`, which detects a reused pid.

    `track_url` leads to the edge by its address, `edge_url` by its domain, which browsers know, and `function_url` past
    the edge. `sales_url` is that of the sales function. `server_key` is the key of a server that its starter rules
    register.
    """

    endpoint: str
    region: str
    track_url: str
    edge_url: str
    function_url: str
    sales_url: str
    table: str
    rules_bucket: str
    address_secret: str
    link_secret: str
    marketer_policy: str
    mailbox_url: str
    track_function: str
    score_function: str
    trigger_function: str
    publish_function: str
    rehearse_function: str
    sales_function: str
    server_key: str
    pid: int
    started: float
    edge_pid: int
    edge_started: float

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud with administrator rights."""
        return boto3.client(service, endpoint_url=self.endpoint, **_CREDENTIALS)


def running(port: int = DEFAULT_PORT) -> Cloud | None:
    """The local cloud on a port; None if none runs or it does not answer."""
    try:
        cloud = Cloud(**json.loads(_state(port).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return cloud if _process(cloud.pid, cloud.started) and _healthy(cloud.endpoint) else None


def running_ports() -> list[int]:
    """The ports on which local clouds run."""
    ports = (path.stem.removeprefix("cloud-") for path in HOME.glob("cloud-*.json"))
    return sorted(int(port) for port in ports if port.isdecimal() and running(int(port)))


def not_running(port: int) -> click.ClickException:
    """The error that no local cloud runs on a port; it names other ports on which one runs."""
    others = running_ports()
    if not others:
        return click.ClickException(f"no local cloud runs on port {port}; start one with `ripen local up`")
    told = ", ".join(map(str, others))
    return click.ClickException(f"no local cloud runs on port {port}, but one does on {told}; say --port {others[0]}")


def start(port: int, progress: Progress, template: Path = ROOT / "template.yaml") -> Cloud:
    """Start the emulator, build, deploy, verify the sender and publish the starter rules.

    If a step fails or is interrupted, everything that was started is stopped. Raises click.ClickException.
    """
    _check_port(port)
    with _step(progress, "tools (the first time takes a minute)"):
        emulator, sam = tool("ministack", "ministack"), tool("sam", "sam")
    with _step(progress, "sam build"):
        _build(sam, template)
    with _step(progress, "emulator"):
        process = _start_emulator(emulator, port)
    edge = None
    try:
        with _step(progress, "sam deploy"):
            outputs = _deploy(sam, port)
            edge = local_edge.start(port, outputs["TrackingTarget"])
        cloud = _describe(outputs, port, process, edge)
        with _step(progress, "sender and starter rules"):
            cloud.client("sesv2").create_email_identity(EmailIdentity=SENDER)
            _tell_urls(cloud)
            _set_up_table(cloud)
            publish_rules(cloud, local_rules(cloud.server_key))
    except BaseException:
        for one in (process, edge and edge.process):
            if one and one.poll() is None:
                _stop(psutil.Process(one.pid))
        _remove_files(port)
        raise
    _state(port).write_text(json.dumps(asdict(cloud), indent=2))
    return cloud


def stop(port: int = DEFAULT_PORT) -> bool:
    """Stop the local cloud on a port and all its processes, and remove its files; False if none was running."""
    try:
        state = json.loads(_state(port).read_text())
        process = _process(state["pid"], state["started"])
        edge = _process(state["edge_pid"], state["edge_started"])
    except (OSError, ValueError, KeyError):
        return False
    for one in (process, edge):
        if one:
            _stop(one)
    _remove_files(port)
    _state(port).unlink(missing_ok=True)
    return process is not None


def local_rules(key: str) -> dict[str, bytes]:
    """The starter rules and mails, with a server of this key, and limits for a handful of leads."""
    limits = {"rules/approval.yaml": (ROOT / "infra" / "local" / "approval.yaml").read_bytes()}
    return with_server(rule_files(RULES) | limits, "local-server", key)


def with_server(files: Mapping[str, bytes], name: str, key: str, *more: str) -> dict[str, bytes]:
    """Rules with one more source, a server with this key; `more` are further lines about it."""
    lines = ("kind: server", f"write_key_sha256: {digest_of_key(key)}", *more)
    source = f"  {name}:\n" + "".join(f"    {line}\n" for line in lines)
    return {**files, "rules/sources.yaml": files["rules/sources.yaml"] + source.encode()}


def publish_rules(cloud: Cloud, files: Mapping[str, bytes], timeout: float = _PUBLISHED_WITHIN) -> dict[str, Any]:
    """Upload rules and mails and wait until they are active; if they wait for a yes, give it.

    Raises click.ClickException.
    """
    s3 = cloud.client("s3")
    for key, content in files.items():
        s3.put_object(Bucket=cloud.rules_bucket, Key=key, Body=content)
    version = build(files)[2]
    deadline = time.monotonic() + timeout
    report: dict[str, Any] = {}
    approved = False
    while time.monotonic() < deadline:
        try:
            report = json.loads(s3.get_object(Bucket=cloud.rules_bucket, Key="reports/latest.json")["Body"].read())
        except s3.exceptions.NoSuchKey:
            report = {}
        if report.get("version") == version and report["activated"]:
            return report
        if report.get("version") == version and report["waits"] and not approved:
            key, yes = approval(version, report["live"]["version"], Yes("ripen local"))
            s3.put_object(Bucket=cloud.rules_bucket, Key=key, Body=yes)
            approved = True
        time.sleep(0.2)
    problems = "; ".join(report.get("problems", [])) or "the publish function wrote no report"
    raise click.ClickException(f"the rules did not become active: {problems}")


@contextmanager
def _step(progress: Progress, name: str) -> Iterator[None]:
    progress(f"  {name} ...")
    began = time.monotonic()
    yield
    progress(f"  {name}: {time.monotonic() - began:.1f} s")


def _state(port: int) -> Path:
    return HOME / f"cloud-{port}.json"


def _files(port: int) -> Path:
    """The folder in which the emulator on a port keeps its files: code of functions, objects of buckets."""
    return HOME / f"cloud-{port}"


def _remove_files(port: int) -> None:
    shutil.rmtree(_files(port), ignore_errors=True)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise click.ClickException(
                f"port {port} is in use; stop the other program, or choose another port with --port"
            ) from None


def _build(sam: Path, template: Path) -> None:
    text = _for_the_emulator(template.read_text())
    texts = [text, EDGE.read_text(), Path(bytecode.__file__).read_text()]
    inputs = [*texts, bytecode.OWN, platform.machine(), digest(ROOT / "functions")]
    stamp = _BUILD / "built"
    wanted = "\n".join(inputs)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    HOME.mkdir(exist_ok=True)
    changed = HOME / "template.yaml"
    changed.write_text(text)
    _run_sam(
        [
            *(str(sam), "build", "--template", str(changed), "--base-dir", str(ROOT), "--build-dir", str(_BUILD)),
            *("--config-file", str(ROOT / "samconfig.toml"), "--cache-dir", str(HOME / "cache")),
            *("--parameter-overrides", *_parameters()),
        ],
        "sam build failed",
        _aws_environment("") | build_path(sam),
    )
    bytecode.compile_build(_BUILD)
    stamp.write_text(wanted)


def _run_sam(command: list[str], failure: str, environment: Mapping[str, str]) -> None:
    """Run SAM CLI with a temporary folder of its own: it leaves some behind."""
    with tempfile.TemporaryDirectory(prefix="sam-", dir=HOME) as files:
        run(command, failure, {**environment, "TMPDIR": files})


def _for_the_emulator(template: str) -> str:
    """The template without conditions that the keys of a request are known: the emulator tells IAM of none.

    It also tells IAM of no identity when a mail is sent. It enforces everything else of the policies. The path of the
    nested template is absolute.
    """
    known = "".join(line for line in template.splitlines(keepends=True) if _KEYS_ARE_KNOWN not in line)
    return _SENDERS.sub('Resource: "*"\n', known).replace("TemplateURL: infra/edge.yaml", f"TemplateURL: {EDGE}")


def build_path(sam: Path) -> dict[str, str]:
    """PATH for `sam build`: first the environment of `sam`, where the running interpreter is `python3.x`, with pip."""
    return {"PATH": f"{sam.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def _parameters() -> list[str]:
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return [
        f"Runtime={bytecode.OWN}",
        f"Architecture={architecture}",
        f"SenderAddress={SENDER}",
        f"AlarmAddress={OPERATOR}",
        f"TrackingDomain={local_edge.DOMAIN}",
        f"TrackingCertificate={local_edge.CERTIFICATE}",
    ]


def _start_emulator(emulator: Path, port: int) -> subprocess.Popen[bytes]:
    env = {
        **_aws_environment(f"http://127.0.0.1:{port}"),
        # CloudFront Functions run in Node, which is beside this interpreter if nowhere else.
        "PATH": f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",  # its listener ignores BIND_HOST
        "PERSIST_STATE": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(_files(port)),
        "STATE_DIR": str(_files(port) / "state"),
        "S3_DATA_DIR": str(_files(port) / "s3"),
    }
    del env["AWS_ENDPOINT_URL"]
    _remove_files(port)
    _files(port).mkdir(parents=True)
    log_file = HOME / f"cloud-{port}.log"
    process = None
    try:
        with log_file.open("wb") as log:
            process = launch([str(emulator)], env=env, cwd=HOME, stdout=log, stderr=log, start_new_session=True)
        _wait_until_healthy(process, port, log_file)
    except BaseException:  # includes Ctrl-C, also while it is launched
        if process:
            process.kill()
            process.wait()
        _remove_files(port)
        raise
    return process


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
    deadline = time.monotonic() + _STARTED_WITHIN
    while not _healthy(f"http://127.0.0.1:{port}"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise click.ClickException(f"the emulator did not start; see {log_file.relative_to(ROOT)}")
        time.sleep(0.1)


def _deploy(sam: Path, port: int) -> Mapping[str, str]:
    endpoint = f"http://127.0.0.1:{port}"
    _run_sam(
        [
            *(str(sam), "deploy", "--template-file", str(_BUILD / "template.yaml"), "--stack-name", STACK),
            *(
                "--config-file",
                str(ROOT / "samconfig.toml"),
                "--region",
                REGION,
                "--no-confirm-changeset",
                "--no-progressbar",
                "--resolve-s3",
            ),
            *("--parameter-overrides", *_parameters()),
        ],
        "sam deploy failed",
        _aws_environment(endpoint),
    )
    client = boto3.client("cloudformation", endpoint_url=endpoint, **_CREDENTIALS)
    [stack] = client.describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _describe(outputs: Mapping[str, str], port: int, process: subprocess.Popen[bytes], edge: local_edge.Edge) -> Cloud:
    endpoint = f"http://127.0.0.1:{port}"
    url_ids = (outputs[name].removeprefix("https://").partition(".")[0] for name in ("TrackUrl", "SalesUrl"))
    function_url, sales_url = (f"{endpoint}/_aws/lambda-url/{one}" for one in url_ids)
    return Cloud(
        endpoint=endpoint,
        region=REGION,
        # By address, because not every system resolves names below localhost; browsers do.
        track_url=f"http://127.0.0.1:{edge.port}",
        edge_url=f"http://{local_edge.DOMAIN}:{edge.port}",
        function_url=function_url,
        sales_url=sales_url,
        table=outputs["TableName"],
        rules_bucket=outputs["RulesBucketName"],
        address_secret=outputs["AddressSecretArn"],
        link_secret=outputs["LinkSecretArn"],
        marketer_policy=outputs["MarketerPolicyArn"],
        mailbox_url=f"{endpoint}/_ministack/ses/messages",
        track_function=outputs["TrackFunctionName"],
        score_function=outputs["ScoreFunctionName"],
        trigger_function=outputs["TriggerFunctionName"],
        publish_function=outputs["PublishFunctionName"],
        rehearse_function=outputs["RehearseFunctionName"],
        sales_function=outputs["SalesFunctionName"],
        server_key=secrets.token_urlsafe(32),
        pid=process.pid,
        started=psutil.Process(process.pid).create_time(),
        edge_pid=edge.process.pid,
        edge_started=psutil.Process(edge.process.pid).create_time(),
    )


def _tell_urls(cloud: Cloud) -> None:
    """Set PUBLIC_URL and SALES_URL, so that links in mails and scripts reach the functions from a browser here."""
    functions = cloud.client("lambda")
    pages = functions.get_paginator("list_functions").paginate()
    for function in (one for page in pages for one in page["Functions"]):
        variables = function.get("Environment", {}).get("Variables", {})
        told = {"PUBLIC_URL": cloud.track_url, "SALES_URL": cloud.sales_url}
        own = {name: url for name, url in told.items() if name in variables}
        if own:
            functions.update_function_configuration(
                FunctionName=function["FunctionName"], Environment={"Variables": variables | own}
            )


def _set_up_table(cloud: Cloud) -> None:
    """Turn on the expiry and the backups that the template asks for; the emulator's CloudFormation ignores them."""
    table = cloud.client("dynamodb")
    expiry = {"Enabled": True, "AttributeName": "ttl"}
    table.update_time_to_live(TableName=cloud.table, TimeToLiveSpecification=expiry)
    backups = {"PointInTimeRecoveryEnabled": True}
    table.update_continuous_backups(TableName=cloud.table, PointInTimeRecoverySpecification=backups)


def _aws_environment(endpoint: str) -> dict[str, str]:
    """The environment without the user's AWS profile, so that no call reaches a real account."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return kept | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "SAM_CLI_TELEMETRY": "0",
    }


def _healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _process(pid: int, started: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - started) < 1 else None
    except psutil.NoSuchProcess:
        return None


def _stop(process: psutil.Process) -> None:
    family = [*process.children(recursive=True), process]
    for member in family:
        try:
            member.terminate()
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(family, timeout=5)
    for member in alive:
        member.kill()
    psutil.wait_procs(alive, timeout=5)

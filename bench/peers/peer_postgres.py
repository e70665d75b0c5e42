"""PostgreSQL 15: one row per token with the indexes that lookups, lists and an expiry janitor need.

fsync stays on. `issue durable` and revocation run with synchronous_commit=on, `issue` with off. Prepared statements,
TCP on loopback like everyone else; autovacuum off, so that it does not run in someone else's turn.
"""
import os
import struct
import subprocess

from measure import MARKER, Missing, Process, Work, drive, drive_revocations, find, free_port, wait_for

BIN = "/usr/lib/postgresql/15/bin"
UUID = b"00000000-0000-4000-8000-" + MARKER
SCHEMA = """
CREATE ROLE bench LOGIN;
CREATE DATABASE bench OWNER bench;
\\c bench
CREATE TABLE tokens (
  jti uuid PRIMARY KEY, client_id integer NOT NULL, audience integer NOT NULL, scope bigint NOT NULL,
  status smallint NOT NULL, issued_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
  revoked_at timestamptz, name text NOT NULL, token_sha256 bytea NOT NULL);
CREATE INDEX ON tokens (client_id, issued_at);
CREATE INDEX ON tokens (issued_at);
CREATE INDEX ON tokens (expires_at);
CREATE INDEX ON tokens (status, issued_at);
ALTER TABLE tokens OWNER TO bench;
"""
INSERT = ("INSERT INTO tokens VALUES ($1, 1, 1, 1, 1, now(), now() + interval '1 day', NULL, '', "
          "decode('" + "5a" * 32 + "', 'hex'))")
STATUS = "SELECT status, expires_at FROM tokens WHERE jti = $1"
PAGE = ("SELECT jti, name, client_id, audience, scope, status, issued_at, expires_at, revoked_at FROM tokens "
        "WHERE client_id = 1 ORDER BY issued_at DESC LIMIT 100")
REVOKE = "UPDATE tokens SET status = 2, revoked_at = now() WHERE jti = $1"


def message(kind, body):
    return kind + struct.pack(">I", len(body) + 4) + body


SYNC = message(b"S", b"")


def execute(parameters):
    bind = b"\0s\0" + struct.pack(">HH", 0, len(parameters))
    bind += b"".join(struct.pack(">I", len(each)) + each for each in parameters) + struct.pack(">H", 0)
    return message(b"B", bind) + message(b"E", b"\0" + struct.pack(">I", 0)) + SYNC


class Postgres:
    name = "PostgreSQL 15"

    def __init__(self, setting):
        if not os.access(os.path.join(BIN, "postgres"), os.X_OK) or find("psql") is None:
            raise Missing("PostgreSQL 15 is missing: tools/install-packages --peers")
        self.setting = setting
        self.data = os.path.join(setting.home, "postgres")
        os.mkdir(self.data, 0o700)
        if os.geteuid() == 0:
            os.chmod(setting.home, 0o711)
            subprocess.run(["chown", "nobody", self.data], check=True)
        self.log = open(os.path.join(setting.home, "postgres.log"), "w")
        if Process(setting, ["test", "-w", self.data], unprivileged=True).process.wait() != 0:
            raise Missing(f"PostgreSQL does not run as root, and `nobody` can't reach {setting.home}; see --directory")
        quiet = {"unprivileged": True, "cwd": "/", "stdout": self.log, "stderr": self.log}
        making = Process(setting, [f"{BIN}/initdb", "-D", f"{self.data}/db", "-U", "postgres", "-A", "trust", "-N"],
                         **quiet)
        if making.process.wait() != 0:
            raise RuntimeError("initdb failed")
        # The superuser only through the socket, whose directory is private; TCP only for the role that owns one table.
        with open(f"{self.data}/db/pg_hba.conf", "w") as file:
            file.write("local all all trust\nhost bench bench 127.0.0.1/32 trust\n")
        self.port = free_port()
        options = {"listen_addresses": "127.0.0.1", "shared_buffers": "1GB", "max_wal_size": "8GB",
                   "max_connections": setting.connections + 10, "autovacuum": "off"}
        self.server = Process(setting, [f"{BIN}/postgres", "-D", f"{self.data}/db", "-p", str(self.port),
                                        "-k", self.data, *(f"--{key}={value}" for key, value in options.items())],
                              **quiet)
        wait_for(self.port, self.server)
        self.ask("postgres", SCHEMA)
        self.count = self.revoked = 0

    def ask(self, database, text):
        done = subprocess.run(["psql", "-h", self.data, "-p", str(self.port), "-U", "postgres", "-X", "-qAt", "-v",
                               "ON_ERROR_STOP=1", database], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def prepared(self, statement, parameters, synchronous, **options):
        fields = {"user": "bench", "database": "bench",
                  "options": f"-c synchronous_commit={'on' if synchronous else 'off'}"}
        body = struct.pack(">I", 196608)  # protocol 3.0
        body += b"".join(f"{key}\0{value}\0".encode() for key, value in fields.items()) + b"\0"
        opening = struct.pack(">I", len(body) + 4) + body
        opening += message(b"P", b"s\0" + statement.encode() + b"\0" + struct.pack(">H", 0)) + SYNC
        return Work("postgres", self.port, [execute(parameters)], opening=opening, opening_answers=2, **options)

    def preload(self, count):
        drive(self.setting, self.prepared(INSERT, [UUID], False), 240, limit=count)
        self.count = count
        self.ask("bench", "VACUUM ANALYZE tokens; CHECKPOINT;")

    def work(self, operation):
        if operation in ("issue", "issue durable"):
            return self.prepared(INSERT, [UUID], operation == "issue durable")
        if operation == "status lookup":
            return self.prepared(STATUS, [UUID], True, below=self.setting.tokens)
        if operation == "list page":
            return self.prepared(PAGE, [], True)
        return None

    def revoke(self, count):
        return drive_revocations(self, self.prepared(REVOKE, [UUID], True), count, first=self.revoked, limit=count)

    def memory_bytes(self):
        return None  # its memory is a cache of its disk

    def disk_bytes(self):
        self.ask("bench", "CHECKPOINT;")
        return int(self.ask("bench", "SELECT pg_total_relation_size('tokens');"))

    def end(self):
        self.server.end(2)  # SIGINT: fast shutdown
        self.log.close()

"""Redis 7: a record per token with its expiry, and a sorted set per client for lists; append-only file on.

`issue durable` and revocation run with appendfsync always, `issue` with everysec (up to a second may be lost).
"""
import os
import socket

from measure import MARKER, Missing, Process, Work, directory_bytes, drive, drive_revocations, find, free_port, wait_for

RECORD = (b'{"jti":"' + b"j" * 10 + MARKER + b'","client_id":"bench","audience":"https://api.example/opaque",'
          b'"scope":"read","issued_at":1763800000,"expires_at":1763886400,"sha256":"' + b"5a" * 16 + b'"}')
LIFETIME = b"86400"


def command(*parts):
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in parts)


class Redis:
    name = "Redis 7"

    def __init__(self, setting):
        # redis-tools ships the server's program under the name of a checker; what it is depends on argv[0].
        program = find("redis-server") or find("redis-check-rdb")
        if program is None:
            raise Missing("Redis is missing: tools/install-packages --peers")
        self.setting = setting
        self.data = os.path.join(setting.home, "redis")
        os.mkdir(self.data, 0o700)
        self.port = free_port()
        self.log = open(os.path.join(setting.home, "redis.log"), "w")
        options = {"port": self.port, "bind": "127.0.0.1", "dir": self.data, "save": "", "appendonly": "yes",
                   "appendfsync": "everysec", "auto-aof-rewrite-percentage": 0}
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        self.server = Process(setting, ["redis-server", *words], executable=program, stdout=self.log, stderr=self.log)
        wait_for(self.port, self.server)
        self.count = self.revoked = 0

    def ask(self, *parts):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as link:
            link.sendall(command(*parts))
            answer = link.recv(65536)
            if answer.startswith(b"$"):  # a bulk text: wait for all of it
                size = int(answer[1:answer.index(b"\r\n")]) + answer.index(b"\r\n") + 4
                while len(answer) < size:
                    answer += link.recv(65536)
        if answer.startswith(b"-"):
            raise RuntimeError(answer.decode())
        return answer.decode()

    def issue(self):
        key = b"t:" + MARKER
        request = command(b"MULTI") + command(b"SET", key, RECORD, b"EX", LIFETIME)
        request += command(b"ZADD", b"c:bench", MARKER, MARKER) + command(b"EXEC")
        return Work("resp", self.port, [request], answers=4)

    def durable(self, on):
        self.ask(b"CONFIG", b"SET", b"appendfsync", b"always" if on else b"everysec")

    def preload(self, count):
        drive(self.setting, self.issue(), 240, limit=count)
        self.count = count

    def work(self, operation):
        self.durable(operation == "issue durable")
        if operation in ("issue", "issue durable"):
            return self.issue()
        if operation == "status lookup":
            return Work("resp", self.port, [command(b"GET", b"t:" + MARKER)], below=self.setting.tokens)
        if operation == "list page":
            return Work("resp", self.port, [command(b"SORT", b"c:bench", b"BY", b"nosort", b"DESC", b"LIMIT", b"0",
                                                    b"100", b"GET", b"t:*")])
        return None

    def revoke(self, count):
        """An entry of a deny list that outlives the token."""
        self.durable(True)
        work = Work("resp", self.port, [command(b"SET", b"r:" + MARKER, b"1", b"EX", LIFETIME)])
        return drive_revocations(self, work, count, first=self.revoked, limit=count)

    def memory_bytes(self):
        information = self.ask(b"INFO", b"memory")
        return int(next(line for line in information.splitlines() if line.startswith("used_memory:")).split(":")[1])

    def disk_bytes(self):
        return directory_bytes(self.data)

    def end(self):
        self.server.end()
        self.log.close()

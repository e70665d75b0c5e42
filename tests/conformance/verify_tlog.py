#!/usr/bin/env python3
"""A second opinion on a transparency log, written from the specifications alone and sharing nothing with the ledger.

RFC 6962 section 2.1 (hashes and proofs), RFC 8032 section 5.1.7 (Ed25519), C2SP signed-note v1.0.0, tlog-checkpoint
v1.0.0, tlog-cosignature v1, tlog-tiles v0.1.0, tlog-proof v1. Needs Python 3 and nothing else.

  verify_tlog.py log         --vkey KEY SOURCE [--entries]
  verify_tlog.py inclusion   --vkey KEY --checkpoint FILE --index N (--entry FILE | --leaf HEX) PROOF
  verify_tlog.py consistency --vkey KEY --old CHECKPOINT --new CHECKPOINT PROOF
  verify_tlog.py proof-file  --vkey KEY (--entry FILE | --leaf HEX) FILE

SOURCE is a directory or a URL prefix under which "checkpoint" and "tile/..." lie; every other file may be a URL too.
PROOF is {"hashes": [base64, ...]}. With --witness KEY (repeated) and --quorum K a checkpoint also needs cosignatures.
--token-file names a bearer token for URLs. Exit 0: everything holds; 1: something does not, and what; 2: usage.

Only public data is handled: nothing here takes constant time.
"""
import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys
import urllib.error
import urllib.request

FILE_BYTES_MAX = 64 << 20
NOTE_BYTES_MAX = 1 << 20
SIGNATURES_MAX = 100
PROOF_HASHES_MAX = 64
SIZE_MAX = 2**63 - 1
TILE_HASHES = 256
HASH_BYTES = 32
SECONDS_MAX = 60  # of one request


class Refused(Exception):
    """Something does not hold."""


def require(holds, why):
    if not holds:
        raise Refused(why)


# --- Ed25519, RFC 8032 section 5.1 ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def x_of(y, is_odd):
    """Section 5.1.3: x with this parity on the curve -x^2 + y^2 = 1 + d x^2 y^2; None when there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square or (x == 0 and is_odd):
        return None
    return x if x & 1 == is_odd else P - x


def point(encoded):
    """The point (X, Y, Z, T) of 32 bytes, with x = X/Z, y = Y/Z, x y = T/Z; None for bytes that name none."""
    number = int.from_bytes(encoded, "little")
    y = number & (2**255 - 1)
    x = x_of(y, number >> 255) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def add(first, second):
    """Section 5.1.4: the complete addition formulas."""
    a = (first[1] - first[0]) * (second[1] - second[0]) % P
    b = (first[1] + first[0]) * (second[1] + second[0]) % P
    c = 2 * first[3] * second[3] * D % P
    d = 2 * first[2] * second[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, base):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, base)
        base = add(base, base)
        scalar >>= 1
    return result


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (x_of(BASE_Y, 0), BASE_Y, 1, x_of(BASE_Y, 0) * BASE_Y % P)


def ed25519_holds(public_key, message, signature):
    """Section 5.1.7."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, commitment = point(public_key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    left, right = multiply(s, BASE), add(commitment, multiply(k, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- Merkle trees, RFC 6962 section 2.1 ---


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size):
    """The largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_hash(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return node_hash(tree_hash(hashes[:k]), tree_hash(hashes[k:]))


def inclusion_root(index, size, leaf, proof):
    """PATH(m, D[n]) of section 2.1.1 run backwards: the root that the proof leads to."""
    if size == 1:
        require(not proof, "the proof is too long")
        return leaf
    require(proof, "the proof is too short")
    k = split(size)
    if index < k:
        return node_hash(inclusion_root(index, k, leaf, proof[:-1]), proof[-1])
    return node_hash(proof[-1], inclusion_root(index - k, size - k, leaf, proof[:-1]))


def consistency_roots(old, new, old_root, proof, whole=True):
    """SUBPROOF(m, D[n], b) of section 2.1.2 run backwards: the old and the new root that the proof leads to."""
    if old == new:
        require(len(proof) == (0 if whole else 1), "the proof has another length")
        root = old_root if whole else proof[0]
        return root, root
    require(proof, "the proof is too short")
    k = split(new)
    if old <= k:
        older, newer = consistency_roots(old, k, old_root, proof[:-1], whole)
        return older, node_hash(newer, proof[-1])
    older, newer = consistency_roots(old - k, new - k, old_root, proof[:-1], False)
    return node_hash(proof[-1], older), node_hash(proof[-1], newer)


def check_inclusion(checkpoint, index, leaf, proof):
    require(0 <= index < checkpoint.size, "the index is not below the size")
    require(len(proof) <= PROOF_HASHES_MAX, "the proof is too long")
    require(inclusion_root(index, checkpoint.size, leaf, proof) == checkpoint.root, "the proof leads to another root")


def check_consistency(older, newer, proof):
    require(older.origin == newer.origin, "the checkpoints are of two logs")
    require(0 < older.size <= newer.size, "nothing can be proved between these sizes")
    require(len(proof) <= PROOF_HASHES_MAX, "the proof is too long")
    roots = consistency_roots(older.size, newer.size, older.root, proof)
    require(roots == (older.root, newer.root), "the proof leads to other roots")


# --- texts ---


def strict_base64(text):
    """RFC 4648 section 4, in its one canonical spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not base64") from None
    require(base64.b64encode(value).decode() == text, "not canonical base64")
    return value


def hash_of_text(text):
    value = strict_base64(text)
    require(len(value) == HASH_BYTES, "not a hash")
    return value


def number_of_text(text):
    require(re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII), "not a number")
    require(int(text) <= SIZE_MAX, "the number is too large")
    return int(text)


# --- C2SP signed-note, tlog-cosignature ---

ED25519, COSIGNATURE = 1, 4


class Key:
    def __init__(self, vkey):
        name, key_id, key = (vkey.split("+", 2) + ["", ""])[:3]
        value = strict_base64(key)
        require(name and value[:1] in (b"\x01", b"\x04") and len(value) == 33, "not a key we can use: " + vkey)
        expected = hashlib.sha256(name.encode() + b"\n" + value).digest()[:4]
        require(key_id == expected.hex(), "the key id is not the key's: " + vkey)
        self.name, self.key_id, self.type, self.public = name, expected, value[0], value[1:]

    def check(self, text, signature):
        message = text.encode()
        if self.type == COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            require(time < 2**63, "a cosignature later than there is time")
            message = b"cosignature/v1\ntime " + str(time).encode() + b"\n" + message
            signature = signature[8:]
        require(ed25519_holds(self.public, message, signature), "a bad signature of " + self.name)


def parse_note(note):
    """The text and [(name, key id, signature)]."""
    require(len(note) <= NOTE_BYTES_MAX, "the note is too long")
    try:
        decoded = note.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Refused("the note is not UTF-8") from None
    require(all(letter >= " " or letter == "\n" for letter in decoded), "the note has control characters")
    text, separator, block = decoded.rpartition("\n\n")
    require(separator and block.endswith("\n"), "not a signed note")
    lines = block[:-1].split("\n")
    require(len(lines) <= SIGNATURES_MAX, "too many signatures")
    signatures = []
    for line in lines:
        parts = line.split(" ")
        require(len(parts) == 3 and parts[0] == "\u2014", "not a signature line")
        name, value = parts[1], strict_base64(parts[2])
        require(name and "+" not in name and not any(c.isspace() for c in name), "not a key name")
        require(len(value) > 4, "not a signature")
        signatures.append((name, value[:4], value[4:]))
    return text + "\n", signatures


def verified_keys(text, signatures, keys):
    """Which keys signed; a known key's bad signature refuses the note, unknown keys say nothing."""
    signers = set()
    for name, key_id, signature in signatures:
        for key in keys:
            if (key.name, key.key_id) == (name, key_id):
                key.check(text, signature)
                signers.add(key)
    return signers


class Checkpoint:
    """A checkpoint of the log whose key is given, with enough witnesses."""

    def __init__(self, note, trust):
        text, signatures = parse_note(note)
        require(verified_keys(text, signatures, [trust.log_key]), "the log's key did not sign the checkpoint")
        require(len(verified_keys(text, signatures, trust.witnesses)) >= trust.quorum, "too few witnesses cosigned")
        lines = text.split("\n")
        require(len(lines) >= 4 and all(lines[:-1]), "not a checkpoint")
        self.origin, self.size, self.root = lines[0], number_of_text(lines[1]), hash_of_text(lines[2])
        require(self.origin == trust.log_key.name, "a checkpoint of another log")
        require(self.size > 0 or self.root == tree_hash([]), "an empty log has another root")


class Trust:
    def __init__(self, vkey, witnesses=(), quorum=None):
        self.log_key = Key(vkey)
        self.witnesses = [Key(witness) for witness in witnesses]
        self.quorum = len(self.witnesses) if quorum is None else quorum
        require(self.log_key.type == ED25519, "not a log's key: " + vkey)
        require(all(each.type == COSIGNATURE for each in self.witnesses), "not a witness's key")
        require(len({each.public for each in self.witnesses}) == len(self.witnesses), "a witness is named twice")
        require(0 <= self.quorum <= len(self.witnesses), "the quorum is above the number of witnesses")


# --- C2SP tlog-proof ---


def check_proof_file(content, leaf, trust):
    head, separator, note = content.partition(b"\n\n")
    require(separator, "not a proof file")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Refused("not a proof file") from None
    require(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a proof file of a known version")
    if lines and lines[0].startswith("extra "):
        require(strict_base64(lines.pop(0)[6:]), "extra without bytes")
    require(lines and lines[0].startswith("index "), "the proof file names no index")
    index = number_of_text(lines.pop(0)[6:])
    checkpoint = Checkpoint(note, trust)
    check_inclusion(checkpoint, index, leaf, [hash_of_text(line) for line in lines])
    return checkpoint, index


def parse_proof(content):
    """The hashes of {"hashes": [...]}."""
    try:
        proof = json.loads(content)
    except ValueError:
        raise Refused("the proof is not JSON") from None
    require(isinstance(proof, dict) and isinstance(proof.get("hashes"), list), "the proof has no hashes")
    require(all(isinstance(each, str) for each in proof["hashes"]), "the proof's hashes are not texts")
    return [hash_of_text(each) for each in proof["hashes"]]


# --- C2SP tlog-tiles ---


class Missing(Refused):
    """A file that is not there."""


def read(place, token=None):
    """The bytes of a file or of a URL."""
    if not re.match(r"https?://", place):
        try:
            with open(place, "rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
        except OSError as failure:
            raise Missing(f"{place}: {failure.strerror}") from None
    else:
        headers = {"Authorization": "Bearer " + token} if token else {}
        try:
            with urllib.request.urlopen(urllib.request.Request(place, headers=headers), timeout=SECONDS_MAX) as answer:
                content = answer.read(FILE_BYTES_MAX + 1)
        except urllib.error.HTTPError as refused:
            with refused:
                raise Missing(f"{place}: status {refused.code}") from None
        except OSError as failure:
            raise Missing(f"{place}: {failure}") from None
    require(len(content) <= FILE_BYTES_MAX, place + " is too long")
    return content


def tile_path(kind, index, width):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{kind}/" + "/".join(groups) + ("" if width == TILE_HASHES else f".p/{width}")


class Source:
    def __init__(self, prefix, token=None):
        self.prefix, self.token = prefix.rstrip("/"), token

    def read(self, path):
        return read(self.prefix + "/" + path, self.token)

    def read_tile(self, kind, index, width):
        """A partial tile may be gone once the full one exists; the second value says which was read."""
        try:
            return self.read(tile_path(kind, index, width)), width
        except Missing:
            if width == TILE_HASHES:
                raise
            return self.read(tile_path(kind, index, TILE_HASHES)), TILE_HASHES


def widths(count):
    """(index, width) of the tiles that hold this many hashes."""
    for begin in range(0, count, TILE_HASHES):
        yield begin // TILE_HASHES, min(TILE_HASHES, count - begin)


def read_level(source, level, count):
    hashes = []
    for index, width in widths(count):
        tile, read_width = source.read_tile(level, index, width)
        where = tile_path(level, index, width)
        require(len(tile) == read_width * HASH_BYTES, where + " has another length")
        hashes += [tile[at:at + HASH_BYTES] for at in range(0, width * HASH_BYTES, HASH_BYTES)]
    return hashes


def check_entries(source, leaves):
    for index, width in widths(len(leaves)):
        bundle, read_width = source.read_tile("entries", index, width)
        where, at = tile_path("entries", index, width), 0
        for number in range(read_width):
            require(at + 2 <= len(bundle), where + " is too short")
            length = int.from_bytes(bundle[at:at + 2], "big")
            entry = bundle[at + 2:at + 2 + length]
            require(len(entry) == length, where + " is too short")
            at += 2 + length
            position = index * TILE_HASHES + number
            if number < width:
                require(leaf_hash(entry) == leaves[position], f"{where}: entry {position} is not the hashed one")
        require(at == len(bundle), where + " is too long")


def check_log(source, trust, entries=False):
    """Every tile of every level, the root over them, and on demand every entry."""
    checkpoint = Checkpoint(source.read("checkpoint"), trust)
    leaves = hashes = read_level(source, 0, checkpoint.size)
    level = 0
    while len(hashes) >= TILE_HASHES:
        level += 1
        above = read_level(source, level, len(hashes) // TILE_HASHES)
        for index, stored in enumerate(above):
            derived = tree_hash(hashes[index * TILE_HASHES:(index + 1) * TILE_HASHES])
            require(stored == derived, f"hash {index} of tile level {level} is not that of the tile below")
        hashes = above
    require(tree_hash(leaves) == checkpoint.root, "the tiles have another root than the checkpoint")
    if entries:
        check_entries(source, leaves)
    return checkpoint


# --- command line ---


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Verifies a transparency log from the specifications alone.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("log", "inclusion", "consistency", "proof-file"):
        command = commands.add_parser(name)
        command.add_argument("--vkey", required=True)
        command.add_argument("--witness", action="append", default=[])
        command.add_argument("--quorum", type=int)
        command.add_argument("--token-file")
        command.add_argument("place")
        if name == "log":
            command.add_argument("--entries", action="store_true")
        if name == "inclusion":
            command.add_argument("--checkpoint", required=True)
            command.add_argument("--index", type=int, required=True)
        if name in ("inclusion", "proof-file"):
            leaf = command.add_mutually_exclusive_group(required=True)
            leaf.add_argument("--entry")
            leaf.add_argument("--leaf")
        if name == "consistency":
            command.add_argument("--old", required=True)
            command.add_argument("--new", required=True)
    return parser.parse_args(arguments)


def run(options):
    trust = Trust(options.vkey, options.witness, options.quorum)
    token = read(options.token_file).decode().strip() if options.token_file else None
    if options.command == "log":
        checkpoint = check_log(Source(options.place, token), trust, options.entries)
        return f"{checkpoint.origin}: {checkpoint.size} entries, the tiles have root {checkpoint.root.hex()}"
    content = read(options.place, token)
    if options.command == "consistency":
        older = Checkpoint(read(options.old, token), trust)
        newer = Checkpoint(read(options.new, token), trust)
        check_consistency(older, newer, parse_proof(content))
        return f"{newer.origin}: the first {older.size} of {newer.size} entries are unchanged"
    if options.leaf is not None:
        require(re.fullmatch(r"[0-9a-f]{64}", options.leaf), "--leaf is not 64 hexadecimal digits")
        leaf = bytes.fromhex(options.leaf)
    else:
        leaf = leaf_hash(read(options.entry))
    if options.command == "proof-file":
        checkpoint, index = check_proof_file(content, leaf, trust)
    else:
        checkpoint, index = Checkpoint(read(options.checkpoint, token), trust), options.index
        check_inclusion(checkpoint, index, leaf, parse_proof(content))
    return f"{checkpoint.origin}: entry {index} of {checkpoint.size} is the one given"


def main():
    options = parse_arguments(sys.argv[1:])
    try:
        print(run(options))
    except Refused as refused:
        print(f"{os.path.basename(sys.argv[0])}: {refused}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

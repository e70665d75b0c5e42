"""Runs the Google Benchmark programs of a directory and compares them with the targets in one table.

Benchmarks are found by name (the naming rule is at the top of bench/CMakeLists.txt). A row whose benchmark or
yardstick was not measured says "missing"; a benchmark that no row names is listed at the end. Nothing is dropped.
Exit status: 0 when every program ran, 1 when one failed or was cut off; targets that are not met do not change it,
because a busy machine is not an error.
"""

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys
import time

QUICK_TOKENS = 100_000
QUICK_SECONDS_MAX = 50  # for all programs together, so that the whole run ends within a minute
FULL_SECONDS_MAX = 4 * 3600
FULL_REPETITIONS = 5


@dataclasses.dataclass(frozen=True)
class Row:
    """One number to reach.

    kind: what is compared with the target:
      value          the benchmark's own figure
      value/yardstick, yardstick/value   a ratio of two figures of the same measure
    measure: "time" (ns per iteration), "rate" (items per second) or the name of a counter
    direction and target: "<=" or ">=" and the bound; None when a figure is only reported
    budget_target: the bound instead, of a scan that says with the counter ended_at_budget that it gave up
    """

    id: str
    what: str
    benchmark: str
    yardstick: str = ""
    kind: str = "value"
    measure: str = "time"
    direction: str = ""
    target: float = None
    unit: str = ""
    budget_target: float = None


# What bench/list_bench.cpp asks for: every single filter and the pairs.
LISTS = ["none", "client_large", "client_small", "active", "expired", "revoked", "issued_range", "expires_range",
         "expired_range", "revoked_range", "owner", "api", "origin", "search", "client_active", "client_revoked",
         "client_issued", "active_issued", "expired_issued"]
# The endpoints of bench/endpoint_bench.cpp.
ENDPOINTS = [("authz", "/v1/authz"), ("check", "/v1/check"), ("introspect_jwt", "introspection of a JWT"),
             ("introspect_opaque", "introspection, opaque")]

TABLE = [
    Row("P1", "check, 480-byte ES256 token, cold index", "P1/check_es256", direction="<=", target=550),
    Row("P1", "check, 607-byte ES256 token with a status list, cold index", "P1/check_es256_with_status"),
    Row("P1", "check, 657-byte RS256 token, cold index", "P1/check_rs256"),
    Row("P1", "times faster than OpenSSL ES256 verify", "P1/check_es256",
        "P1/yardstick_openssl_es256_verify", "yardstick/value", direction=">=", target=100),
    Row("P1", "times faster than OpenSSL RS256 verify", "P1/check_rs256",
        "P1/yardstick_openssl_rs256_verify", "yardstick/value", direction=">=", target=25),
    Row("P2", "check by index / one random entry read", "P2/check_by_index",
        "P2/yardstick_random_read", "value/yardstick", direction="<=", target=1.3),
    Row("P2", "check by jti / random read + one AES block", "P2/check_by_jti",
        "P2/yardstick_random_read_and_aes", "value/yardstick", direction="<=", target=1.3),
    Row("P2", "revocation bit test / bare bit test", "P2/revocation_bit",
        "P2/yardstick_bare_bit", "value/yardstick", direction="<=", target=2.0),
    Row("P3", "check while publishing / idle", "P3/check_while_publishing",
        "P3/yardstick_check_idle", "value/yardstick", direction="<=", target=1.3),
    Row("P4", "durable append, window 4096 / raw RocksDB", "P4/append_window_4096",
        "P4/yardstick_rocksdb_same_batches", "value/yardstick", "rate", ">=", 0.70),
    Row("P4", "durable append of notes, window 4096 / raw RocksDB", "P4/append_notes_window_4096",
        "P4/yardstick_rocksdb_same_note_batches", "value/yardstick", "rate", ">=", 0.70),
    Row("P4", "durable append, one caller / one synced Put", "P4/append_one_caller",
        "P4/yardstick_synced_put", "value/yardstick", direction="<=", target=1.3),
    Row("P4", "append of issue events, audit tree on / off", "P4/append_with_tree", measure="ratio",
        direction=">=", target=0.85),
    Row("P4", "append of notes, audit tree on / off", "P4/append_notes_with_tree", measure="ratio",
        direction=">=", target=0.85),
    Row("P5", "issue opaque tokens, views kept up", "P5/issue_opaque", measure="rate",
        direction=">=", target=150_000),
    Row("P5", "issue JWT / bare signing rate", "P5/issue_jwt", "P5/yardstick_bare_sign",
        "value/yardstick", "rate", ">=", 0.90),
    *(Row("P5", f"issue {word} JWT / bare signing rate", f"P5/issue_jwt_{name}", f"P5/yardstick_bare_sign_{name}",
          "value/yardstick", "rate", ">=", 0.90) for name, word in (("eddsa", "EdDSA"), ("rs256", "RS256"))),
    *(Row("P5", f"bare {word} signature / CPU of a token at the token endpoint", f"P5/token_endpoint_{name}",
          measure="share", direction=">=", target=0.90)
      for name, word in (("es256", "ES256"), ("eddsa", "EdDSA"), ("rs256", "RS256"))),
    Row("P6", "replay into State and index", "P6/replay", measure="rate", direction=">=", target=2_000_000),
    Row("P6", "audit verify of the log / replay", "P6/audit_verify", "P6/yardstick_audit_verify", "value/yardstick",
        "log_events_per_s", ">=", 0.5),
    Row("P6", "cold start from snapshot", "P6/cold_start", direction="<=", target=1e9),
    Row("P6", "memory per live machine token", "P6/memory_machine_token", measure="rss_bytes_per_token",
        direction="<=", target=36, unit="B"),
    Row("P6", "memory per live token with a user grant", "P6/memory_user_grant_token",
        measure="rss_bytes_per_token", direction="<=", target=100, unit="B"),
    Row("P6", "memory per live token with a refresh family", "P6/memory_user_token_with_family",
        measure="rss_bytes_per_token", unit="B"),
    Row("P6", "memory per live token on a group's consent", "P6/memory_user_token_on_group_consent",
        measure="rss_bytes_per_token", unit="B"),
    Row("P6", "disk per token, log and views compacted", "P6/disk", measure="disk_bytes_per_token",
        direction="<=", target=150, unit="B"),
    *(Row("P7", f"page of 100, {page}, {name}: p99", f"P7/{benchmark}_{name}", measure="p99_us", direction="<=",
          target=1_000, unit="us", budget_target=15_000)
      for name in LISTS for benchmark, page in (("page", "first"), ("deep", "deep"))),
    Row("P8", "HTTP layer alone, CPU per request / bare Asio", "P8/http_layer", measure="ratio", direction="<=",
        target=1.3, unit="x"),
    *(Row("P8", f"{what}, CPU per request / bare Asio", f"P8/{name}", measure="ratio", direction="<=", target=1.3,
          unit="x") for name, what in ENDPOINTS),
    *(Row("P8", f"{what}, 16 pipelined, one I/O thread", f"P8/{name}_pipelined", measure="rate", direction=">=",
          target=500_000) for name, what in ENDPOINTS),
    *(Row("P8", f"{what} alone / during 200 sign-ins at once", f"P8/storm_{name}", measure="slowdown",
          direction="<=", target=2.0, unit="x")
      for name, what in (("checks", "checks per second"), ("tokens", "token requests per second"))),
    Row("P9", "disable a client with 1 M tokens / one synced Put", "P9/disable_client",
        "P9/yardstick_synced_put", "value/yardstick", direction="<=", target=2.0),
    Row("P10", "inclusion proofs of random events, 1 M events", "P10/inclusion_proof", measure="rate"),
    Row("P10", "the same with event and checkpoint", "P10/event_proof", measure="rate"),
    Row("P10", "consistency proofs of random sizes with the newest", "P10/consistency_proof", measure="rate"),
]

NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# What Google Benchmark appends that says how it ran, not what it measured.
DECORATION = re.compile(r"^(real_time|process_time|manual_time|(iterations|repeats|min_time|min_warmup_time):.*)$")


def split_name(run_name):
    """'P2/check/1000/real_time' -> ('P2/check', '1000')."""
    parts = run_name.split("/")
    arguments = [part for part in parts[2:] if not DECORATION.match(part)]
    return "/".join(parts[:2]), "/".join(arguments)


def collect(report, measured):
    """Adds a program's JSON report to {name: {arguments: entry}}; the median of repetitions wins over single runs."""
    errors = []
    single_runs = {}
    for entry in report.get("benchmarks", []):
        name, arguments = split_name(entry.get("run_name", entry["name"]))
        if entry.get("error_occurred"):
            errors.append(f"{name}: {entry.get('error_message', 'error')}")
        elif entry.get("run_type") == "aggregate":
            if entry.get("aggregate_name") == "median":
                measured.setdefault(name, {})[arguments] = entry
        else:
            single_runs.setdefault((name, arguments), entry)
    for (name, arguments), entry in single_runs.items():
        measured.setdefault(name, {}).setdefault(arguments, entry)
    return errors


def figure(entry, measure):
    if measure == "time":
        return entry["real_time"] * NANOSECONDS[entry.get("time_unit", "ns")]
    return entry.get("items_per_second" if measure == "rate" else measure)


def evaluate(row, measured):
    """One result per set of arguments that the benchmark ran with; a single 'missing' one when it did not run."""
    unit = row.unit or {"time": "ns", "rate": "items/s"}.get(row.measure, "")
    blank = {"id": row.id, "what": row.what, "value": None, "unit": unit, "yardstick": None, "ratio": None,
             "target": f"{row.direction} {row.target:g}" if row.target is not None else None,
             "met": None, "status": "missing", "benchmark": row.benchmark,
             "compared": "value" if row.kind == "value" else "ratio"}
    results = []
    variants = measured.get(row.benchmark, {})
    for arguments, entry in sorted(variants.items()):
        result = dict(blank, value=figure(entry, row.measure))
        bound = row.target
        if row.budget_target is not None and entry.get("ended_at_budget"):
            bound = row.budget_target
            result["what"] += " (ended at its budget)"
            result["target"] = f"{row.direction} {bound:g}"
        if len(variants) > 1:
            result["what"] += f" [{arguments}]"
        compared = result["value"]
        if row.kind != "value":
            yardsticks = measured.get(row.yardstick, {})
            yardstick = yardsticks.get(arguments) or (
                next(iter(yardsticks.values())) if len(yardsticks) == 1 else None)
            result["yardstick"] = figure(yardstick, row.measure) if yardstick else None
            if result["value"] and result["yardstick"]:
                value, reference = result["value"], result["yardstick"]
                result["ratio"] = value / reference if row.kind == "value/yardstick" else reference / value
            compared = result["ratio"]
        if compared is not None:
            result["status"] = "measured"
            if row.target is not None:
                result["met"] = compared <= bound if row.direction == "<=" else compared >= bound
        results.append(result)
    return results or [blank]


def run_programs(programs, options):
    """Runs each program; returns ({name: {arguments: entry}}, [problem])."""
    measured, problems = {}, []
    environment = dict(os.environ)
    flags = ["--benchmark_format=json"]
    if options.quick:
        environment["TOKENLEDGER_BENCH_QUICK"] = "1"
        environment.setdefault("TOKENLEDGER_BENCH_TOKENS", str(QUICK_TOKENS))
        flags.append("--benchmark_min_time=0.02")
    else:
        # Interleaving spreads a machine's slow phases over a benchmark and its yardstick alike.
        flags += [f"--benchmark_repetitions={FULL_REPETITIONS}", "--benchmark_enable_random_interleaving=true"]
    if options.only:
        flags.append(f"--benchmark_filter=^({'|'.join(map(re.escape, options.only))})/")
    deadline = time.monotonic() + options.seconds_max
    for program in programs:
        name = os.path.basename(program)
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            problems.append(f"{name}: not started, the time limit was reached")
            continue
        print(f"running {name}", file=sys.stderr)
        try:
            done = subprocess.run([program] + flags, env=environment, capture_output=True, text=True, timeout=left_s)
            if done.returncode != 0:
                problems.append(f"{name}: exit {done.returncode}: {done.stderr.strip()[-400:]}")
            # A filter that matches nothing leaves the output empty.
            if done.stdout.strip():
                problems += [f"{name}: {error}" for error in collect(json.loads(done.stdout), measured)]
        except subprocess.TimeoutExpired:
            problems.append(f"{name}: cut off at the time limit of {options.seconds_max:g} s")
        except (OSError, ValueError, KeyError) as error:
            problems.append(f"{name}: unusable output: {error}")
    return measured, problems


def show(value, unit=""):
    if value is None:
        return "missing"
    if unit == "ns":
        for scale, name in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
            if value >= scale:
                return f"{value / scale:.3g} {name}"
    if unit == "items/s":
        for scale, name in ((1e6, "M/s"), (1e3, "k/s")):
            if value >= scale:
                return f"{value / scale:.3g} {name}"
    return f"{value:.3g} {unit}".rstrip()


def table_text(results):
    lines = [("id", "what", "value", "yardstick", "ratio", "target", "met")]
    for result in results:
        has_yardstick = result["compared"] == "ratio"
        met = {True: "yes", False: "NO", None: result["status"] if result["status"] == "missing" else "-"}
        target = result["target"] or "-"
        if result["target"] and not has_yardstick:
            direction, bound = result["target"].split()
            target = f"{direction} {show(float(bound), result['unit'])}"
        lines.append((result["id"], result["what"], show(result["value"], result["unit"]),
                      show(result["yardstick"], result["unit"]) if has_yardstick else "-",
                      show(result["ratio"]) if has_yardstick else "-", target, met[result["met"]]))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def extra_text(measured):
    """What was measured but belongs to no row."""
    named = {row.benchmark for row in TABLE} | {row.yardstick for row in TABLE}
    lines = []
    for name in sorted(set(measured) - named):
        for arguments, entry in sorted(measured[name].items()):
            rate = f", {show(figure(entry, 'rate'), 'items/s')}" if "items_per_second" in entry else ""
            lines.append(f"  {name}{'/' + arguments if arguments else ''}: {show(figure(entry, 'time'), 'ns')}{rate}")
    return "\n".join(["also measured:"] + lines) if lines else ""


def main():
    parser = argparse.ArgumentParser(description="Runs the benchmark programs and compares them with their targets.")
    parser.add_argument("--programs", required=True, metavar="DIR", help="directory of benchmark programs")
    parser.add_argument("--json", metavar="FILE", help="also write the rows as JSON")
    parser.add_argument("--quick", action="store_true", help="reduced size, ends within a minute")
    parser.add_argument("--only", action="append", metavar="P<n>", help="only this requirement; repeatable")
    parser.add_argument("--seconds-max", type=float, help="stop starting and cut off programs after this long")
    options = parser.parse_args()
    if options.seconds_max is None:
        options.seconds_max = QUICK_SECONDS_MAX if options.quick else FULL_SECONDS_MAX

    paths = sorted(os.path.join(options.programs, name) for name in os.listdir(options.programs)) \
        if os.path.isdir(options.programs) else []
    programs = [path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]
    measured, problems = run_programs(programs, options)
    results = [result for row in TABLE if not options.only or row.id in options.only
               for result in evaluate(row, measured)]

    print(table_text(results))
    extra = extra_text(measured)
    if extra:
        print(extra)
    if options.quick:
        print("reduced size: figures are an indication, not a measurement")
    for problem in problems:
        print(f"problem: {problem}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
            file.write("\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""tools/bench_report.py against programs that print what Google Benchmark would."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "bench_report.py")


def run_of(name, real_time=1.0, unit="ns", **more):
    return dict({"name": name, "run_name": name, "run_type": "iteration", "real_time": real_time, "time_unit": unit},
                **more)


class BenchReport(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def program(self, name, *benchmarks, script=None):
        path = os.path.join(self.directory.name, name)
        body = script or "cat <<'END'\n" + json.dumps({"benchmarks": list(benchmarks)}) + "\nEND"
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + body + "\n")
        os.chmod(path, stat.S_IRWXU)

    def report(self, *arguments):
        output = os.path.join(self.directory.name, "out.json.txt")
        done = subprocess.run([sys.executable, SCRIPT, "--programs", self.directory.name, "--json", output, *arguments],
                              capture_output=True, text=True, timeout=60, check=False)
        with open(output, encoding="utf-8") as file:
            return done, json.load(file)

    def row(self, rows, what):
        found = [row for row in rows if row["what"].startswith(what)]
        self.assertEqual(len(found), 1, f"{what} in {rows}")
        return found[0]

    def test_nothing_measured_is_missing_not_dropped(self):
        done, rows = self.report()
        self.assertEqual(done.returncode, 0)
        self.assertEqual({row["id"] for row in rows}, {f"P{number}" for number in range(1, 11)})
        for row in rows:
            self.assertEqual((row["status"], row["value"], row["met"]), ("missing", None, None), row)
        self.assertIn("missing", done.stdout)

    def test_ratio_is_met_or_not(self):
        for value, met in ((12.0, True), (13.5, False)):
            with self.subTest(value=value):
                self.program("index", run_of("P2/check_by_index", value), run_of("P2/yardstick_random_read", 10.0))
                _, rows = self.report()
                row = self.row(rows, "check by index")
                self.assertEqual((row["value"], row["yardstick"], row["met"]), (value, 10.0, met))
                self.assertAlmostEqual(row["ratio"], value / 10)

    def test_a_scan_that_gave_up_has_a_bound_of_its_own(self):
        for p99, gave_up, met in ((900.0, 0, True), (1_100.0, 0, False), (1_100.0, 1, True), (16_000.0, 1, False)):
            with self.subTest(p99=p99, gave_up=gave_up):
                self.program("list", run_of("P7/deep_owner", p99_us=p99, ended_at_budget=gave_up))
                done, rows = self.report()
                row = self.row(rows, "page of 100, deep, owner")
                self.assertEqual((row["value"], row["met"]), (p99, met))
                self.assertEqual("ended at its budget" in row["what"], bool(gave_up))

    def test_an_endpoint_has_a_ratio_and_a_rate_to_reach(self):
        self.program("endpoints", run_of("P8/authz", ratio=1.4, items_per_second=1e5),
                     run_of("P8/authz_pipelined", ratio=3.0, items_per_second=6e5))
        _, rows = self.report()
        found = [(row["value"], row["met"]) for row in rows if row["what"].startswith("/v1/authz")]
        self.assertEqual(found, [(1.4, False), (6e5, True)])

    def test_missing_yardstick_leaves_the_row_missing(self):
        self.program("index", run_of("P2/check_by_index", 12.0))
        _, rows = self.report()
        row = self.row(rows, "check by index")
        self.assertEqual((row["value"], row["ratio"], row["met"], row["status"]), (12.0, None, None, "missing"))

    def test_times_faster_divides_the_yardstick(self):
        self.program("check", run_of("P1/check_es256", 0.5, "us"), run_of("P1/yardstick_openssl_es256_verify", 60, "us"))
        _, rows = self.report()
        self.assertAlmostEqual(self.row(rows, "times faster than OpenSSL ES256")["ratio"], 120)
        self.assertTrue(self.row(rows, "check, 480-byte")["met"])

    def test_rate_and_counter_measures(self):
        self.program("issue", run_of("P5/issue_opaque", items_per_second=140e3),
                     run_of("P6/memory_machine_token", rss_bytes_per_token=35.5))
        _, rows = self.report()
        self.assertFalse(self.row(rows, "issue opaque")["met"])
        self.assertTrue(self.row(rows, "memory per live machine")["met"])

    def test_median_of_repetitions_wins_and_decorations_are_ignored(self):
        name = "P2/check_by_index/real_time"
        self.program("index", run_of(name, 99.0), run_of(name, 5.0),
                     run_of(name, 7.0, run_type="aggregate", aggregate_name="median"),
                     run_of(name, 50.0, run_type="aggregate", aggregate_name="mean"),
                     run_of("P2/yardstick_random_read/manual_time", 10.0))
        _, rows = self.report()
        self.assertAlmostEqual(self.row(rows, "check by index")["ratio"], 0.7)

    def test_arguments_pair_with_their_yardstick(self):
        self.program("index", run_of("P2/check_by_index/1000", 10.0), run_of("P2/yardstick_random_read/1000", 10.0),
                     run_of("P2/check_by_index/9000", 40.0), run_of("P2/yardstick_random_read/9000", 20.0))
        _, rows = self.report()
        self.assertAlmostEqual(self.row(rows, "check by index / one random entry read [1000]")["ratio"], 1.0)
        self.assertAlmostEqual(self.row(rows, "check by index / one random entry read [9000]")["ratio"], 2.0)

    def test_unknown_benchmark_is_shown(self):
        self.program("other", run_of("P7/page_of_100", 0.9, "ms"))
        done, _ = self.report()
        self.assertIn("P7/page_of_100: 900 us", done.stdout)

    def test_failing_program_is_a_problem_but_not_the_end(self):
        self.program("a_broken", script="echo out of memory >&2; exit 3")
        self.program("b_garbage", script="echo not json")
        self.program("c_refused", run_of("P3/check_while_publishing", error_occurred=True, error_message="no core"))
        self.program("d_good", run_of("P6/replay", items_per_second=3e6))
        done, rows = self.report()
        self.assertEqual(done.returncode, 1)
        for words in ("a_broken: exit 3: out of memory", "b_garbage: unusable output", "no core"):
            self.assertIn(words, done.stdout)
        self.assertTrue(self.row(rows, "replay into State")["met"])

    def test_time_limit_cuts_a_program_off(self):
        self.program("a_slow", script="exec sleep 30")
        self.program("b_late", run_of("P6/replay", items_per_second=3e6))
        done, _ = self.report("--seconds-max", "0.3")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a_slow: cut off", done.stdout)
        self.assertIn("b_late: not started", done.stdout)

    def test_quick_reduces_the_size(self):
        self.program("size", script="""
printf '{"benchmarks": [{"name": "P8/size", "real_time": %s, "time_unit": "ns"}]}' \\
  "$TOKENLEDGER_BENCH_TOKENS$TOKENLEDGER_BENCH_QUICK" """)
        done, _ = self.report("--quick")
        self.assertIn("P8/size: 1 ms", done.stdout, "100000 tokens and the flag 1, read as one number of ns")


if __name__ == "__main__":
    unittest.main()

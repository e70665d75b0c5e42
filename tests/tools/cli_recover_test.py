#!/usr/bin/env python3
"""`tokenledger recover`: what a damaged directory still holds, and cutting it so that it opens."""
import glob
import os
import pathlib
import shutil

from cli_support import CommandLineTest, main


class Recover(CommandLineTest):
    def ledger_with_three_tokens(self):
        """The directory is copied after each token, as it stands between two opens."""
        self.make_ledger()
        self.tokens = []
        self.copies = []
        for number in range(3):
            self.tokens.append(self.issue(f"t{number}"))
            self.copies.append(self.path(f"copy{number}"))
            shutil.copytree(self.data, self.copies[-1])
        self.end = self.survey()["log_end_seq"]

    def survey(self, code=0):
        outcome = (self.ok if code == 0 else lambda *words: self.refused(code, *words))(
            "recover", "--data", self.data, "--format", "json")
        return outcome.json()

    def replace(self, name, copy):
        target = os.path.join(self.data, name)
        shutil.rmtree(target) if os.path.isdir(target) else os.unlink(target)
        source = os.path.join(copy, name)
        (shutil.copytree if os.path.isdir(source) else shutil.copy2)(source, target)

    def statuses(self):
        return [self.check(token["token"]).json()["status"] for token in self.tokens]

    def test_a_healthy_ledger_has_nothing_to_recover(self):
        self.ledger_with_three_tokens()
        survey = self.survey()
        self.assertEqual(survey["last_good_seq"], survey["head_seq"])
        self.assertEqual(survey["acknowledged_events_missing"], 0)
        self.assertIsNone(survey["problem"])
        before = self.tree(os.path.join(self.data, "snapshots"))
        done = self.ok("recover", "--data", self.data, "--truncate-after", str(self.end))
        self.assertIn("nothing to cut", done.out)
        self.assertEqual(self.tree(os.path.join(self.data, "snapshots")), before)

    def test_a_log_shorter_than_head_opens_again_only_with_accept_loss(self):
        self.ledger_with_three_tokens()
        self.replace("log", self.copies[1])
        refused = self.refused(3, "token", "list", "--data", self.data)
        self.assertIn("recover", refused.err)
        survey = self.survey(4)
        self.assertLess(survey["last_good_seq"], survey["head_seq"])
        self.assertGreater(survey["acknowledged_events_missing"], 0)
        good = str(survey["last_good_seq"])
        before = self.tree()
        kept = self.refused(1, "recover", "--data", self.data, "--truncate-after", good)
        self.assertIn("--accept-loss", kept.err)
        self.assertEqual(self.registered_files(before), self.registered_files(self.tree()))
        self.ok("recover", "--data", self.data, "--truncate-after", good, "--accept-loss")
        self.assertEqual(self.statuses(), ["active", "active", "unknown"])
        self.ok("views", "verify", "--data", self.data)
        self.assertEqual(self.json("token", "list", "--data", self.data)["total"], 3)  # with admin's
        self.assertIsNone(self.survey()["problem"])

    def registered_files(self, tree):
        """RocksDB writes its own journal of every open, even of one that only reads."""
        return {path: contents for path, contents in tree.items() if "/log/LOG" not in path}

    def test_cutting_the_tail_sets_it_aside_and_its_jtis_never_come_back(self):
        self.ledger_with_three_tokens()
        keep = self.tokens[0]["seq"]
        self.refused(1, "recover", "--data", self.data, "--truncate-after", str(keep))
        self.ok("recover", "--data", self.data, "--truncate-after", str(keep), "--accept-loss")
        aside = os.path.join(self.data, f"cut-after-{keep}")
        self.assertGreater(os.path.getsize(os.path.join(aside, "tail")), 100)
        self.assertTrue(glob.glob(os.path.join(aside, "snapshot-*")))
        self.assertEqual(self.statuses(), ["active", "unknown", "unknown"])
        again = self.issue("again")
        self.assertNotIn(again["jti"], [token["jti"] for token in self.tokens])
        self.assertEqual(self.statuses(), ["active", "unknown", "unknown"])

    def test_a_missing_or_damaged_head_is_written_anew_only_with_accept_loss(self):
        for damage in (os.unlink, lambda path: pathlib.Path(path).write_bytes(b"\0" * 8192)):
            with self.subTest(damage=damage):
                shutil.rmtree(self.data, ignore_errors=True)
                for copy in glob.glob(self.path("copy*")):
                    shutil.rmtree(copy)
                self.ledger_with_three_tokens()
                damage(os.path.join(self.data, "HEAD"))
                self.refused(3, "token", "list", "--data", self.data)
                survey = self.survey(4)
                self.assertIsNone(survey["head_seq"])
                end = str(survey["last_good_seq"])
                self.refused(1, "recover", "--data", self.data, "--truncate-after", end)
                self.ok("recover", "--data", self.data, "--truncate-after", end, "--accept-loss")
                self.assertEqual(self.statuses(), ["active"] * 3)

    def test_a_cut_below_a_checkpoint_says_what_the_old_key_signed_last(self):
        self.ledger_with_three_tokens()
        signed = self.survey()["checkpoint_seq"]
        self.assertEqual(signed, self.end)
        keep = str(self.tokens[0]["seq"])
        done = self.ok("recover", "--data", self.data, "--truncate-after", keep, "--accept-loss")
        aside = os.path.join(self.data, f"audit.aside-{signed}")
        with open(os.path.join(aside, "newest-checkpoint"), encoding="utf-8") as file:
            note = file.read()
        self.assertEqual(note.split("\n")[1], str(signed))
        self.assertIn(note, done.out)
        self.assertIn(aside, done.out)
        self.assertEqual(self.statuses(), ["active", "unknown", "unknown"])
        self.assertIsNone(self.survey()["problem"])

    def test_an_anchor_of_another_ledger_stops_the_cut(self):
        self.ledger_with_three_tokens()
        anchor = self.path("anchor")
        pathlib.Path(anchor).write_text("another\n", encoding="utf-8")
        refused = self.refused(1, "recover", "--data", self.data, "--anchor", anchor,
                               "--truncate-after", str(self.tokens[0]["seq"]), "--accept-loss")
        self.assertIn("anchor", refused.err)
        self.assertEqual(self.statuses(), ["active"] * 3)

    def test_beyond_the_good_end_nothing_is_cut(self):
        self.ledger_with_three_tokens()
        refused = self.refused(1, "recover", "--data", self.data, "--truncate-after",
                               str(self.end + 1), "--accept-loss")
        self.assertIn(str(self.end), refused.err)
        self.assertEqual(self.statuses(), ["active"] * 3)

    def test_a_cut_that_fails_half_way_says_that_something_changed(self):
        self.ledger_with_three_tokens()
        keep = str(self.tokens[0]["seq"])
        snapshots = os.path.join(self.data, "snapshots")
        shutil.move(snapshots, self.path("snapshots"))
        pathlib.Path(snapshots).write_bytes(b"")
        failed = self.refused(5, "recover", "--data", self.data, "--truncate-after", keep,
                              "--accept-loss")
        self.assertIn("something was changed", failed.err)
        self.assertIn(f"cut again after seq {keep}", failed.err)
        self.assertNotIn("nothing was changed", failed.err)
        os.unlink(snapshots)
        shutil.move(self.path("snapshots"), snapshots)
        self.ok("recover", "--data", self.data, "--truncate-after", keep, "--accept-loss")
        self.assertEqual(self.statuses(), ["active", "unknown", "unknown"])

    def test_a_rebuild_that_fails_half_way_says_that_the_views_are_incomplete(self):
        self.ledger_with_three_tokens()
        in_the_way = os.path.join(self.data, "views", "segment-tokens.sst")
        os.mkdir(in_the_way)
        failed = self.refused(5, "views", "rebuild", "--data", self.data)
        self.assertIn("the views are incomplete now", failed.err)
        self.assertIn("views rebuild", failed.err)
        os.rmdir(in_the_way)
        self.ok("views", "rebuild", "--data", self.data)
        self.ok("views", "verify", "--data", self.data)
        self.assertEqual(self.statuses(), ["active"] * 3)

    def test_a_rebuild_takes_the_mark_of_damage_away(self):
        self.ledger_with_three_tokens()
        mark = pathlib.Path(self.data, "views.damaged")
        mark.write_bytes(b"")
        self.ok("views", "rebuild", "--data", self.data)
        self.assertFalse(mark.exists())


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Help, configuration, completion and manual: all made from the real tree of commands."""
import os
import re
import shutil
import subprocess

from cli_support import CommandLineTest, PROGRAM, SECONDS_MAX, main, run


def subcommands(words=()):
    """Every path below the words, found in the program's own help."""
    text = run(*words, "--help").out
    listed = re.search(r"\nSubcommands:\n(.*?)(\n\n|\Z)", text, re.S)
    found = []
    if listed:
        for name in re.findall(r"^  (\S+)", listed.group(1), re.M):
            found.append((*words, name))
            found += subcommands((*words, name))
    return found


class Help(CommandLineTest):
    def test_every_help_has_an_example_of_itself_and_describes_its_options(self):
        paths = subcommands()
        self.assertGreater(len(paths), 35, paths)
        for words in paths:
            with self.subTest(command=words):
                text = self.ok(*words, "--help").out
                example = re.search(r"Example:\n  tokenledger (.*)", text)
                self.assertIsNotNone(example, text)
                self.assertTrue(example.group(1).startswith(" ".join(words[:1])), example.group(1))
                if "\nSubcommands:" not in text:
                    self.assertTrue(example.group(1).startswith(" ".join(words)), example.group(1))
                for block in re.split(r"\n(?=  -)", text)[1:]:
                    head = re.sub(r"\s+", " ", block.split("\n\n")[0]).strip()
                    described = re.sub(r"^\S+( [A-Z]+(:\S+)?| FORMAT)?( REQUIRED)?( \.\.\.)?"
                                       r"( \(Env:\S+\))?( REQUIRED)?( Needs: --[a-z-]+)?", "", head)
                    self.assertRegex(described, "[a-z]{3}", f"undocumented: {head}")
        print(f"{len(paths)} commands")

    def test_the_examples_are_understood_by_the_parser(self):
        for words in subcommands():
            text = self.ok(*words, "--help").out.split("Example:\n")[1]
            for line in re.findall(r"^  tokenledger (.*)", text, re.M):
                outcome = run_shell(f'"{PROGRAM}" ' + line.split(" | ")[0].split(" >")[0]
                                    .replace("./data", "/nonexistent/data"), self.home)
                if words[0] in ("serve",):
                    self.assertIn(outcome.returncode, (2, 3), (line, outcome.stderr))
                    continue
                self.assertNotIn("not expected", outcome.stderr, line)
                self.assertNotIn("required", outcome.stderr, line)

    def test_the_exit_codes_are_documented(self):
        text = self.ok("--help").out
        for code in range(7):
            self.assertRegex(text, rf"\n  {code}  [a-z]")


def run_shell(line, directory):
    return subprocess.run(["sh", "-c", line], cwd=directory, capture_output=True, text=True,
                          timeout=SECONDS_MAX, stdin=subprocess.DEVNULL)


class Configuration(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.make_ledger()
        self.config = self.path(".config/tokenledger/tokenledger.toml")

    def write(self, text, path=None):
        path = path or self.config
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def at(self, *words, environment=None):
        """Runs at home, where the configuration is found."""
        inherited = {name: value for name, value in os.environ.items() if name != "XDG_CONFIG_HOME"}
        return subprocess.run([PROGRAM, *words], cwd=self.home, capture_output=True, text=True,
                              timeout=SECONDS_MAX, stdin=subprocess.DEVNULL,
                              env={**inherited, "HOME": self.home, **(environment or {})})

    def test_a_flag_wins_over_the_environment_and_that_over_the_file(self):
        self.write(f'data = "{self.data}"\nformat = "json"\n[token.list]\nlimit = 7\n')
        self.assertTrue(self.at("token", "list").stdout.startswith("{"))
        csv = self.at("token", "list", environment={"TOKENLEDGER_FORMAT": "csv"}).stdout
        self.assertTrue(csv.startswith("jti,"), csv)
        table = self.at("token", "list", "--format", "table",
                        environment={"TOKENLEDGER_FORMAT": "csv"}).stdout
        self.assertTrue(table.startswith("jti "), table)
        # The place, which is a directory or a server.
        other = {"TOKENLEDGER_DATA": "/nonexistent/environment"}
        self.assertIn("/nonexistent/environment", self.at("client", "list", environment=other).stderr)
        done = self.at("client", "list", "--data", self.data, environment=other)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.at("client", "list", "--url", "http://127.0.0.1:1", "--token-file",
                       os.path.join(self.data, "admin-token"), environment=other)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("127.0.0.1:1", done.stderr)
        both = {**other, "TOKENLEDGER_URL": "http://127.0.0.1:1"}
        self.assertEqual(self.at("client", "list", environment=both).returncode, 2)

    def test_a_command_s_section_wins_over_the_top_level_and_its_variable_over_it(self):
        self.issue("second")
        self.write(f'data = "/nonexistent/top"\nformat = "csv"\n'
                   f'[token.list]\ndata = "{self.data}"\nformat = "json"\nlimit = 1\n')
        listed = self.at("token", "list").stdout
        self.assertEqual(listed.count('"jti"'), 1, listed)
        more = self.at("token", "list", environment={"TOKENLEDGER_TOKEN_LIST_LIMIT": "2"}).stdout
        self.assertEqual(more.count('"jti"'), 2, more)
        self.assertIn("/nonexistent/top", self.at("client", "list").stderr)

    def test_what_is_meant_for_one_command_does_not_reach_another(self):
        self.write(f'data = "{self.data}"\n[client.update]\nname = "file"\n')
        done = self.at("client", "register", "shop", "--name", "flag", "--format", "json",
                       environment={"TOKENLEDGER_CLIENT_UPDATE_NAME": "environment"})
        self.assertIn('"name":"flag"', done.stdout, done.stderr)

    def test_the_file_is_found_by_flag_variable_and_home(self):
        named = self.write(f'data = "{self.data}"\n', self.path("elsewhere/x.toml"))
        self.assertEqual(self.at("client", "list").returncode, 2)
        self.assertEqual(self.at("--config", named, "client", "list").returncode, 0)
        self.assertEqual(self.at("client", "list",
                                 environment={"TOKENLEDGER_CONFIG": named}).returncode, 0)
        xdg = self.path("xdg")
        self.write(f'data = "{self.data}"\n', xdg + "/tokenledger/tokenledger.toml")
        self.assertEqual(self.at("client", "list",
                                 environment={"XDG_CONFIG_HOME": xdg}).returncode, 0)
        self.assertEqual(self.at("--config", self.path("none.toml"), "client", "list").returncode, 2)
        mistyped = {"TOKENLEDGER_CONFIG": self.path("none.toml")}
        self.assertEqual(self.at("client", "list", "--data", self.data, environment=mistyped).returncode, 2)

    def test_a_file_in_the_current_directory_is_never_read(self):
        """Whoever unpacks an archive there could name the server that gets the user's token."""
        hostile = 'url = "http://127.0.0.1:1"\ntoken-file = "/etc/hostname"\n'
        self.write(hostile, self.path("tokenledger.toml"))
        self.write(hostile, self.path("tokenledger/tokenledger.toml"))
        for environment in ({}, {"HOME": ""}, {"XDG_CONFIG_HOME": "."}, {"HOME": "."}):
            with self.subTest(environment=environment):
                done = self.at("client", "list", environment=environment)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("name the ledger with --data", done.stderr)
                done = self.at("client", "list", "--data", self.data, environment=environment)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_is_not_known_is_refused(self):
        for text in ('datta = "x"', '[tokens]\nlimit = 1', '[token.list]\nlimmit = 1',
                     '[token.list]\njti = "x"', 'limit = 1', '[token]\nlimit = 1',
                     '[client.list]\nformat = "xml"', '[token.show]\njti = "x"', 'help = true',
                     '[serve]\nurl = "http://x"'):
            with self.subTest(text=text):
                self.write(f'{text}\n')
                done = self.at("client", "list", "--data", self.data)
                self.assertEqual(done.returncode, 2, (text, done.stdout, done.stderr))
                self.assertTrue(done.stderr.strip())

    def test_a_found_file_that_others_may_write_is_refused(self):
        self.write(f'data = "{self.data}"\n')
        os.chmod(self.config, 0o666)
        done = self.at("client", "list")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--config", done.stderr)
        self.assertEqual(self.at("--config", self.config, "client", "list").returncode, 0)

    def test_a_found_link_is_refused_whatever_it_leads_to(self):
        target = self.write(f'data = "{self.data}"\n', self.path("elsewhere/x.toml"))
        os.makedirs(os.path.dirname(self.config))
        os.symlink(target, self.config)
        done = self.at("client", "list", "--data", self.data)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--config", done.stderr)
        self.assertEqual(self.at("--config", self.config, "client", "list").returncode, 0)
        os.unlink(target)
        self.assertEqual(self.at("client", "list", "--data", self.data).returncode, 2)


class Completion(CommandLineTest):
    def complete_in_bash(self, *words):
        script = self.path("completion.bash")
        with open(script, "w") as file:
            file.write(self.ok("completion", "bash").out)
        quoted = " ".join("'" + word + "'" for word in ("tokenledger", *words))
        done = subprocess.run(
            ["bash", "-euc", f". {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; "
                             "_tokenledger; printf '%s\\n' \"${COMPREPLY[@]:-}\""],
            capture_output=True, text=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, 0, done.stderr)
        return set(done.stdout.split())

    def test_bash_completes_every_command_and_option_that_exists(self):
        paths = subcommands()
        for words in [(), *paths]:
            text = self.ok(*words, "--help").out
            want = {path[-1] for path in paths if path[:-1] == words}
            want |= set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", text, re.M))
            self.assertEqual(self.complete_in_bash(*words, ""), want, words)
        self.assertEqual(self.complete_in_bash("token", "list", "--sta"), {"--status"})
        self.assertEqual(self.complete_in_bash("token", "list", "--status", "re"), {"revoked"})
        self.assertEqual(self.complete_in_bash("token", "show", "x", "--format", ""),
                         {"csv", "json", "table"})
        self.assertEqual(self.complete_in_bash("token", "check", "--file", ""), set())

    def test_zsh_and_fish_understand_their_scripts(self):
        for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
            script = self.path("completion." + shell)
            with open(script, "w") as file:
                file.write(self.ok("completion", shell).out)
            if not shutil.which(shell):
                print(f"SKIP: {shell} is not installed")
                continue
            done = subprocess.run([*check, script], capture_output=True, text=True,
                                  timeout=SECONDS_MAX)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)
        if shutil.which("fish"):
            done = subprocess.run(
                ["fish", "-c", f"source {self.path('completion.fish')}; complete -C 'tokenledger token re'; "
                               "complete -C 'tokenledger token list --sta'"],
                capture_output=True, text=True, timeout=SECONDS_MAX,
                env={**os.environ, "HOME": self.home})
            self.assertIn("revoke\t", done.stdout, done.stderr)
            self.assertIn("--status\t", done.stdout, done.stderr)
        self.refused(2, "completion", "tcsh")


class Manual(CommandLineTest):
    def test_the_manual_names_every_command_and_groff_has_no_complaint(self):
        page = self.ok("man").out
        leaves = [words for words in subcommands()
                  if "\nSubcommands:" not in run(*words, "--help").out]
        for words in leaves:
            self.assertIn(".SS " + " ".join(words).replace("-", "\\-") + "\n", page)
        if not shutil.which("groff"):
            print("SKIP: groff is not installed")
            return
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=page, capture_output=True,
                              text=True, timeout=SECONDS_MAX)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        plain = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
        for text in ("tokenledger token list", "--issued-from", "EXIT STATUS",
                     "6  done and durable", "tokenledger.toml"):
            self.assertIn(text, plain)


if __name__ == "__main__":
    main()

#include "api/page_style.hpp"

namespace tokenledger {

constinit const std::string_view kPageStyle = R"(
:root {
  color-scheme: light dark;
  --paper: #f4f4f1; --card: #ffffff; --ink: #1b1f23; --soft: #5a626a; --line: #e2e3de;
  --edge: #858c93; --accent: #1b5e9e; --on-accent: #ffffff; --tint: #eef3f8;
  --bad: #9d2323; --bad-paper: #fcf0ef; --good: #1e6638; --good-paper: #eef6f0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121416; --card: #1a1d20; --ink: #e7e9eb; --soft: #a2aab2; --line: #2c3136;
    --edge: #737c85; --accent: #8fbff2; --on-accent: #0d1b2a; --tint: #1f262d;
    --bad: #ff9f99; --bad-paper: #301a1a; --good: #93d8a6; --good-paper: #16261b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
.narrow, .wide { margin: 0 auto; padding: 1.5rem 1rem 3rem; }
.narrow { max-width: 27rem; }
.wide { max-width: 46rem; }
@media (min-width: 40rem) { .narrow { padding-top: 12vh; } .wide { padding-top: 3rem; } }
main {
  background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
  padding: 1.5rem 1.25rem; box-shadow: 0 1px 2px rgb(0 0 0 / 4%), 0 8px 24px rgb(0 0 0 / 5%);
}
@media (min-width: 40rem) { main { padding: 2rem; } }
.place { color: var(--soft); font-size: 0.875rem; margin: 0 0 0.75rem 0.25rem; }
h1 { font-size: 1.375rem; line-height: 1.3; font-weight: 650; margin: 0 0 0.375rem; }
h2 { font-size: 1.0625rem; line-height: 1.4; font-weight: 650; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; font-weight: 650; margin: 0; }
p { margin: 0 0 1rem; }
.lead { color: var(--soft); margin-bottom: 1.5rem; }
.lead strong { color: var(--ink); }
.soft { color: var(--soft); font-size: 0.875rem; }
.alert, .notice { border-left: 4px solid; border-radius: 0.25rem; padding: 0.625rem 0.875rem; }
.alert { color: var(--bad); background: var(--bad-paper); }
.notice { color: var(--good); background: var(--good-paper); }
label { display: block; font-weight: 600; margin: 1rem 0 0.25rem; }
.hint { color: var(--soft); font-size: 0.875rem; margin: 0 0 0.375rem; }
input {
  width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--edge); border-radius: 0.5rem;
}
input[aria-invalid="true"] { border-color: var(--bad); }
button {
  min-height: 2.75rem; padding: 0.5rem 1.25rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--ink); background: var(--card); border: 1px solid var(--edge); border-radius: 0.5rem;
}
button:hover { background: var(--tint); }
button.primary { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
button.primary:hover { filter: brightness(1.08); }
button.small { min-height: 2rem; padding: 0.125rem 0.75rem; font-size: 0.875rem; }
form > button.primary { width: 100%; margin-top: 1.5rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.choice { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; margin-top: 1.5rem; }
@media (max-width: 22rem) { .choice { grid-template-columns: 1fr; } }
.asked { list-style: none; margin: 0 0 1.25rem; padding: 0; border-top: 1px solid var(--line); }
.asked li { padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
.asked .what { display: block; }
.asked .code { display: block; color: var(--soft); font-size: 0.8125rem; }
.group { color: var(--soft); font-size: 0.875rem; font-weight: 600; margin: 0 0 0.375rem; }
code, .code { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
.top { display: flex; flex-wrap: wrap; gap: 0.75rem; justify-content: space-between; }
.top > div { flex: 1 1 14rem; }
.top p { margin: 0; }
.client { border-top: 1px solid var(--line); padding: 0.75rem 0 0.25rem; }
.grants { list-style: none; margin: 0; padding: 0; }
.grants li {
  display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; align-items: center;
  justify-content: space-between; padding: 0.375rem 0 0.5rem;
}
.grants .about { flex: 1 1 14rem; font-size: 0.9375rem; }
.grants .code { color: var(--soft); font-size: 0.8125rem; }
.grants .soft { display: block; font-size: 0.8125rem; }
details { border-top: 1px solid var(--line); margin-top: 1.5rem; padding-top: 1rem; }
summary { cursor: pointer; font-weight: 600; min-height: 1.75rem; }
details .alert { margin-top: 0.75rem; }
input + .soft { margin-top: 1rem; }
details form { max-width: 23rem; }
.unseen {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
)";

}  // namespace tokenledger

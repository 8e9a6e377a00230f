#!/usr/bin/env node
// Deletes each check and flips each comparison in the sources, one at a time, and runs the tests on what is
// left: each of these mutants must die. Writes docs/reference/mutants.md. Works on a copy in build/, and keeps
// what it has found there, so that a run that was stopped goes on.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const here = import.meta.dirname;
const root = join(here, "..");
const work = join(root, "build", "mutants");
const copy = join(work, "contracts");
const found = join(work, "found.json");
const page = join(root, "docs", "reference", "mutants.md");

const FLIPPED = { "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==" };
const ASSEMBLY = { "lt(": "gt(", "gt(": "lt(" };

/** Mutants that change nothing anybody can see, with the reason. */
const EQUIVALENT = JSON.parse(readFileSync(join(here, "equivalent-mutants.json"), "utf8"));

prepare();
const results = existsSync(found) ? JSON.parse(readFileSync(found, "utf8")) : {};
const mutants = sources().flatMap(mutantsOf);
for (const [number, mutant] of mutants.entries()) {
  const key = keyOf(mutant);
  if (key in EQUIVALENT || results[key]?.source === mutant.source) continue;
  const killer = killerOf(mutant);
  results[key] = { killer, source: mutant.source };
  writeFileSync(found, JSON.stringify(results, null, 1));
  console.log(`${number + 1}/${mutants.length} ${key}: ${killer ?? "SURVIVED"}`);
}
writeFileSync(page, render());
const alive = mutants.filter((mutant) => !(keyOf(mutant) in EQUIVALENT) && results[keyOf(mutant)].killer === null);
console.log(`${mutants.length} mutants, ${alive.length} survived`);
process.exit(alive.length === 0 ? 0 : 1);

/** Put the sources and tests where they can be changed. */
function prepare() {
  mkdirSync(work, { recursive: true });
  for (const name of ["src", "test", "foundry.toml", "solc.mjs", "forge.mjs"]) {
    rmSync(join(copy, name), { recursive: true, force: true });
    cpSync(join(here, name), join(copy, name), { recursive: true });
  }
  const modules = join(work, "node_modules");
  if (!existsSync(modules)) symlinkSync(join(root, "node_modules"), modules);
}

/** Give our own sources; the interfaces have nothing to mutate. */
function sources() {
  const names = readdirSync(join(here, "src")).filter((name) => name.endsWith(".sol"));
  return names.sort().map((name) => ({ name, text: readFileSync(join(here, "src", name), "utf8") }));
}

/** Give every mutant of a source: what is changed, where, and into what. */
function mutantsOf({ name, text }) {
  const code = text.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (comment) => " ".repeat(comment.length));
  return [...checks(code), ...comparisons(code), ...guards(code)]
    .sort((one, other) => one.from - other.from)
    .map((change, _, all) => ({ ...change, name, text, source: nearby(text, change), nth: nth(text, change, all) }));
}

/** Give `if (...) revert ...;`, with or without braces: they are deleted. */
function* checks(code) {
  for (const match of code.matchAll(/\bif \(/g)) {
    const end = closing(code, match.index + 3);
    const rest = code.slice(end).match(/^\)\s*(?:revert [^;]+;|\{\s*revert [^;]+;\s*\})/);
    if (rest) yield { from: match.index, to: end + rest[0].length, into: "", what: "deleted" };
  }
}

/** Give comparisons: `<` becomes `<=`, `==` becomes `!=`, and so on. */
function* comparisons(code) {
  for (const match of code.matchAll(/(?<= )(?:<=|>=|==|!=|<|>)(?= )/g)) {
    yield { from: match.index, to: match.index + match[0].length, into: FLIPPED[match[0]], what: "flipped" };
  }
  for (const match of code.matchAll(/\b[lg]t\(/g)) {
    yield { from: match.index, to: match.index + match[0].length, into: ASSEMBLY[match[0]], what: "flipped" };
  }
}

/** Give the guards against re-entry: they are deleted. */
function* guards(code) {
  for (const match of code.matchAll(/ nonReentrant\b/g)) {
    yield { from: match.index, to: match.index + match[0].length, into: "", what: "deleted" };
  }
}

/** Find the parenthesis that closes the one at `open`. */
function closing(code, open) {
  let depth = 0;
  for (let at = open; ; ++at) {
    if (code[at] === "(") ++depth;
    if (code[at] === ")" && --depth === 0) return at;
  }
}

/** Give the lines that a change touches, on one. */
function nearby(text, { from, to }) {
  const lines = text.slice(text.lastIndexOf("\n", from) + 1, text.indexOf("\n", to));
  return lines.trim().replace(/\s+/g, " ");
}

/** Count a change among those of its lines, so that each has a name of its own. */
function nth(text, change, all) {
  return all.filter((other) => other.from < change.from && nearby(text, other) === nearby(text, change)).length;
}

function keyOf({ name, source, what, text, from, to, into, nth }) {
  const shown = what === "deleted" ? `delete \`${text.slice(from, to).trim().replace(/\s+/g, " ")}\`` : `\`${text.slice(from, to)}\` to \`${into}\` in \`${source}\``;
  return `${name}: ${shown}${nth ? ` (${nth + 1})` : ""}`;
}

/** Give the test that kills a mutant; null if none does. */
function killerOf({ name, text, from, to, into }) {
  const path = join(copy, "src", name);
  writeFileSync(path, text.slice(0, from) + into + text.slice(to));
  const own = name.replace(".sol", "");
  try {
    return (
      run(["--match-path", `test/${own}.*`]) ??
      run(["--no-match-contract", "Gas|Invariant"]) ??
      run(["--match-contract", "Invariant"])
    );
  } finally {
    writeFileSync(path, text);
  }
}

function run(chosen) {
  const environment = { ...process.env, FOUNDRY_PROFILE: "mutants" };
  const command = [join(copy, "forge.mjs"), "test", "--fail-fast", ...chosen];
  const ran = spawnSync("node", command, { env: environment, encoding: "utf8", timeout: 900_000 });
  if (ran.error) return "it never ends";
  if (/Compiler run failed/.test(ran.stdout + ran.stderr)) return "it does not compile";
  if (ran.status === 0 || /No tests (to run|match)/.test(ran.stdout + ran.stderr)) return null;
  return ran.stdout.match(/\[FAIL[^\n]*?\] (\w+)\(/)?.[1] ?? ran.stdout.match(/(invariant_\w+)/)?.[1] ?? "the set-up";
}

/** Write the page, contract by contract. */
function render() {
  const lines = [
    "# Mutants",
    "",
    "Each check of the contracts deleted, each comparison flipped, one at a time, and the test that fails then.",
    "`make mutants` writes this page.",
    "",
  ];
  for (const { name } of sources()) {
    const own = mutants.filter((mutant) => mutant.name === name);
    if (own.length === 0) continue;
    lines.push(`## ${relative("src", join("src", name)).replace(".sol", "")}`, "", "| mutant | dies by |", "|---|---|");
    for (const mutant of own) {
      const key = keyOf(mutant);
      const killer = key in EQUIVALENT ? `changes nothing: ${EQUIVALENT[key]}` : (results[key].killer ?? "**survives**");
      const shown = key.slice(name.length + 2).replaceAll("|", "\\|");
      lines.push(`| ${shown} | ${/^\w+$/.test(killer) ? `\`${killer}\`` : killer} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

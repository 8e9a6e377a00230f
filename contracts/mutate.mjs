#!/usr/bin/env node
// Deletes each check and flips each comparison in the sources, one at a time, and runs the tests on what is
// left: each of these mutants must die. Writes build/mutants.md. Works on a copy in build/, and keeps
// what it has found there, so that a run that was stopped goes on.
//
// Compiling takes longer than testing, so nearly all mutants are compiled into one: each change is there beside
// what it changes, and the transaction's gas price, which forge is told, says which mutant is alive.

import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const here = import.meta.dirname;
const root = join(here, "..");
const work = join(root, "build", "mutants");
const copy = join(work, "contracts");
const found = join(work, "found.json");
const page = join(root, "build", "mutants.md");

const FLIPPED = { "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==" };
const ASSEMBLY = { "lt(": "gt(", "gt(": "lt(" };

/** Gas prices of mutants, from one that no test uses. */
const FIRST = 1_000_000;

/** Says whether a mutant is alive, also where a function may not look. */
const SWITCH = `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

function looks(uint256 id) view returns (bool) {
    return tx.gasprice == id;
}

function alive(uint256 id) pure returns (bool) {
    function(uint256) view returns (bool) looking = looks;
    function(uint256) pure returns (bool) blind;
    assembly {
        blind := looking
    }
    return blind(id);
}
`;

/** Where a source's own tests are; they are run before all others. */
const OWN = {
  Committee: "test/{Reports.postList,attacks/Signatures,CommitteeArbiter}*",
  Transfers: "test/JobVault.{push,fund}*",
};

/** Mutants that change nothing anybody can see, with the reason. */
const EQUIVALENT = JSON.parse(readFileSync(join(here, "equivalent-mutants.json"), "utf8"));

prepare();
const results = existsSync(found) ? JSON.parse(readFileSync(found, "utf8")) : {};
const mutants = sources().flatMap(mutantsOf);
mutants.forEach((mutant, place) => Object.assign(mutant, { id: FIRST + place, key: keyOf(mutant) }));
const open = mutants.filter(({ key, text }) => !(key in EQUIVALENT) && !(results[key]?.of === digest(text)));

writeSwitched(open.filter(({ apart }) => !apart));
for (const mutant of open.filter(({ apart }) => !apart)) note(mutant, killerOf({ FOUNDRY_GAS_PRICE: mutant.id }, mutant));
for (const mutant of open.filter(({ apart }) => apart)) {
  writeSwitched([]);
  writeFileSync(join(copy, "src", mutant.name), changed(mutant));
  note(mutant, killerOf({}, mutant));
}
writeFileSync(page, render());
const alive = mutants.filter(({ key }) => !(key in EQUIVALENT) && results[key].killer === null);
console.log(`${mutants.length} mutants, ${alive.length} survived`);
process.exit(alive.length === 0 ? 0 : 1);

/** Keep what became of a mutant, for as long as its source stays as it is. */
function note({ key, text }, killer) {
  results[key] = { killer, of: digest(text) };
  writeFileSync(found, JSON.stringify(results, null, 1));
  writeFileSync(page, render());
  console.log(`${key}: ${killer ?? "SURVIVED"}`);
}

function digest(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

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

/** Give every mutant of a source: what is changed, where, and into what; and how it is switched on. */
function mutantsOf({ name, text }) {
  const code = text.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (comment) => " ".repeat(comment.length));
  return [...checks(code), ...comparisons(code), ...apart(code)]
    .sort((one, other) => one.from - other.from)
    .map((change, _, all) => ({ ...change, name, text, source: nearby(text, change), nth: nth(text, change, all) }));
}

/** Give `if (...) revert ...;`, with or without braces: they are deleted. */
function* checks(code) {
  for (const match of code.matchAll(/\bif \(/g)) {
    const end = closing(code, match.index + 3);
    const rest = code.slice(end).match(/^\)\s*(?:revert [^;]+;|\{\s*revert [^;]+;\s*\})/);
    if (!rest) continue;
    const switched = [
      { at: match.index + 4, text: () => "(" },
      { at: end, text: (id) => `) && !alive(${id})` },
    ];
    yield { from: match.index, to: end + rest[0].length, into: "", what: "deleted", switched };
  }
}

/** Give comparisons: `<` becomes `<=`, `==` becomes `!=`, and so on. */
function* comparisons(code) {
  for (const match of code.matchAll(/(?<= )(?:<=|>=|==|!=|<|>)(?= )/g)) {
    const [from, to, into] = [match.index, match.index + match[0].length, FLIPPED[match[0]]];
    const [first, last] = [leftOf(code, from), rightOf(code, to)];
    const [left, right] = [code.slice(first, from).trim(), code.slice(to, last).trim()];
    const switched = [
      { at: first, text: (id) => `(alive(${id}) ? ${left} ${into} ${right} : ` },
      { at: last, text: () => ")" },
    ];
    yield { from, to, into, what: "flipped", switched };
  }
}

/** Give what cannot be switched: comparisons in assembly, flipped, and guards against re-entry, deleted. */
function* apart(code) {
  for (const match of code.matchAll(/\b[lg]t\(/g)) {
    yield { from: match.index, to: match.index + 3, into: ASSEMBLY[match[0]], what: "flipped", apart: true };
  }
  for (const match of code.matchAll(/ nonReentrant\b/g)) {
    yield { from: match.index, to: match.index + match[0].length, into: "", what: "deleted", apart: true };
  }
}

/** Find where the left side of a comparison begins. */
function leftOf(code, at) {
  let depth = 0;
  for (let from = at - 1; ; --from) {
    if (")]}".includes(code[from])) ++depth;
    if ("([{".includes(code[from]) && --depth < 0) return from + 1;
    if (depth > 0) continue;
    if (";?,:".includes(code[from])) return from + 1;
    const before = code.slice(0, from + 1).match(/(?:&&|\|\||return|(?<![<>=!])=)$/);
    if (before) return from + 1;
  }
}

/** Find where its right side ends. */
function rightOf(code, at) {
  let depth = 0;
  for (let to = at; ; ++to) {
    if ("([{".includes(code[to])) ++depth;
    if (")]}".includes(code[to]) && --depth < 0) return to;
    if (depth === 0 && (";?,".includes(code[to]) || /^(?:&&|\|\|)/.test(code.slice(to)) || / :/.test(code.slice(to - 1, to + 1)))) return to;
  }
}

/** Write all sources with these mutants in them, all asleep. */
function writeSwitched(chosen) {
  writeFileSync(join(copy, "src", "Switch.sol"), SWITCH);
  for (const { name, text } of sources()) {
    const own = chosen.filter((mutant) => mutant.name === name);
    const pieces = own.flatMap(({ id, what, switched }) =>
      switched.map((piece, place) => ({ ...piece, id, depth: (what === "deleted" ? 1 : 2) * (place ? 1 : -1) })),
    );
    // What is inserted last at a place stands first: checks open outside of comparisons, and close outside.
    pieces.sort((one, other) => other.at - one.at || one.depth - other.depth);
    let written = text;
    for (const { at, text: piece, id } of pieces) written = written.slice(0, at) + piece(id) + written.slice(at);
    if (own.length > 0) written = written.replace("pragma solidity 0.8.37;", '$&\nimport {alive} from "./Switch.sol";');
    writeFileSync(join(copy, "src", name), written);
  }
}

/** Give a source with one mutant in it. */
function changed({ text, from, to, into }) {
  return text.slice(0, from) + into + text.slice(to);
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
  const name = ({ from, to, into }) => `${text.slice(from, to)} ${into} ${nearby(text, { from, to })}`;
  return all.filter((other) => other.from < change.from && name(other) === name(change)).length;
}

function keyOf({ name, source, what, text, from, to, into, nth }) {
  const shown = what === "deleted" ? `delete \`${text.slice(from, to).trim().replace(/\s+/g, " ")}\`` : `\`${text.slice(from, to)}\` to \`${into}\` in \`${source}\``;
  return `${name}: ${shown}${nth ? ` (${nth + 1})` : ""}`;
}

/** Give the test that kills a mutant; null if none does. */
function killerOf(environment, { name, apart }) {
  const own = name.replace(".sol", "");
  // What has to be compiled for one mutant alone is compiled with all tests at once.
  return (
    (apart ? null : run(environment, `own-${own}`, ["--match-path", OWN[own] ?? `test/${own}.*`])) ??
    run(environment, "others", ["--no-match-contract", "Gas|Invariant"]) ??
    run(environment, "invariants", ["--match-contract", "Invariant"])
  );
}

/** Run some of the tests; each choice of them keeps what it compiled, which another choice would replace. */
function run(environment, kept, chosen) {
  const built = { FOUNDRY_OUT: join("kept", kept, "out"), FOUNDRY_CACHE_PATH: join("kept", kept, "cache") };
  const env = { ...process.env, FOUNDRY_PROFILE: "mutants", ...built, ...environment };
  const command = [join(copy, "forge.mjs"), "test", "--fail-fast", ...chosen];
  const ran = spawnSync("node", command, { env, encoding: "utf8", timeout: 900_000 });
  const said = ran.stdout + ran.stderr;
  if (ran.error) return "it never ends";
  if (/Compiler run failed/.test(said)) throw new Error(said);
  if (ran.status === 0 || /No tests (to run|match)/.test(said)) return null;
  return ran.stdout.match(/\[FAIL[^\n]*?\] (\w+)\(/)?.[1] ?? ran.stdout.match(/(invariant_\w+)/)?.[1] ?? "the set-up";
}

/** Say what became of a mutant, in the page's words. */
function fateOf({ key, text }) {
  const result = results[key];
  if (result?.of !== digest(text)) return "*not run yet*";
  return result.killer ?? "**survives**";
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
      const { key } = mutant;
      const killer = key in EQUIVALENT ? `changes nothing: ${EQUIVALENT[key]}` : fateOf(mutant);
      const shown = key.slice(name.length + 2).replaceAll("|", "\\|");
      lines.push(`| ${shown} | ${/^\w+$/.test(killer) ? `\`${killer}\`` : killer} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

#!/usr/bin/env node
// The npm compiler behind native solc's command line, for forge and py-solc-x: --version and
// --standard-json, with --base-path, --include-path and --allow-paths for imports. The package's
// own command prints a line of noise before its JSON.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import solc from "solc";

const [args, lists] = [process.argv.slice(2), { "--include-path": [], "--allow-paths": [] }];
let base = "";
const flags = new Set();
while (args.length > 0) {
  const arg = args.shift();
  if (arg === "--base-path") base = args.shift();
  else if (arg in lists) lists[arg].push(...args.shift().split(","));
  else if (arg === "--version" || arg === "--standard-json" || arg === "-") flags.add(arg);
  else fail(`unrecognised option '${arg}'`);
}
const roots = [base, ...lists["--include-path"]].map((root) => resolve(root));
const allowed = [...roots, ...lists["--allow-paths"]].map((path) => real(resolve(path)));

if (flags.has("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (flags.has("--standard-json")) {
  const output = solc.compile(readFileSync(0, "utf8"), { import: read });
  process.stdout.write(`${output}\n`);
} else {
  fail("pass --version or --standard-json");
}

/** Give the compiler an imported file: the first that exists under a root, if it is allowed. */
function read(name) {
  for (const root of roots) {
    try {
      const path = realpathSync(resolve(root, name));
      if (!allowed.some((folder) => within(path, folder))) return { error: `${name} is outside the allowed paths` };
      return { contents: readFileSync(path, "utf8") };
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "ENOTDIR") return { error: error.message };
    }
  }
  return { error: `${name} is in none of ${roots.join(", ")}` };
}

/** Follow the links of a path, which the files below it are compared with; one that is not there is left. */
function real(path) {
  return existsSync(path) ? realpathSync(path) : path;
}

/** Say whether a real path lies in a folder. */
function within(path, folder) {
  const step = relative(folder, path);
  return step !== "" && !step.startsWith("..") && !isAbsolute(step);
}

/** End as native solc does on a bad command line. */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

#!/usr/bin/env node
// halmos, run in this folder with the npm package's forge, which builds what is proven (test/proofs) into build/.
// Usage: prove.mjs PATH-TO-HALMOS [OPTION...]

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { delimiter, dirname } from "node:path";

const [system, machine] = [process.platform, process.arch === "x64" ? "amd64" : process.arch];
const forge = createRequire(import.meta.url).resolve(`@foundry-rs/forge-${system}-${machine}/bin/forge`);
const env = {
  ...process.env,
  FOUNDRY_PROFILE: "proofs",
  PATH: [dirname(forge), process.env.PATH].join(delimiter),
};

const [halmos, ...options] = process.argv.slice(2);
const bounds = ["--forge-build-out", "../build/proofs", "--loop", "32", "--no-status"];
const ran = spawnSync(halmos, [...bounds, ...options], { cwd: import.meta.dirname, stdio: "inherit", env });
if (ran.error) throw ran.error;
process.exit(ran.status ?? 1);

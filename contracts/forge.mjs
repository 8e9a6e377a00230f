#!/usr/bin/env node
// forge, run in this folder, with its exit status: the launcher in the npm package (1.7.1) ends with 0
// whatever forge ended with, so that failing tests would pass.

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const [system, machine] = [process.platform, process.arch === "x64" ? "amd64" : process.arch];
const file = system === "win32" ? "forge.exe" : "forge";
const forge = createRequire(import.meta.url).resolve(`@foundry-rs/forge-${system}-${machine}/bin/${file}`);

const ran = spawnSync(forge, process.argv.slice(2), { cwd: import.meta.dirname, stdio: "inherit" });
if (ran.error) throw ran.error;
process.exit(ran.status ?? 1);

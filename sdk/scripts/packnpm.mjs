// Builds an app that depends on the SDK with miniprogram-ci's packNpmManually, and looks at what comes out.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { loadFile } from "../test/support/cell.mjs";
import { BASE, makePhone, TinyMenjin } from "../test/support/tiny.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { packNpmManually } = createRequire(join(resolve(process.argv[2]), "package.json"))("miniprogram-ci");
const MODERN = `class Modern { field = 1; #secret = 2; read(x) { return x?.y ?? this.#secret; } }
module.exports = new Modern();
`;

/** An app as its developer has it after `npm i`: the example, with the SDK as it would be published. */
function makeApp(folder, others) {
  cpSync(`${root}examples/miniprogram`, folder, {
    recursive: true,
    filter: (path) => !/node_modules|miniprogram_npm/.test(path),
  });
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: `${root}sdk`,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  mkdirSync(join(folder, "node_modules/menjin"), { recursive: true });
  execFileSync("tar", [
    "-xzf",
    join(folder, filename),
    "-C",
    join(folder, "node_modules/menjin"),
    "--strip-components=1",
  ]);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const [name, fields] of Object.entries(others)) {
    const home = join(folder, "node_modules", name);
    mkdirSync(join(home, fields.miniprogram ?? "."), { recursive: true });
    writeFileSync(join(home, "package.json"), JSON.stringify({ name, version: "1.0.0", main: "index.js", ...fields }));
    writeFileSync(join(home, "index.js"), MODERN);
    writeFileSync(join(home, fields.miniprogram ?? ".", "index.js"), MODERN);
    manifest.dependencies[name] = "1.0.0";
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
}

async function run(title, others) {
  const folder = mkdtempSync(join(tmpdir(), "menjin-packnpm-"));
  try {
    makeApp(folder, others);
    const result = await packNpmManually({
      packageJsonPath: join(folder, "package.json"),
      miniprogramNpmDistDir: join(folder, "miniprogram"),
    });
    const built = join(folder, "miniprogram/miniprogram_npm/menjin/index.js");
    const same = readFileSync(built, "utf8") === readFileSync(`${root}sdk/miniprogram_dist/index.js`, "utf8");
    process.stdout.write(`${title}: ${JSON.stringify(result)}, as shipped: ${same}\n`);
    assert.deepEqual(result.warnList, []);
    assert.equal(same, true);
    const phone = makePhone(new TinyMenjin());
    const { data } = await loadFile(built, phone.wx).createMenjin({ baseURL: BASE }).request({ url: "/things" });
    assert.deepEqual([data, phone.logins], [{ path: "/things" }, 1]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await run("alone", {});
await run("beside a package with newer syntax", { modern: { miniprogram: "miniprogram_dist" } });
// The control: without such a folder of its own, that package stops the whole build (acorn knows no newer syntax).
await assert.rejects(run("control", { modern: {} }), SyntaxError);
process.stdout.write("packnpm: ok\n");

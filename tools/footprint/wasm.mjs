// The 32-bit runtime: node wasm.mjs MICROPYTHON.MJS. On stdin JSON: files, {path: base64}, and
// steps, a list of Python programs run one after the other in one interpreter. On stdout JSON:
// what each step printed. The heap is collected between steps only, and it grows when it is full.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";

const { loadMicroPython } = await import(pathToFileURL(process.argv[2]));
const { files, steps } = JSON.parse(readFileSync(0, "utf8"));
let lines = [];
const micropython = await loadMicroPython({
  heapsize: 4 << 20,
  linebuffer: true,
  stdout: (line) => lines.push(line),
});
for (const [path, content] of Object.entries(files)) {
  micropython.FS.mkdirTree(dirname(path));
  micropython.FS.writeFile(path, Buffer.from(content, "base64"));
}
try {
  const printed = steps.map((step) => {
    lines = [];
    micropython.runPython(step);
    return lines.join("\n");
  });
  process.stdout.write(JSON.stringify(printed));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
}

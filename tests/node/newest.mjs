// Runs the core's tests on the CPython of Pyodide: node newest.mjs PYODIDE ROOT LINKS SITE-PACKAGES
// LINKS is a tree of tools/stage.py --links; SITE-PACKAGES has pytest, which like the tests is
// Python alone. Status: pytest's.
const [pyodide, root, links, site] = process.argv.slice(2);
const { loadPyodide } = await import(pyodide);

const python = await loadPyodide();
for (const folder of [root, links, site]) {
  python.FS.mkdirTree(folder);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, folder);
}
python.globals.set("root", root);
python.globals.set("links", links);
python.globals.set("site", site);
const status = python.runPython(`
import os, sys
os.chdir(root)
sys.path[:0] = [links, f"{root}/tests", f"{root}/tests/core"]
sys.path.append(site)
sys.dont_write_bytecode = True
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # some of them are compiled for the host
import pytest
print("Python", sys.version)
int(pytest.main(["-q", "-p", "no:cacheprovider", "--noconftest", "-c", "/dev/null",
                 "--rootdir", root, "--import-mode", "importlib", "tests/core"]))
`);
process.exit(status);

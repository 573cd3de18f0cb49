# Freezes microimps into a firmware: make ... FROZEN_MANIFEST=path/to/this/manifest.py, or from a
# manifest of one's own: include("path/to/manifest.py", features="http wbxml lists messaging").
# The modules are those of tools/modules.py, joined and with short names as every board has them.
# Needs Python 3.10 and nothing else; they are laid out under build/frozen.
import importlib.util
import json
import sys
from pathlib import Path

options.defaults(features="")

# core/ is the package microimps, and has ports/ and tools/ in it: as if it were installed
_spec = importlib.util.spec_from_file_location(
    "microimps", "core/__init__.py", submodule_search_locations=["core", "."]
)
sys.modules["microimps"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["microimps"])

_known = importlib.import_module("microimps.tools.modules").FEATURES
_unknown = set(options.features.split()) - set(_known)
if _unknown:
    sys.exit(f"microimps has no {', '.join(_unknown)}: choose from {', '.join(_known)}")
_stage = importlib.import_module("microimps.tools.stage")
_stage.sources(Path("build/frozen"), options.features.split() or None)
with open("package.json") as _file:
    metadata(version=json.load(_file)["version"], license="Apache-2.0")
package("microimps", base_path="build/frozen", opt=3)

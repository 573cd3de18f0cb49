# Freezes microimps into a firmware: make ... FROZEN_MANIFEST=path/to/this/manifest.py
# The modules are those of package.json; they are laid out under build/ by their import names.
import json
import os
import shutil

with open("package.json") as _file:
    _package = json.load(_file)

shutil.rmtree("build/frozen", ignore_errors=True)
for _target, _source in _package["urls"]:
    _out = os.path.join("build/frozen", _target)
    os.makedirs(os.path.dirname(_out), exist_ok=True)
    shutil.copy2(_source, _out)

metadata(version=_package["version"], license="Apache-2.0")
package("microimps", base_path="build/frozen", opt=3)

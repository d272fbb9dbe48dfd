# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside Blender's module: install the extension from a repository's address, update it, use it offline.

    install_from_repository.py USER_FOLDER ADDRESS GO_ON

Prints `INSTALLED version`, waits until the file GO_ON is there, then prints `UPDATED version`, `FROM …`
(where the wheels' code lies) and `OFFLINE state sentence` (what connecting to an engine here came to).
"""

import importlib
import os
import sys
import time
from pathlib import Path

user, address, go_on = sys.argv[1:]
os.environ["BLENDER_USER_RESOURCES"] = user

import bpy  # noqa: E402

MODULE = "bl_ext.studio.aqgt_gestures"


def told(*values: object) -> None:
    """One line for the test."""
    print("\n", *values, flush=True)


def version() -> str:
    """Of the manifest that is installed."""
    manifest = Path(user) / "extensions" / "studio" / "aqgt_gestures" / "blender_manifest.toml"
    (line,) = [line for line in manifest.read_text().splitlines() if line.startswith("version = ")]
    return line.split('"')[1]


preferences = bpy.context.preferences
preferences.system.use_online_access = True
repository = preferences.extensions.repos.new(name="Studio", module="studio", remote_url=address)
number = list(preferences.extensions.repos).index(repository)
bpy.ops.extensions.repo_sync(repo_index=number)
bpy.ops.extensions.package_install(repo_index=number, pkg_id="aqgt_gestures", enable_on_install=True)
told("INSTALLED", version(), MODULE in preferences.addons)

while not Path(go_on).exists():
    time.sleep(0.1)
bpy.ops.extensions.repo_sync(repo_index=number)
bpy.ops.extensions.package_upgrade_all()
told("UPDATED", version(), MODULE in preferences.addons)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "blender_addon" / "headless"))
import entry  # noqa: E402

told("FOUND", entry.find()[0], entry.ensure_extension(None, "0.0.2"))
try:
    entry.ensure_extension(None, "0.0.3")
except entry.RefusedError as error:
    told("OLDER", error.args[0])

preferences.system.use_online_access = False
import zmq  # noqa: E402

import aqgt  # noqa: E402

told("FROM", aqgt.__file__, zmq.__file__)
preferences.addons[MODULE].preferences.address = "tcp://127.0.0.1:1"
session = importlib.import_module(f"{MODULE}.connection.session")
session.begin(start_local=False)
session.wait()
told("OFFLINE", bpy.app.online_access, session.state(), session.error())
sys.stdout.flush()
os._exit(0)

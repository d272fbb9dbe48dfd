# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender's window: install the extension, open the sidebar on its tab, take pictures, leave.

Prints `PANELS …` (the panels of the tab), `DREW …` (those that Blender asked to draw), and `SAYS …`, what the
button that generates says once Blender was told to speak German.
"""

import bpy
from plan import install, picture, tell, until

TAB = "Gestures"
drawn: set[str] = set()


def sidebar() -> tuple:
    """The 3D viewport and its sidebar region."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    return area, next(region for region in area.regions if region.type == "UI")


def watch(panel: type) -> None:
    """Note when Blender asks a panel to draw."""
    draw = panel.draw

    def noting(self, context):
        draw(self, context)
        drawn.add(panel.__name__)

    panel.draw = noting


def open_sidebar() -> None:
    """Show the sidebar of the viewport."""
    area, _ = sidebar()
    area.spaces.active.show_region_ui = True


def pick_tab() -> None:
    """Bring the extension's tab to the front."""
    picture("before")
    area, region = sidebar()
    region.active_panel_category = TAB
    area.tag_redraw()


def speak_german() -> None:
    """As somebody does it in the preferences, with the extension enabled already."""
    picture("after")
    view = bpy.context.preferences.view
    view.language = "de_DE"
    view.use_translate_interface = view.use_translate_tooltips = view.use_translate_reports = True
    sidebar()[0].tag_redraw()


def finish() -> None:
    """Report and leave."""
    picture("german")
    translations = bpy.app.translations
    print("SAYS", translations.pgettext_iface("Generate Gestures", translations.contexts.operator_default))
    print("DREW", *sorted(drawn), flush=True)
    bpy.ops.wm.quit_blender()


def story():
    """Each step, and the time Blender gets to draw after it."""
    open_sidebar()
    yield 1.0
    pick_tab()
    yield from until(lambda: drawn)
    yield 2.0
    speak_german()
    yield 2.0
    finish()
    yield 1.0


install()
panels = [panel for panel in bpy.types.Panel.__subclasses__() if getattr(panel, "bl_category", "") == TAB]
print("PANELS", *(panel.__name__ for panel in panels), flush=True)
for panel in panels:
    watch(panel)
tell(story())

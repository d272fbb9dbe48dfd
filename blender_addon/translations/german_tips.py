# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 -- a text and its translation stand on one line each
"""German: tooltips. Blender adds the full stop at the end."""

from .german_settings import SETTINGS
from .german_takes import TAKES

TIPS = (
    SETTINGS
    | TAKES
    | {
        # Engine
        "Ask the engine what it is, and have it make one second of motion with the model of this file": (
            "Die Engine fragen, was sie ist, und sie eine Sekunde Bewegung mit dem Modell dieser Datei machen lassen"
        ),
        "Copy versions, settings and the last error, to be sent to whoever helps you; without words or keys": (
            "Versionen, Einstellungen und den letzten Fehler kopieren, für jemanden, der hilft; ohne Wörter und Schlüssel"
        ),
        "End the engine that this Blender started": "Die Engine beenden, die dieses Blender gestartet hat",
        "Open the log of the engine that this Blender started, as a text": (
            "Das Protokoll der Engine, die dieses Blender gestartet hat, als Text öffnen"
        ),
        "Start the engine of the Python environment named in the preferences; it ends with Blender": (
            "Die Engine der in den Einstellungen genannten Python-Umgebung starten; sie endet mit Blender"
        ),
        # Speech
        "Add a word after the chosen one; its times are laid between its neighbours and marked estimated": (
            "Ein Wort nach dem gewählten einfügen; seine Zeiten liegen zwischen den Nachbarn und gelten als geschätzt"
        ),
        "Find in the sound when each word of the transcript is said, and keep the words in the file": (
            "Im Ton finden, wann jedes Wort des Transkripts gesagt wird, und die Wörter in der Datei behalten"
        ),
        "Forget the words of this sound; the transcript stays": (
            "Die Wörter dieses Tons vergessen; das Transkript bleibt"
        ),
        "Give up aligning or transcribing; nothing in the file changes": (
            "Ausrichten oder Transkribieren aufgeben; in der Datei ändert sich nichts"
        ),
        "Have the engine write down what is said in the sound, with times; it replaces the transcript": (
            "Die Engine mit Zeiten aufschreiben lassen, was im Ton gesagt wird; das ersetzt das Transkript"
        ),
        "Lay the words marked estimated anew between the words around them, by their letters": (
            "Die als geschätzt markierten Wörter nach ihren Buchstaben neu zwischen die Wörter ringsum legen"
        ),
        "Read the transcript from a file: subtitles, TextGrid, ELAN, WhisperX's or Gentle's JSON, plain text": (
            "Das Transkript aus einer Datei lesen: Untertitel, TextGrid, ELAN, JSON von WhisperX oder Gentle, Text"
        ),
        "Remove the chosen word": "Das gewählte Wort entfernen",
        "Take the text in the clipboard as the transcript": "Den Text der Zwischenablage als Transkript nehmen",
        # Annotate
        "Annotate with the chosen preset": "Mit der gewählten Voreinstellung annotieren",
        "Delete the chosen annotation and its marker": "Die gewählte Annotation und ihre Markierung löschen",
        "Delete the file of the chosen preset": "Die Datei der gewählten Voreinstellung löschen",
        "Exchange left and right in the chosen annotation: hands, and positions to the left and right": (
            "In der gewählten Annotation links und rechts tauschen: Hände und Positionen"
        ),
        "Have the engine's planner set gesture markers that fit words and voice; yours and locked ones stay": (
            "Den Planer der Engine zu Wörtern und Stimme passende Gesten setzen lassen; eigene und gesperrte bleiben"
        ),
        "Keep what the chosen annotation says as a preset of your own": (
            "Was die gewählte Annotation sagt, als eigene Voreinstellung behalten"
        ),
        "Lock or unlock the chosen annotation; what is locked is neither changed nor deleted": (
            "Die gewählte Annotation sperren oder entsperren; Gesperrtes wird weder geändert noch gelöscht"
        ),
        "Move the chosen annotation to the playhead, or to a second of the timeline": (
            "Die gewählte Annotation zum Abspielkopf oder zu einer Sekunde der Zeitleiste bewegen"
        ),
        "Press and drag over timeline, dope sheet or sequencer to set a gesture as long as the range; Ctrl snaps\n"
        "    to words, Esc gives up": (
            "Über Zeitleiste, Dope Sheet oder Sequencer ziehen, um eine Geste über den Bereich zu setzen;"
            " Strg rastet an Wörtern ein, Esc gibt auf"
        ),
        "Set a copy of the chosen annotation at the playhead, or right behind it where the playhead is on it": (
            "Eine Kopie der gewählten Annotation am Abspielkopf setzen, oder gleich dahinter, wenn er auf ihr steht"
        ),
        "Set a gesture marker that lasts as long as the timeline's preview range": (
            "Eine Gestenmarkierung setzen, so lang wie der Vorschaubereich der Zeitleiste"
        ),
        "Set a gesture marker where the chosen words are said, as long as they last": (
            "Eine Gestenmarkierung setzen, wo und solange die gewählten Wörter gesagt werden"
        ),
        "Set a gesture marker; an ordinary timeline marker, free to be moved and renamed": (
            "Eine Gestenmarkierung setzen: eine gewöhnliche Markierung, die sich bewegen und umbenennen lässt"
        ),
        "Set gesture markers from annotations in a .json, .eaf (ELAN) or .TextGrid (Praat) file": (
            "Gestenmarkierungen aus den Annotationen einer Datei setzen: .json, .eaf (ELAN) oder .TextGrid (Praat)"
        ),
        "Take a preset from a .json file among your own": "Eine Voreinstellung aus einer .json-Datei zu den eigenen nehmen",
        "Why an annotation is not used; click to move the playhead to it": (
            "Warum eine Annotation nicht gilt; ein Klick bewegt den Abspielkopf zu ihr"
        ),
        "Write the annotations as .json, .eaf (ELAN) or .TextGrid (Praat), as the end of the file's name says": (
            "Die Annotationen schreiben, je nach Endung als .json, .eaf (ELAN) oder .TextGrid (Praat)"
        ),
        "Write the chosen preset to a .json file for others": (
            "Die gewählte Voreinstellung für andere in eine .json-Datei schreiben"
        ),
        # Generate
        "Generate gestures for the chosen voice and lay them on the character as a new take": (
            "Gesten zur gewählten Stimme erzeugen und der Figur als neuen Take auflegen"
        ),
        "Give up the running generation; nothing in the file changes": (
            "Das laufende Erzeugen aufgeben; in der Datei ändert sich nichts"
        ),
        # Takes
        "Compare two takes: a click has the one or the other play, the rest of the takes is muted meanwhile": (
            "Zwei Takes vergleichen: ein Klick spielt den einen oder den anderen, die übrigen sind solange stumm"
        ),
        "Delete the take: its NLA tracks, and its action where nothing else uses it": (
            "Den Take löschen: seine NLA-Spuren, und seine Aktion, wenn nichts anderes sie benutzt"
        ),
        "End the comparison": "Den Vergleich beenden",
        "Generate the motion again from what the take remembers, as a new take; no setting here counts": (
            "Die Bewegung aus dem, was der Take weiß, als neuen Take nochmals erzeugen; keine Einstellung hier zählt"
        ),
        "Give the take another name: its action, its NLA tracks and its strips": (
            "Dem Take einen anderen Namen geben: seiner Aktion, seinen NLA-Spuren und Streifen"
        ),
        "Have the other one of the two compared takes play": "Den anderen der beiden verglichenen Takes abspielen",
        "Lay the take on another character, with that one's own bones, as a take there": (
            "Den Take einer anderen Figur mit deren eigenen Knochen auflegen, als Take dort"
        ),
        "Mute the take, on all its tracks; again: have it play": (
            "Den Take auf allen seinen Spuren stummschalten; nochmals: ihn abspielen"
        ),
        "Play this take alone, without anything else on the character; again: with everything": (
            "Diesen Take allein abspielen, ohne alles andere an der Figur; nochmals: mit allem"
        ),
        "Put a span of the chosen take into another one, cross-faded at both ends; the result is a new take": (
            "Einen Abschnitt des gewählten Takes mit Überblendungen in einen anderen einfügen; das gibt einen neuen Take"
        ),
        "Write a take, or what the character plays, for other programs": (
            "Einen Take, oder was die Figur spielt, für andere Programme schreiben"
        ),
        # Retarget
        "Find the bone of each role by bone map, names and shape; what was corrected by hand is forgotten": (
            "Den Knochen jeder Rolle nach Knochentabelle, Namen und Gestalt finden; Korrekturen von Hand gehen verloren"
        ),
        "How sure the bone is": "Wie sicher der Knochen ist",
        "Lay the chosen motion on the character as a new take; corrected bones are remembered on the armature": (
            "Der Figur die gewählte Bewegung als neuen Take auflegen; korrigierte Knochen merkt sich das Skelett"
        ),
        "Read bones from a file that was saved here, or by a bone map; Remember makes takes use them": (
            "Knochen aus einer hier gespeicherten Datei oder Knochentabelle lesen; mit Merken benutzen Takes sie"
        ),
        "Remember the bones of the list on the armature (custom property “aqgt_mapping”), for all its takes": (
            "Die Knochen der Liste am Skelett merken (Eigenschaft „aqgt_mapping“), für alle ihre Takes"
        ),
        "Show the bones that takes of this character use now: those remembered, else those found": (
            "Die Knochen zeigen, die Takes dieser Figur jetzt benutzen: die gemerkten, sonst die gefundenen"
        ),
        "Write the bones of the list to a JSON or TOML file, for other files and people": (
            "Die Knochen der Liste in eine JSON- oder TOML-Datei schreiben, für andere Dateien und Leute"
        ),
        # Batch
        "Do what the job file says in processes of the engine; run again, it goes on where it was interrupted": (
            "In Prozessen der Engine tun, was die Auftragsdatei sagt; nochmals gestartet, geht es weiter, wo es abbrach"
        ),
        "End the batch; what it has finished stays, and running it again goes on there": (
            "Den Stapel beenden; Fertiges bleibt, und nochmals gestartet geht er dort weiter"
        ),
        "Open the report of the last batch in the web browser": (
            "Den Bericht des letzten Stapels im Browser öffnen"
        ),
    }
)

# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 -- a text and its translation stand on one line each
"""German: tooltips of fields and of what a list offers."""

SETTINGS = {
    # Preferences
    "Address of a running engine, used where this Blender has not started one itself": (
        "Adresse einer laufenden Engine, wenn dieses Blender keine selbst gestartet hat"
    ),
    "Folder of a Whisper model, or of several, with which an engine started here transcribes; empty: the one"
    " that AQGT_WHISPER names": (
        "Ordner eines oder mehrerer Whisper-Modelle, mit denen eine hier gestartete Engine transkribiert; leer:"
        " der, den AQGT_WHISPER nennt"
    ),
    "Folder with your own presets, one JSON file each; empty: one of the extension's own": (
        "Ordner mit eigenen Voreinstellungen, je eine JSON-Datei; leer: ein Ordner der Erweiterung"
    ),
    "Model that new files begin with": "Modell, mit dem neue Dateien beginnen",
    "Python the engine is installed in, or the folder of its environment; empty: the aqgt command on the PATH": (
        "Python, in dem die Engine installiert ist, oder der Ordner seiner Umgebung; leer: der Befehl aqgt im PATH"
    ),
    "Your key for an engine that wants one, or on another machine: its owner makes it with “aqgt keys new FOLDER"
    " --client NAME”. Not used for the engine started here": (
        "Eigener Schlüssel für eine Engine, die einen verlangt oder auf einem anderen Rechner läuft: ihr Besitzer"
        " macht ihn mit „aqgt keys new FOLDER --client NAME“. Nicht für die hier gestartete Engine"
    ),
    # Speech
    "A click sets the playhead where the word begins": "Ein Klick setzt den Abspielkopf an den Anfang des Wortes",
    "A sound file, from the start of the timeline on": "Eine Tondatei, vom Anfang der Zeitleiste an",
    "A sound strip of the sequencer; its trim, offset and speed count": (
        "Ein Tonstreifen des Sequencers; Zuschnitt, Versatz und Tempo zählen"
    ),
    "Draw the words and the gesture markers' spans over timeline, dope sheet and sequencer": (
        "Die Wörter und die Abschnitte der Gestenmarkierungen über Zeitleiste, Dope Sheet und Sequencer zeichnen"
    ),
    "How many words a gesture is set on, from the chosen one on": (
        "Auf wie viele Wörter eine Geste gesetzt wird, vom gewählten an"
    ),
    "Language code of what is said, such as en or de; empty: Transcribe finds it, all else takes it for English": (
        "Kürzel der gesprochenen Sprache wie en oder de; leer: Transkribieren findet sie, sonst gilt Englisch"
    ),
    "Only TextGrid and ELAN files have tiers": "Nur TextGrid- und ELAN-Dateien haben Ebenen",
    "Seconds from the start of the sound file": "Sekunden vom Anfang der Tondatei an",
    "Sound file with the voice": "Tondatei mit der Stimme",
    "Sound strip with the voice; empty: the only one there is": (
        "Tonstreifen mit der Stimme; leer: der einzige, den es gibt"
    ),
    "Text data-block with what is said": "Textdatenblock mit dem Gesprochenen",
    "The times were laid between the neighbours, not found in the sound": (
        "Die Zeiten wurden zwischen die Nachbarn gelegt, nicht im Ton gefunden"
    ),
    "The word as it is said": "Das Wort, wie es gesagt wird",
    "Tier of a TextGrid or ELAN file with the words; empty: the one whose name says so": (
        "Ebene einer TextGrid- oder ELAN-Datei mit den Wörtern; leer: die, deren Name es sagt"
    ),
    "What is said, used where no text data-block is chosen": (
        "Was gesagt wird, wenn kein Textdatenblock gewählt ist"
    ),
    "Which of the engine's models transcribes; empty: its first": (
        "Welches Modell der Engine transkribiert; leer: ihr erstes"
    ),
    # Annotate
    "A change of all annotations of a clip, chosen under Generate": (
        "Eine Änderung aller Annotationen eines Clips, wählbar unter Erzeugen"
    ),
    "A preset of your own": "Eine eigene Voreinstellung",
    "Another seed suggests other, equally fitting gestures": (
        "Ein anderer Startwert schlägt andere, ebenso passende Gesten vor"
    ),
    "As a new annotation as long as the preview range": (
        "Als neue Annotation, so lang wie der Vorschaubereich"
    ),
    "As a new annotation at the playhead": "Als neue Annotation am Abspielkopf",
    "As a new annotation where the chosen words are said": (
        "Als neue Annotation, wo die gewählten Wörter gesagt werden"
    ),
    "Both hands": "Beide Hände",
    "Click to move the playhead there": "Ein Klick bewegt den Abspielkopf dorthin",
    "Holds the hand in one phase for the whole annotation; not named: it prepares, strokes, holds and sinks in"
    " turn.": (
        "Hält die Hand während der ganzen Annotation in einer Phase; ungenannt: sie bereitet vor, führt aus, hält"
        " und sinkt."
    ),
    "How far the hand travels: small, medium or large.": "Wie weit die Hand geht: klein, mittel oder groß.",
    "How far the wrist is from the body, in the codes of the SaGA corpus: from D-C, touching, to D-O, the arm"
    " stretched out.": (
        "Wie weit das Handgelenk vom Körper ist, in den Kürzeln des SaGA-Korpus: von D-C, berührend, bis D-O, der"
        " Arm gestreckt."
    ),
    "How large the suggested gestures are; 1: as usual": (
        "Wie groß die vorgeschlagenen Gesten sind; 1: wie üblich"
    ),
    "How many gestures are suggested; 1: about one in 2.2 s of speech, 0: none": (
        "Wie viele Gesten vorgeschlagen werden; 1: etwa eine in 2,2 s Sprache, 0: keine"
    ),
    "How the fingers are held, from flat (B) to a pointing finger (G).": (
        "Wie die Finger gehalten werden, von flach (B) bis zum zeigenden Finger (G)."
    ),
    "Kind of movement: a beat with the rhythm, pointing (deictic), a form in the air (iconic).": (
        "Art der Bewegung: ein Takt im Rhythmus, Zeigen (deiktisch), eine Form in der Luft (ikonisch)."
    ),
    "Last frame": "Letztes Einzelbild",
    "Neither suggesting nor any button here changes or deletes this annotation": (
        "Weder Vorschlagen noch ein Knopf hier ändert oder löscht diese Annotation"
    ),
    "New annotations speak to the character chosen under Generate alone (G@Name:); off: to whichever is chosen"
    " there": (
        "Neue Annotationen gelten nur der unter Erzeugen gewählten Figur (G@Name:); aus: der jeweils gewählten"
    ),
    "No gesture from here on: the hands rest until their next annotation.": (
        "Ab hier keine Geste: die Hände ruhen bis zu ihrer nächsten Annotation."
    ),
    "Not named: the planner chooses what is plausible": "Ungenannt: der Planer wählt, was passt",
    "Second of the timeline at which the gesture ends": "Sekunde der Zeitleiste, an der die Geste endet",
    "Second of the timeline at which the stroke begins": (
        "Sekunde der Zeitleiste, an der die Ausführung beginnt"
    ),
    "Second of the timeline at which the stroke begins; below 0: at the playhead": (
        "Sekunde der Zeitleiste, an der die Ausführung beginnt; unter 0: am Abspielkopf"
    ),
    "Second of the timeline; below 0: the playhead": "Sekunde der Zeitleiste; unter 0: der Abspielkopf",
    "Seconds from the stroke to the end of its hold; the hand starts 0.37 s before and sinks 0.4 s after. 0: up"
    " to the next marker of that hand, at most 1.2 s.": (
        "Sekunden von der Ausführung bis zum Ende des Haltens; die Hand beginnt 0,37 s davor und sinkt 0,4 s"
        " danach. 0: bis zur nächsten Markierung dieser Hand, höchstens 1,2 s."
    ),
    "Seconds; 0: open; below 0: as it was": "Sekunden; 0: offen; unter 0: wie zuvor",
    "Share of the suggested one-handed gestures that go to the right hand": (
        "Anteil der vorgeschlagenen einhändigen Gesten, der auf die rechte Hand entfällt"
    ),
    "Take away first the unlocked annotations that address the same character": (
        "Zuerst die nicht gesperrten Annotationen derselben Figur wegnehmen"
    ),
    "The character's left hand": "Die linke Hand der Figur",
    "The character's right hand": "Die rechte Hand der Figur",
    "The chosen annotation says it from now on; its time stays": (
        "Die gewählte Annotation sagt es von nun an; ihre Zeit bleibt"
    ),
    "The model is told nothing, and the planner chooses nothing": (
        "Dem Modell wird nichts gesagt, und der Planer wählt nichts"
    ),
    "The model is told that there is nothing of this kind": (
        "Dem Modell wird gesagt, dass es nichts dergleichen gibt"
    ),
    "The one character this annotation is for; empty: whichever is chosen under Generate": (
        "Die eine Figur, der diese Annotation gilt; leer: die jeweils unter Erzeugen gewählte"
    ),
    "The planner made this annotation; suggesting again replaces it unless it is locked. Changing anything makes"
    " it your own": (
        "Der Planer hat diese Annotation gemacht; erneutes Vorschlagen ersetzt sie, wenn sie nicht gesperrt ist."
        " Jede Änderung macht sie zur eigenen"
    ),
    "What it does, shown as its tooltip": "Was sie tut; steht in ihrem Tooltip",
    "What one annotation says: hand, gesture, length": "Was eine Annotation sagt: Hand, Geste, Länge",
    "What the hand does in the air: draw, model, grasp, count, size.": (
        "Was die Hand in der Luft tut: zeichnen, nachbilden, greifen, zählen, Größe zeigen."
    ),
    "Where the gesture places what it shows, such as left, behind or on top.": (
        "Wohin die Geste legt, was sie zeigt, etwa links, hinter oder auf."
    ),
    "Where the words themselves place a thing. Heard by aqgt-a; it has no reliable effect on compact, and aqgt was"
    " trained without annotations": (
        "Wohin die Wörter selbst ein Ding legen. Darauf hört aqgt-a; auf compact wirkt es nicht verlässlich, und"
        " aqgt wurde ohne Annotationen trainiert"
    ),
    "Which hand gestures; the other is left to its own annotations.": (
        "Welche Hand gestikuliert; die andere folgt ihren eigenen Annotationen."
    ),
    "Which recorded movement the hand makes, such as Shrug, Chop, Frame or Offer. Heard by compact and other models"
    " that have learned gesture forms; with aqgt and aqgt-a it chooses fitting labels for all that is not named": (
        "Welche aufgenommene Bewegung die Hand macht, etwa Schulterzucken, Hacken, Rahmen oder Anbieten. Darauf hören"
        " compact und andere Modelle, die Gestenformen gelernt haben; bei aqgt und aqgt-a wählt es Passendes für alles"
        " Ungenannte"
    ),
    "Which thing of the SaGA route descriptions is spoken of. Heard by aqgt-a; it has no reliable effect on compact,"
    " and aqgt was trained without annotations": (
        "Von welchem Ding der SaGA-Wegbeschreibungen die Rede ist. Darauf hört aqgt-a; auf compact wirkt es nicht"
        " verlässlich, und aqgt wurde ohne Annotationen trainiert"
    ),
    # Generate
    "Armature that gestures": "Skelett, das gestikuliert",
    "Begin at rest; a published model begins as it likes": (
        "In Ruhe beginnen; ein veröffentlichtes Modell beginnt, wie es will"
    ),
    "Begin from the character's pose as it is shown now": "Mit der Pose der Figur beginnen, wie sie jetzt zu sehen ist",
    "Changes words, sound or annotations before the model reads them; empty: nothing": (
        "Ändert Wörter, Ton oder Annotationen, bevor das Modell sie liest; leer: nichts"
    ),
    "Draw finished windows as a figure beside the character": (
        "Fertige Fenster als Figur neben der Figur zeichnen"
    ),
    "Finished windows play on the character until the take is there": (
        "Fertige Fenster spielen an der Figur, bis der Take da ist"
    ),
    "First frame of the range": "Erstes Einzelbild des Bereichs",
    "From one frame to another, joined to what is there": (
        "Von einem Einzelbild zum anderen, verbunden mit dem, was da ist"
    ),
    "From the start of the sound to its end": "Vom Anfang des Tons bis zu seinem Ende",
    "How finished windows are shown while the rest is made; nothing of it stays in the file": (
        "Wie fertige Fenster gezeigt werden, während der Rest entsteht; nichts davon bleibt in der Datei"
    ),
    "Last frame of the range": "Letztes Einzelbild des Bereichs",
    "Let the planner place gestures between your G: markers; off: only your markers": (
        "Den Planer Gesten zwischen die eigenen G:-Markierungen setzen lassen; aus: nur die eigenen"
    ),
    "Model of the engine; Check Engine lists those it has": (
        "Modell der Engine; Engine prüfen listet auf, welche sie hat"
    ),
    "Pose in which the motion begins": "Pose, in der die Bewegung beginnt",
    "Show progress alone": "Nur den Fortschritt zeigen",
    "Takes to make, with this seed and those that follow; all but the first are muted": (
        "Wie viele Takes entstehen, mit diesem Startwert und den folgenden; alle außer dem ersten sind stumm"
    ),
    "The same seed and inputs give the same motion": (
        "Gleicher Startwert und gleiche Eingaben geben die gleiche Bewegung"
    ),
    "The timeline's preview range alone, joined to what is there": (
        "Nur der Vorschaubereich der Zeitleiste, verbunden mit dem, was da ist"
    ),
    "Where the chosen annotation lies, joined to what is there": (
        "Wo die gewählte Annotation liegt, verbunden mit dem, was da ist"
    ),
    "Which part is generated": "Welcher Teil erzeugt wird",
    "Whose way of gesturing: a name or number of the model's; empty: its usual one": (
        "Wessen Art zu gestikulieren: ein Name oder eine Nummer des Modells; leer: seine übliche"
    ),
    # Batch
    "Job file: YAML, or a CSV table with one job per row": (
        "Auftragsdatei: YAML, oder eine CSV-Tabelle mit einem Auftrag je Zeile"
    ),
    "Processes at work at the same time; 0: one per core": (
        "Prozesse, die gleichzeitig arbeiten; 0: einer je Prozessorkern"
    ),
}

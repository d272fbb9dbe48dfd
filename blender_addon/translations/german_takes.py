# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 -- a text and its translation stand on one line each
"""German: tooltips of the fields of takes and of laying them on."""

TAKES = {
    "0: the motion's head, 1: straight at the target": "0: der Kopf der Bewegung, 1: genau zum Ziel",
    "A BVH or NPZ file": "Eine BVH- oder NPZ-Datei",
    "A click chooses a take": "Ein Klick wählt einen Take",
    "Action of a take of any character; empty: the newest of this one": (
        "Aktion eines Takes irgendeiner Figur; leer: der neueste von dieser"
    ),
    "Action of the other take": "Aktion des anderen Takes",
    "Action of the other take; empty: that of the panel": "Aktion des anderen Takes; leer: der im Panel",
    "Action of the take; empty: the chosen one": "Aktion des Takes; leer: der gewählte",
    "Action of the take; empty: the newest one": "Aktion des Takes; leer: der neueste",
    "Against the trembling of tracked or generated motion": (
        "Gegen das Zittern verfolgter oder erzeugter Bewegung"
    ),
    "Armature that is to play the take, too": "Skelett, das den Take auch spielen soll",
    "Armature that plays the motion": "Skelett, das die Bewegung spielt",
    "Armature; empty: the one in the panel": "Skelett; leer: das im Panel",
    "As the end of the file's name says: .bvh and .npz hold the motion alone": (
        "Wie die Endung des Namens sagt: .bvh und .npz enthalten nur die Bewegung"
    ),
    "Begin at the current frame instead of where the motion lay before": (
        "Am aktuellen Einzelbild beginnen statt dort, wo die Bewegung lag"
    ),
    "Bend the arms where hands or elbows would lie in torso or head": (
        "Die Arme beugen, wo Hände oder Ellbogen in Rumpf oder Kopf lägen"
    ),
    "Bone that plays the role": "Knochen, der die Rolle spielt",
    "Bring the hands as near to each other as in the motion": (
        "Die Hände einander so nahe bringen wie in der Bewegung"
    ),
    "Chosen by hand": "Von Hand gewählt",
    "Ends in .json or .toml": "Endet auf .json oder .toml",
    "Exchange left and right": "Links und rechts tauschen",
    "Factor on the motion's depth, for motion from video that is too flat or too deep": (
        "Faktor für die Tiefe, bei Bewegung aus Videos, die zu flach oder zu tief ist"
    ),
    "First frame; 0 to 0: the panel's span": "Erstes Einzelbild; 0 bis 0: der Abschnitt im Panel",
    "For noisy motion; small gestures get smaller": "Für verrauschte Bewegung; kleine Gesten werden kleiner",
    "Found by a guess: look at it": "Geraten: bitte ansehen",
    "Found with certainty": "Sicher gefunden",
    "From the first selected timeline marker to the last": "Von der ersten ausgewählten Markierung bis zur letzten",
    "Generate again even where the engine's model or version is not the one of the take; the motion may then differ": (
        "Auch dann nochmals erzeugen, wenn Modell oder Version der Engine nicht die des Takes sind; die Bewegung"
        " kann dann abweichen"
    ),
    "Go on where the engine's model or version is not the one of the take": (
        "Auch dann fortfahren, wenn Modell oder Version der Engine nicht die des Takes sind"
    ),
    "Keep forearms, wrists and fingers within what a human can bend": (
        "Unterarme, Handgelenke und Finger in den Grenzen halten, in denen ein Mensch sie beugt"
    ),
    "Key hips and legs at rest, so that nothing below the take moves them": (
        "Hüfte und Beine in Ruhe keyframen, damit nichts unter dem Take sie bewegt"
    ),
    "Lay the take over the pose at its first frame as a change: what moves below goes on": (
        "Den Take als Änderung über die Pose an seinem ersten Einzelbild legen: was darunter läuft, geht weiter"
    ),
    "Leave out keys as long as rotations stay within this many degrees; 0 keys every frame": (
        "Keyframes weglassen, solange Drehungen um höchstens so viele Grad abweichen; 0: jedes Einzelbild"
    ),
    "Motion as it is": "Bewegung, wie sie ist",
    "Motion in BVH or NPZ": "Bewegung als BVH oder NPZ",
    "Name of the take: of its action, its NLA tracks and its strips": (
        "Name des Takes: seiner Aktion, seiner NLA-Spuren und Streifen"
    ),
    "No bone plays this role; the part stays as it is": (
        "Kein Knochen spielt diese Rolle; der Teil bleibt, wie er ist"
    ),
    "Object the head looks at": "Objekt, das der Kopf ansieht",
    "One NLA track for each part, with an influence slider": (
        "Eine NLA-Spur für jeden Körperteil, mit einem Regler für den Einfluss"
    ),
    "One that exists gets a number": "Einer, den es schon gibt, bekommt eine Nummer",
    "Motion on the metric reference skeleton": "Bewegung auf dem metrischen Referenzskelett",
    "Poses under the keys of BEAT2 and AMASS": "Posen unter den Schlüsseln von BEAT2 und AMASS",
    "Remove what was remembered": "Das Gemerkte entfernen",
    "Seconds that each join takes at least; longer where it would be too fast": (
        "Sekunden, die jeder Übergang mindestens dauert; länger, wo er zu schnell wäre"
    ),
    "Take into which a span of the chosen one is put; both stay as they are": (
        "Take, in den ein Abschnitt des gewählten eingefügt wird; beide bleiben, wie sie sind"
    ),
    "The character with the motion": "Die Figur mit der Bewegung",
    "The character's bones with the motion": "Die Knochen der Figur mit der Bewegung",
    "The first take": "Der erste Take",
    "The first take plays": "Der erste Take spielt",
    "The motion for any VRM character": "Die Bewegung für jede VRM-Figur",
    "The motion that a take remembers": "Die Bewegung, die ein Take weiß",
    "The motion with its words, annotations and origin": "Die Bewegung mit Wörtern, Annotationen und Herkunft",
    "The one that does not play now": "Der, der jetzt nicht spielt",
    "The second take": "Der zweite Take",
    "The second take plays": "Der zweite Take spielt",
    "The shown take plays on and the others stay muted; else mute and solo are as before": (
        "Der gezeigte Take spielt weiter, die anderen bleiben stumm; sonst sind Stumm und Solo wie zuvor"
    ),
    "The timeline's preview range (P in the timeline)": "Der Vorschaubereich der Zeitleiste (P in der Zeitleiste)",
    "What another armature plays": "Was ein anderes Skelett spielt",
    "What the character plays in the scene's frames, all tracks together, not one take": (
        "Was die Figur in den Einzelbildern der Szene spielt, alle Spuren zusammen, nicht ein Take"
    ),
    "Which part of the chosen take is merged": "Welcher Teil des gewählten Takes eingefügt wird",
    "Why it is doubtful": "Warum er zweifelhaft ist",
}

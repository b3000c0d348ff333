"""Every word on the page, in English, Spanish and Chinese.

{n} stands for a number, {noise} for the name of a noise. A problem `key` of problems.py has its title under
"e_<key>" and its sentence under "e_<key>2". No text names a sex, an age or an origin of a visitor's face.
After a change: python -m assets.fonts.subset.
"""

from v2f.kiosk.game_texts import GAME_TEXTS
from v2f.kiosk.why_texts import WHY_TEXTS

LANGUAGES = ("en", "es", "zh")

SERVING = "v2f is at {address} (Ctrl-C stops it)"  # on the terminal
STATUS = "The host's page is at {address}, for this machine alone"
PORT_TAKEN = (
    "Nothing can be served at {host}:{port}: stop what listens there, or choose another port with {option}."
)

TEXTS: dict[str, tuple[str, str, str]] = {
    "title": ("v2f: a face from a voice", "v2f: un rostro a partir de una voz", "v2f：由声音生成一张脸"),
    "tagline": ("A face from a voice", "Un rostro a partir de una voz", "由声音生成一张脸"),
    "language": ("Language", "Idioma", "语言"),
    "theme": ("Light or dark", "Claro u oscuro", "浅色或深色"),
    "idle": ("Forgets in", "Se borra en", "自动清除"),
    "privacy": (
        "Nothing you say is kept. The face is a model’s guess, not a likeness.",
        "Nada de lo que dices se guarda. El rostro es una suposición del modelo, no un retrato.",
        "你说的话不会被保存。这张脸只是模型的猜测，并非真实长相。",
    ),
    # attract
    "headline": (
        "Speak, and watch a face appear.",
        "Habla y verás aparecer un rostro.",
        "开口说话，\n看一张脸慢慢出现。",
    ),
    "next": (
        "Many are speaking now. You are next, in about {s} seconds.",
        "Ahora hablan muchos. Te toca en unos {s} segundos.",
        "现在人很多。下一个就是你，请等 {s} 秒。",
    ),
    "queue": (
        "Many are speaking now. {n} before you, about {s} seconds.",
        "Ahora hablan muchos. Antes de ti: {n}. Unos {s} segundos.",
        "现在人很多。前面还有 {n} 人，请等 {s} 秒。",
    ),
    # recording
    "record": ("Record", "Grabar", "录音"),
    "stop": ("Stop", "Parar", "停止"),
    "again": ("Again", "Otra vez", "再来一次"),
    "speakfor": ("How long to speak", "Cuánto tiempo hablar", "说话时长"),
    "seconds": ("{n} seconds", "{n} segundos", "{n} 秒"),
    "onesecond": ("{n} second", "{n} segundo", "{n} 秒"),
    "sec": ("s", "s", "秒"),
    "mic": ("Microphone", "Micrófono", "麦克风"),
    "micdefault": ("Booth microphone", "Micrófono del puesto", "展台麦克风"),
    "micnumber": ("Microphone {n}", "Micrófono {n}", "麦克风 {n}"),
    "micnone": ("None found", "Ninguno", "未找到"),
    "level": ("Level", "Nivel", "音量"),
    "prompt": (
        "Not sure what to say? Tell us what you had for breakfast.",
        "¿No sabes qué decir? Cuéntanos qué has desayunado.",
        "不知道说什么？说说你早餐吃了什么吧。",
    ),
    "listen": (
        "An example voice is speaking. Watch its face appear.",
        "Habla una voz de ejemplo. Mira cómo aparece su rostro.",
        "正在播放示例声音，看它的脸慢慢出现。",
    ),
    "h_quiet": (
        "I can hardly hear you: come closer.",
        "Apenas te oigo: acércate.",
        "几乎听不到你的声音，请靠近一点。",
    ),
    "h_loud": (
        "That is too loud: step back a little.",
        "Demasiado alto: aléjate un poco.",
        "声音太大了，请退后一点。",
    ),
    "h_no_speech": (
        "I hear a sound, but no voice yet: say something.",
        "Oigo un sonido, pero aún ninguna voz: di algo.",
        "听到了声音，但还没有人声，请说点什么。",
    ),
    "starts": ("Recording", "Grabando", "正在录音"),
    "playing": ("Example: {n}", "Ejemplo: {n}", "示例：{n}"),
    "fallback": (
        "This browser cannot show the face while you speak: it comes once you stop.",
        "Este navegador no puede mostrar el rostro mientras hablas: aparecerá cuando pares.",
        "此浏览器无法边说边显示，录音停止后才会出现脸。",
    ),
    "fromfile": ("Use a recording", "Usar una grabación", "使用已有录音"),
    "drop": ("Choose a sound file", "Elegir un audio", "选择音频文件"),
    # recordings
    "ex1": ("Bright voice", "Voz clara", "明亮的声音"),
    "ex2": ("Low voice", "Voz grave", "低沉的声音"),
    "ex3": ("Quiet voice", "Voz suave", "轻柔的声音"),
    "reading": ("Listening to the file…", "Escuchando el archivo…", "正在听录音……"),
    "shortened": (
        "A long recording: its first {n} s are used.",
        "Grabación larga: se usan sus primeros {n} s.",
        "录音较长，只使用前 {n} 秒。",
    ),
    "later": (
        "{n} s of it are used, from second {s} on.",
        "Se usan {n} s, desde el segundo {s}.",
        "只使用 {s} 秒之后的 {n} 秒。",
    ),
    "cut": (
        "Only {n} of {s} s could be read.",
        "Solo se han podido leer {n} de {s} s.",
        "只听到 {s} 秒中的 {n} 秒。",
    ),
    "speakers": (
        "Two speakers, one a channel: choose one.",
        "Dos voces, una por canal: elige una.",
        "有两个人在说话，请选择一个。",
    ),
    "speaker": ("Speaker {n}", "Voz {n}", "声音 {n}"),
    "rows": ("Side by side", "Lado a lado", "并排比较"),
    "rowshelp": (
        "press a row to look at it closely",
        "pulsa una fila para verla de cerca",
        "点按某一行可仔细查看",
    ),
    # the face that grows
    "wave": ("Your voice", "Tu voz", "你的声音"),
    "speech": ("speech", "habla", "语音"),
    "pause": ("pause", "pausa", "停顿"),
    "after": ("After {n} s", "Tras {n} s", "{n} 秒后"),
    "whole": ("Your voice, {n} s", "Tu voz, {n} s", "你的声音，{n} 秒"),
    "shorter": ("not recorded", "no grabado", "未录到"),
    "toolittle": ("no speech yet", "aún sin habla", "还没有语音"),
    "settled": ("How settled", "Estabilidad", "稳定程度"),
    # noise
    "noise": ("The same voice, in noise", "La misma voz, con ruido", "同一个声音，加上噪声"),
    "noisealone": ("Noise alone, without your voice", "Solo ruido, sin tu voz", "只有噪声，没有你的声音"),
    "noisealonehelp": (
        "It goes past the speech detector, which would leave little or nothing of it.",
        "Se salta el detector de habla, que dejaría poco o nada.",
        "它绕过语音检测器，否则几乎什么也不会留下。",
    ),
    "white": ("White", "Blanco", "白色"),
    "pink": ("Pink", "Rosa", "粉红"),
    "brown": ("Brown", "Marrón", "棕色"),
    "hum": ("Hum", "Zumbido", "嗡嗡声"),
    "babble": ("Babble", "Murmullo", "嘈杂人声"),
    "own": ("Own clip", "Tu clip", "自选"),
    "white_noise": ("White noise", "Ruido blanco", "白噪声"),
    "pink_noise": ("Pink noise", "Ruido rosa", "粉红噪声"),
    "brown_noise": ("Brown noise", "Ruido marrón", "棕色噪声"),
    "hum_noise": ("Mains hum", "Zumbido eléctrico", "电流嗡嗡声"),
    "babble_noise": ("Babble", "Murmullo de voces", "嘈杂人声"),
    "own_noise": ("Own clip", "Tu clip", "自选声音"),
    "clean": ("clean", "limpio", "清晰"),
    "snr": ("Signal-to-noise ratio", "Relación señal-ruido", "信噪比"),
    "play": ("Play", "Escuchar", "播放"),
    "only": ("noise only", "solo ruido", "仅噪声"),
    "stopplay": ("Stop", "Parar", "停止"),
    "voiceface": ("Your voice", "Tu voz", "你的声音"),
    "mixface": ("{noise}, {n} dB", "{noise}, {n} dB", "{noise}，{n} dB"),
    "studylede": (
        "What the model draws when nobody speaks: four noises, heard for 1 to 10 seconds.",
        "Lo que dibuja el modelo cuando nadie habla: cuatro ruidos, escuchados de 1 a 10 segundos.",
        "没有人说话时，模型会画出什么：四种噪声，各听 1 到 10 秒。",
    ),
    "close": ("Close", "Cerrar", "关闭"),
    "babblehelp": (
        "Babble is made of voices: the model hears them too, and draws a face even without yours.",
        "El murmullo está hecho de voces: el modelo también las oye y dibuja un rostro aun sin la tuya.",
        "嘈杂人声由许多声音组成：模型也会听到它们，即使没有你的声音也会画出脸。",
    ),
    # after a result
    "more": ("More", "Más", "更多"),
    "others": ("Other faces", "Otros rostros", "其他脸"),
    "othershelp": (
        "Voices like this one go with faces as different as these: where they differ, the voice does not tell.",
        "Voces como esta van con rostros tan distintos como estos: aquello en que difieren no lo dice la voz.",
        "这样的声音可以属于这样不同的脸：不同之处，是声音没有说明的。",
    ),
    "othersunknown": (
        "How sure this model is was never measured, so there are no other faces to show.",
        "Nunca se midió lo seguro que está este modelo, así que no hay otros rostros que mostrar.",
        "没有测过这个模型有多大把握，所以没有其他脸可以显示。",
    ),
    "between": ("Between two voices", "Entre dos voces", "两个声音之间"),
    "betweenhelp": (
        "Walk from this voice to another one: {n}.",
        "Recorre el camino de esta voz a otra: {n}.",
        "从这个声音走到另一个声音：{n}。",
    ),
    "betweenexample": (
        "No one spoke before you: walk from this voice to an example voice.",
        "Nadie ha hablado antes: recorre el camino de esta voz a una voz de ejemplo.",
        "之前还没有人说话：从这个声音走到示例声音。",
    ),
    "earlier": ("your recording before", "tu grabación anterior", "你之前的录音"),
    "example": ("Example voice", "Voz de ejemplo", "示例声音"),
    "save": ("Save", "Guardar", "保存"),
    "forget": ("Forget", "Borrar", "清除"),
    "forgotten": ("Everything is forgotten.", "Todo se ha borrado.", "一切都已清除。"),
    "ready": (
        "The face is ready, after {n} seconds of audio.",
        "El rostro está listo, tras {n} segundos de audio.",
        "脸已生成，使用了 {n} 秒音频。",
    ),
    "sheetline": (
        "A model’s guess from a voice, not a likeness of anyone.",
        "Una suposición del modelo a partir de una voz, no el retrato de nadie.",
        "模型根据声音的猜测，并非任何人的长相。",
    ),
    # look inside
    "inside": ("Look inside", "Ver por dentro", "看看内部"),
    "hears": ("What it hears", "Lo que oye", "它听到什么"),
    "logmelhelp": (
        "What the network hears: how loud each pitch is, low ones at the bottom, as time goes by.",
        "Lo que oye la red: la intensidad de cada tono, los graves abajo, según pasa el tiempo.",
        "网络听到的内容：各个音高随时间的强弱，低音在下。",
    ),
    "settledhelp": (
        "How far the face still is from that of a minute of speech; 1: as far as another person’s. The band holds "
        "8 of 10 voices.",
        "Lo que aún dista del rostro de un minuto de habla; 1: tanto como el de otra persona. La banda contiene "
        "8 de cada 10 voces.",
        "与说满一分钟时的脸还差多少；1：与另一个人的脸一样远。色带：十个声音中的八个。",
    ),
    "settledunknown": (
        "How faces settle was never measured with this model.",
        "Nunca se midió cómo se estabilizan los rostros de este modelo.",
        "没有测过这个模型的脸怎样稳定下来。",
    ),
    "settledpoint": (
        "After {n} s of speech: {d}",
        "Tras {n} s de habla: {d}",
        "说话 {n} 秒后：{d}",
    ),
    "critic": ("Critic’s score", "Nota del crítico", "评判分数"),
    "critichelp": (
        "How much each picture looks like a photograph to the model’s own critic, from 0.0001 to 1. "
        "It judges the picture, not the voice.",
        "Cuánto le parece cada imagen una fotografía al crítico del propio modelo, de 0,0001 a 1. "
        "Juzga la imagen, no la voz.",
        "模型自己的评判网络认为每张图有多像照片，从 0.0001 到 1。它评判的是图片，不是声音。",
    ),
    "criticvoices": ("Example voices", "Voces de ejemplo", "示例声音"),
    "criticnoises": ("Noise alone", "Solo ruido", "仅噪声"),
    "study": ("Noise study", "Estudio del ruido", "噪声实验"),
    # before a recording
    "check": ("Check the microphone", "Probar el micrófono", "检查麦克风"),
    "hearsyou": ("The microphone hears you.", "El micrófono te oye.", "麦克风听到了你的声音。"),
    "hearsnothing": (
        "The microphone hears nothing: is it switched on?",
        "El micrófono no oye nada: ¿está encendido?",
        "麦克风没有声音，请检查它是否接好。",
    ),
    # problems
    "e_nomic": ("No microphone found", "No se encuentra ningún micrófono", "没有找到麦克风"),
    "e_nomic2": (
        "Plug one in and press Try again, or hear what the model does with one of the examples.",
        "Conecta uno y pulsa Reintentar, o prueba el modelo con uno de los ejemplos.",
        "请接上麦克风后重试，或者先用示例声音体验。",
    ),
    "e_permission": (
        "The browser may not listen",
        "El navegador no puede escuchar",
        "浏览器不能使用麦克风",
    ),
    "e_permission2": (
        "Allow the microphone in the address bar, then press Try again. The examples work without it.",
        "Permite el micrófono en la barra de direcciones y pulsa Reintentar. Los ejemplos funcionan sin él.",
        "请在地址栏允许麦克风后重试。示例声音无需麦克风。",
    ),
    "e_insecure": (
        "The browser may not listen here",
        "El navegador no puede escuchar aquí",
        "浏览器不能在这里使用麦克风",
    ),
    "e_insecure2": (
        "Browsers give a microphone only to https pages, or to this machine’s own. Files and examples work.",
        "Los navegadores solo dan el micrófono a páginas https o del propio equipo. Archivos y ejemplos sí "
        "funcionan.",
        "浏览器只允许 https 页面或本机页面使用麦克风。文件和示例可以使用。",
    ),
    "e_quiet": (
        "Too quiet to hear a voice",
        "Demasiado bajo para oír una voz",
        "声音太小，听不清",
    ),
    "e_quiet2": (
        "Step closer, or speak up a little, and try again. Nothing was kept.",
        "Acércate o habla un poco más alto y reinténtalo. No se ha guardado nada.",
        "请靠近一点或大声一点再试。没有保存任何内容。",
    ),
    "e_no_speech": ("No voice was heard", "No se ha oído ninguna voz", "没有听到人声"),
    "e_no_speech2": (
        "Half a second of speech is needed. Speak a little longer, or away from the noise, and try again.",
        "Hace falta medio segundo de habla. Habla un poco más, o lejos del ruido, y reinténtalo.",
        "至少需要半秒语音。请说久一点，或离噪声远一点再试。",
    ),
    "e_no_speech_in": ("No voice was heard", "No se ha oído ninguna voz", "没有听到人声"),
    "e_no_speech_in2": (
        "Its first {n} s were read, and nobody speaks in them. Try a part in which somebody does.",
        "Se han leído sus primeros {n} s y nadie habla en ellos. Prueba con una parte en la que alguien hable.",
        "前 {n} 秒没有人声。请换一个有人说话的录音。",
    ),
    "e_several": ("{n} files cannot be used", "{n} archivos no se pueden usar", "{n} 个文件不能使用"),
    "e_many": ("Six files are read at once", "Se leen seis archivos a la vez", "一次只使用 6 个文件"),
    "e_many2": (
        "Drop the other ones afterwards.",
        "Suelta los demás después.",
        "其他文件请稍候再试。",
    ),
    "e_unreadable": ("This is not a recording", "Esto no es una grabación", "这不是录音"),
    "e_unreadable2": (
        "The file is empty, damaged or not sound. Try another one: wav, mp3, ogg, flac or m4a.",
        "El archivo está vacío, está dañado o no contiene sonido. Prueba con otro: wav, mp3, ogg, flac o m4a.",
        "文件为空、已损坏或不含声音。请换一个：wav、mp3、ogg、flac 或 m4a。",
    ),
    "e_large": ("This file is too large", "El archivo es demasiado grande", "文件太大"),
    "e_large2": (
        "Up to 1 GB can be taken, and only a minute is used: choose a shorter recording.",
        "Se admite hasta 1 GB y solo se usa un minuto: elige una grabación más corta.",
        "最大 1 GB，而且只使用一分钟，请选择更短的录音。",
    ),
    "e_gone": ("This recording is forgotten", "Esta grabación ya se ha borrado", "这段录音已被清除"),
    "e_gone2": (
        "It was not touched for a while, so it was wiped. Record again.",
        "Llevaba un rato sin usarse y se ha borrado. Graba otra vez.",
        "它有一段时间没有使用，所以被清除了。请重新录音。",
    ),
    "e_busy": ("Many people are here", "Ahora hay mucha gente", "现在人很多"),
    "e_busy2": (
        "The machine has its hands full. Wait a moment and try again.",
        "La máquina está muy ocupada. Espera un momento y reinténtalo.",
        "机器正忙，请稍候再试。",
    ),
    "e_mic_busy": ("Someone is recording", "Alguien está grabando", "有人正在录音"),
    "e_mic_busy2": (
        "The booth has one microphone. Wait until they have finished and try again.",
        "El puesto tiene un solo micrófono. Espera a que quede libre y reinténtalo.",
        "展台只有一个麦克风。请等对方结束后再试。",
    ),
    "e_mic_lost": (
        "The microphone does not answer",
        "El micrófono no responde",
        "麦克风没有响应",
    ),
    "e_mic_lost2": (
        "Check that it is plugged in and that no other program uses it, then try again.",
        "Comprueba que está conectado y que ningún otro programa lo usa, y reinténtalo.",
        "请检查它是否接好、是否被其他程序占用，然后重试。",
    ),
    "e_offline": ("The booth does not answer", "El puesto no responde", "展台没有响应"),
    "e_offline2": (
        "The connection to the machine behind this page is lost. Wait a moment and try again.",
        "Se ha perdido la conexión con la máquina que hay detrás de esta página. Espera un momento y reinténtalo.",
        "与展台主机的连接已断开，请稍候再试。",
    ),
    "e_trouble": ("Something went wrong", "Algo ha ido mal", "出了点问题"),
    "e_trouble2": (
        "It was on our side. Please try once more.",
        "Ha sido cosa nuestra. Inténtalo una vez más.",
        "是我们这边的问题。请再试一次。",
    ),
    "e_hint": (
        "“Use a recording” works without a microphone.",
        "«Usar una grabación» funciona sin micrófono.",
        "“使用已有录音”无需麦克风。",
    ),
    "retry": ("Try again", "Reintentar", "重试"),
    "useexample": ("Play an example", "Escuchar un ejemplo", "播放示例"),
    **WHY_TEXTS,
    **GAME_TEXTS,
}

# What the host reads, in fonts of the host's machine: status_page.py.
HOST: dict[str, tuple[str, str, str]] = {
    "title": ("v2f: for the host", "v2f: para el anfitrión", "v2f：展台主机"),
    "visits": ("Visits today", "Visitas de hoy", "今天的人数"),
    "model": ("Model", "Modelo", "模型"),
    "problems": ("Problems today", "Problemas de hoy", "今天的问题"),
    "none": ("none", "ninguno", "没有"),
    "last": ("the last one at {time}", "el último a las {time}", "最后一个：{time}"),
    "started": ("Counted since", "Se cuenta desde", "开始时间"),
    "heard": ("a voice was heard", "se oyó una voz", "听到了人声"),
    "unused": ("not used yet", "aún sin usar", "还没有使用"),
    "reset": ("Back to the beginning", "Volver al principio", "重新开始"),
    "reset2": (
        "Forgets every recording; every open page goes back to its beginning.",
        "Borra todas las grabaciones; todas las páginas abiertas vuelven al principio.",
        "清除所有录音，所有页面重新开始。",
    ),
}

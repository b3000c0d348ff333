"""The words of the games and of the card, as texts.py has the others."""

GAME_TEXTS: dict[str, tuple[str, str, str]] = {
    "find": ("Find my voice", "Encuentra mi voz", "找出我的声音"),
    "findlede": (
        "Four faces, one voice. Listen, point at the face that you think it belongs to, then press the one that "
        "most of you chose. The model answers too.",
        "Cuatro rostros, una voz. Escucha, señala el rostro al que crees que pertenece y pulsa el que más gente "
        "eligió. El modelo también responde.",
        "四张脸，一个声音。听一听，指出你认为是谁的脸，再按下最多人选的那张。模型也会作答。",
    ),
    "findfair": (
        "The model drew all four faces, from other seconds of these voices. It met none of them in training.",
        "El modelo dibujó los cuatro rostros con otros segundos de estas voces. No conoció ninguna al entrenarse.",
        "四张脸都是模型根据这些声音的其他片段画的。训练时它从未听过这些声音。",
    ),
    "findmine": ("With my face among them", "Con mi rostro entre ellos", "加入我的脸"),
    "start": ("Start", "Empezar", "开始"),
    "round": ("Voice {n} of {m}", "Voz {n} de {m}", "第 {n} 个声音，共 {m} 个"),
    "whose": ("Whose voice is this?", "¿De quién es esta voz?", "这是谁的声音？"),
    "dealing": ("The model is drawing …", "El modelo está dibujando…", "模型正在作画……"),
    "pressface": (
        "Point, then press the face that most of you chose.",
        "Señala y pulsa el rostro que más gente eligió.",
        "先指一指，再按下最多人选的脸。",
    ),
    "hearagain": ("Hear it again", "Oír otra vez", "再听一遍"),
    "facenumber": ("Face {n}", "Rostro {n}", "第 {n} 张脸"),
    "isvoice": ("The voice", "La voz", "正确答案"),
    "people": ("People", "La gente", "大家"),
    "themodel": ("The model", "El modelo", "模型"),
    "bothright": (
        "People and the model both found it.",
        "La encontraron la gente y el modelo.",
        "大家和模型都答对了。",
    ),
    "peopleright": (
        "People found it, the model did not.",
        "La encontró la gente; el modelo, no.",
        "大家答对了，模型答错了。",
    ),
    "modelright": (
        "The model found it, people did not.",
        "La encontró el modelo; la gente, no.",
        "模型答对了，大家答错了。",
    ),
    "noneright": (
        "Neither people nor the model found it.",
        "No la encontraron ni la gente ni el modelo.",
        "大家和模型都答错了。",
    ),
    "howmodel": (
        "The model draws this when it hears the voice. Its answer is the face most like it.",
        "Esto dibuja el modelo al oír la voz. Su respuesta es el rostro que más se le parece.",
        "这是模型听到声音后画的脸。它选了最像的一张。",
    ),
    "nextvoice": ("Next voice", "Siguiente voz", "下一个声音"),
    "showscore": ("See the score", "Ver el resultado", "看比分"),
    "ofvoices": ("of {n} voices", "de {n} voces", "共 {n} 个声音"),
    "findend": (
        "Blind guesses find one voice in four. The model drew these faces itself and knows its own hand: that it "
        "finds them does not show that they look like the people.",
        "A ciegas se acierta una voz de cada cuatro. El modelo dibujó estos rostros y reconoce su propia mano: "
        "que los encuentre no demuestra que se parezcan a las personas.",
        "瞎猜四次能对一次。这些脸是模型自己画的，它认得自己的手笔：它能找出来，并不说明脸像本人。",
    ),
    "findcredit": (
        "Voices: readers of LibriSpeech, CC BY 4.0",
        "Voces: lectores de LibriSpeech, CC BY 4.0",
        "声音：LibriSpeech 朗读者，CC BY 4.0",
    ),
    "playagain": ("Play again", "Jugar otra vez", "再玩一次"),
    "puton": ("Put on a voice", "Cambia de voz", "换个声音说话"),
    "putonlede": (
        "Say something again, in another voice. You are still you; the model has only the sound.",
        "Di algo otra vez con otra voz. Sigues siendo tú; el modelo solo tiene el sonido.",
        "换一种声音再说一遍。你还是你，模型只有声音。",
    ),
    "giant": ("As a giant", "Con voz de gigante", "像巨人"),
    "whisper": ("In a whisper", "En susurros", "用耳语"),
    "child": ("As a child", "Con voz infantil", "像小孩"),
    "two": ("Two of you", "Dos personas", "两个人"),
    "twolede": (
        "Now the second person speaks. Then walk from one voice to the other.",
        "Ahora habla la segunda persona. Después, pasa de una voz a la otra.",
        "现在请第二个人说话，然后从一个声音走到另一个声音。",
    ),
    "firstvoice": ("First voice", "Primera voz", "第一个声音"),
    "secondvoice": ("Second voice", "Segunda voz", "第二个声音"),
    "inbetween": ("In between", "Entre ambas", "两者之间"),
    "speak": ("Speak", "Hablar", "说话"),
    "speakagain": ("Speak again", "Hablar otra vez", "再说一次"),
    "secondsleft": ("Speak: {n} s", "Habla: {n} s", "请说话：{n} 秒"),
    "card": ("Take it home", "Llévatelo a casa", "带回家"),
    "cardask": ("A card with this face?", "¿Una tarjeta con este rostro?", "要一张印有这张脸的卡片吗？"),
    "cardaskhelp": (
        "It shows the face, how it grew, and the date; you can print it or fetch it with a phone. Whoever has its "
        "address can open it. It is in this machine’s memory until you press Forget, ten minutes at most.",
        "Muestra el rostro, cómo creció y la fecha; puedes imprimirla o abrirla con un móvil. Quien tenga su "
        "dirección puede verla. Está en la memoria de esta máquina hasta que pulses Borrar, diez minutos como mucho.",
        "卡片上有这张脸、它的变化过程和日期，可以打印或用手机打开。知道地址的人都能看到它。它只在本机内存里，"
        "按“清除”就会删除，最多保留十分钟。",
    ),
    "cardyes": ("Yes, make the card", "Sí, haz la tarjeta", "好，制作卡片"),
    "cardno": ("No", "No", "不用了"),
    "cardscan": (
        "Open it with your phone’s camera. Save it there: here it goes with Forget, or in ten minutes.",
        "Ábrela con la cámara del móvil y guárdala allí: aquí se borra al pulsar Borrar o a los diez minutos.",
        "用手机相机扫码打开，并保存到手机：按“清除”或十分钟后，这里就没有了。",
    ),
    "cardprint": ("Print", "Imprimir", "打印"),
    "carddrop": ("Forget the card", "Borrar la tarjeta", "删除卡片"),
    "cardpicture": ("The card", "La tarjeta", "卡片"),
    "cardcode": (
        "The card’s address as a QR code",
        "La dirección de la tarjeta en un código QR",
        "卡片地址的二维码",
    ),
    "cardguess": (
        "A model’s guess, not me.",
        "Lo imagina un modelo, no soy yo.",
        "这是模型的猜测，不是我本人。",
    ),
    "cardline": ("Drawn from a voice alone", "Dibujado solo a partir de una voz", "仅凭声音画出"),
    "e_short": ("Too short for this game", "Demasiado corto para este juego", "录音太短"),
    "e_short2": (
        "Your face is drawn from one part of your recording and another part plays: record for two seconds or more.",
        "Tu rostro se dibuja con una parte de la grabación y se oye otra: graba dos segundos o más.",
        "脸由录音的一部分画出，播放的是另一部分：请至少录两秒。",
    ),
}

"""The words of "Why this face?" and of the critic's scale, as texts.py has the others."""

WHY_TEXTS: dict[str, tuple[str, str, str]] = {
    "why": (
        "Why this face?",
        "¿Por qué este rostro?",
        "为什么是这张脸？",
    ),
    "whyvoice": (
        "Your voice, as the network hears it",
        "Tu voz, como la oye la red",
        "网络听到的你的声音",
    ),
    "whynumbers": (
        "The 64 numbers that it becomes",
        "Los 64 números en que se convierte",
        "它变成的 64 个数字",
    ),
    "whyportraits": (
        "From the mean of all portraits to this face, along 4, 16 and all 64 of the directions in which "
        "look-alikes differ, its strongest first.",
        "De la media de todos los retratos a este rostro, por 4, 16 y todas las 64 direcciones en que "
        "difieren quienes se parecen, primero las más fuertes.",
        "从所有照片的平均到这张脸：沿着 4、16 和全部 64 个方向，差别大的在先。",
    ),
    "whynobody": (
        "Nobody’s portrait is in it. A network adds lashes, lips and hair as portraits have them.",
        "No contiene el retrato de nadie. Una red añade pestañas, labios y pelo como los que tienen los retratos.",
        "其中没有任何人的照片。细节由网络按照片的样子加上。",
    ),
    "whydrawn": (
        "A network drew the face from these numbers alone.",
        "Una red dibujó el rostro solo a partir de estos números.",
        "网络只用这些数字画出这张脸。",
    ),
    "whyright": (
        "How often is it right?",
        "¿Cuánto acierta?",
        "它有多准？",
    ),
    "whymatch": (
        "Of two faces, one of them the speaker’s, its picture is nearer to the right one in {n} of 100 "
        "trials; where both are of one sex, in {m}. Guessing is right in 50.",
        "De dos rostros, uno de ellos el de quien habla, su imagen está más cerca del correcto en {n} de 100 "
        "pruebas; si ambos son del mismo sexo, en {m}. Al azar serían 50.",
        "两张脸，其中一张是说话的人：100 次中，它画的脸有 {n} 次离对的那张更近；两人性别相同时有 {m} 次。"
        "乱猜是 50 次。",
    ),
    "whyjudge": (
        "Judged by {judge}, a face network that had no part in making it.",
        "Lo juzga {judge}, una red de rostros que no intervino en hacerlo.",
        "由没有参与制作的网络 {judge} 评判。",
    ),
    "whyjudgefitted": (
        "Judged by {judge}, a face network that it was fitted to.",
        "Lo juzga {judge}, una red de rostros a la que fue ajustado.",
        "由 {judge} 评判，模型是照它的看法做的。",
    ),
    "whysex": (
        "The sex that its face seems to be of is that of the true face in {n} of 100; always the same answer, in {m}.",
        "El sexo que aparenta su rostro es el del verdadero en {n} de 100; respondiendo siempre lo mismo, en {m}.",
        "它画的脸看上去的性别，100 次中有 {n} 次与真的脸相同；总是同一个答案，有 {m} 次。",
    ),
    "whyunknown": (
        "How often this model is right has not been measured.",
        "No se ha medido cuánto acierta este modelo.",
        "没有测过这个模型有多准。",
    ),
    "whylearned": (
        "Whom did it learn from?",
        "¿De quién aprendió?",
        "它从谁那里学来？",
    ),
    "whycounts": (
        "{portraits} portraits, {men} of 100 of them of men and {politicians} of 100 of politicians; the "
        "voices of {voices} people; and {pairs} people of whom it had both, voice and face.",
        "{portraits} retratos, {men} de cada 100 de hombres y {politicians} de cada 100 de políticos; las "
        "voces de {voices} personas; y {pairs} personas de las que tenía ambas cosas, voz y rostro.",
        "{portraits} 张照片，每 100 张中有 {men} 张是男人、{politicians} 张是政治人物；{voices} 个人的声音；"
        "还有 {pairs} 个人，既有声音，也有脸。",
    ),
    "whypairs": (
        "No portrait came with its own voice. Which looks go with which voices it learned from those {pairs} "
        "people alone, and no picture of them is in it.",
        "Ningún retrato venía con su propia voz. Qué aspecto va con qué voz lo aprendió solo de esas {pairs} "
        "personas, y no contiene ninguna imagen de ellas.",
        "照片都没有本人的声音。什么样的声音配什么样的脸，只从那 {pairs} 个人学来，其中没有他们的照片。",
    ),
    "whytry": (
        "Change your voice, and see",
        "Cambia la voz y mira",
        "改变声音，看一看",
    ),
    "whychange": (
        "Say the same with a higher voice, then with a lower one. The sex that the face seems to be of "
        "often changes, and sometimes even where it seems to come from: the model repeats what went "
        "together in its examples, and knows nothing of you.",
        "Di lo mismo con una voz más aguda y luego con una más grave. A menudo cambia el sexo que aparenta "
        "el rostro, y a veces incluso su origen: el modelo repite lo que iba junto en sus ejemplos y no sabe "
        "nada de ti.",
        "用更高的声音再说一次，然后更低。脸看上去的性别常常会变，有时甚至像是来自另一个地方："
        "模型只是重复例子中常在一起的东西，对你一无所知。",
    ),
    "whypitch": (
        "Play my voice slower and faster",
        "Reproducir mi voz más lenta y más rápida",
        "把我的声音放慢、加快",
    ),
    "whyslower": (
        "Played slower",
        "Más lenta",
        "放慢",
    ),
    "whyasis": (
        "As it is",
        "Tal cual",
        "原样",
    ),
    "whyfaster": (
        "Played faster",
        "Más rápida",
        "加快",
    ),
    "criticscale": (
        "Eight of ten voices get {a} to {b}; nine of ten sounds that are no voice get less than {c}.",
        "Ocho de cada diez voces obtienen de {a} a {b}; nueve de cada diez sonidos que no son voz, menos de {c}.",
        "十个声音中有八个得 {a} 到 {b}；不是人声的声音，十个中有九个低于 {c}。",
    ),
}
